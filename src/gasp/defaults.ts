/** Settings as a whole: their defaults, their check, and what those of an older run or link become. */
import { METHODS, type MethodName, methodSettings } from './methods.ts';
import { copyValue, type Setting, settingError } from './settingKinds.ts';
import { SETTING_NAMES, type SettingName, SETTINGS, type Settings } from './settings.ts';

const describe = (name: SettingName): Setting => SETTINGS[name];
const settingsFrom = (value: (name: SettingName) => unknown) =>
  Object.fromEntries(SETTING_NAMES.map((name) => [name, value(name)])) as unknown as Settings;

export const DEFAULT_SETTINGS: Settings = settingsFrom((name) => SETTINGS[name].default);

/**
 * The settings with another method. Settings that the earlier method fixed go back to their defaults: a run's
 * settings do not tell a fixed value from a chosen one, and GASP with AZR's share of unguided questions is AZR.
 * A value that cannot be used gives way where the new method fixes its setting, since nobody could correct it there.
 */
export function withMethod(settings: Settings, method: MethodName): Settings {
  const { fixed } = METHODS[settings.method];
  const same = (field: keyof typeof fixed) =>
    JSON.stringify(settings[field]) === JSON.stringify(fixed[field]);
  const freed = (Object.keys(fixed) as (keyof typeof fixed)[]).filter(same);
  return {
    ...settings,
    ...Object.fromEntries(freed.map((field) => [field, DEFAULT_SETTINGS[field]])),
    ...unusableFixed(settings, method),
    method,
  };
}

function unusableFixed(settings: Settings, method: MethodName): Partial<Settings> {
  const errors = checkSettings(settings);
  return Object.fromEntries(Object.entries(METHODS[method].fixed).filter(([name]) => name in errors));
}

/** Retired settings, each as the present settings that mean the same. */
const RETIRED: Record<string, (value: unknown) => Partial<Settings>> = {
  // Until the teacher's advantages had a weight, they counted as much as the student's or not at all.
  trainTeacher: (value) => ({ teacherWeight: value ? 1 : 0 }),
};

/**
 * The settings of a stored run or a link of any age, as present ones. A missing setting gets the behaviour from
 * before it existed. Nothing is checked.
 */
export function settingsOfAnyAge(stored: object): Settings {
  const given = (name: string): unknown =>
    Object.hasOwn(stored, name) ? (stored as Record<string, unknown>)[name] : undefined;
  const migrated: Partial<Settings> = {};
  for (const [name, migrate] of Object.entries(RETIRED)) {
    if (given(name) !== undefined) Object.assign(migrated, migrate(given(name)));
  }
  return settingsFrom((name) => {
    const { before, default: now } = describe(name);
    return [given(name), migrated[name], before, now].find((value) => value !== undefined);
  });
}

/**
 * The settings of a stored run of any age; values that its method fixes replace the stored ones, but for a setting
 * that is younger than the run: its method did not fix that one then.
 */
export function completeSettings(stored: object): Settings {
  const settings = settingsOfAnyAge(stored);
  const younger = SETTING_NAMES.filter(
    (name) => !Object.hasOwn(stored, name) && describe(name).before !== undefined,
  );
  return {
    ...methodSettings(settings),
    ...Object.fromEntries(younger.map((name) => [name, settings[name]])),
  };
}

/** One sentence for each field that cannot be used; empty for settings that a run can start with. */
export type SettingsErrors = Partial<Record<SettingName, string>>;

/** Checks settings that came from anywhere: a form, a link, a file. */
export function checkSettings(settings: unknown): SettingsErrors {
  const given = (typeof settings === 'object' && settings !== null ? settings : {}) as Record<
    string,
    unknown
  >;
  const errors: SettingsErrors = {};
  for (const name of SETTING_NAMES) {
    const error = settingError(describe(name), given[name]);
    if (error) errors[name] = error;
  }
  return errors;
}

/** A copy of settings that passed the check, without any field that no setting has. */
export function copySettings(settings: Settings): Settings {
  return settingsFrom((name) => copyValue(describe(name), settings[name]));
}
