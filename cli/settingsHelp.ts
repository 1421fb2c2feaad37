/** The help of `--set`: every setting with its default, its values and its effect. */
import { SETTING_GROUPS, type Setting, settingRule } from '../src/gasp/settingKinds.ts';
import { SETTING_NAMES, type SettingName, SETTINGS, type Settings } from '../src/gasp/settings.ts';
import { HUB_SETTINGS } from '../src/lab/hubRun.ts';

/** These have options of their own. */
const ELSEWHERE: readonly SettingName[] = ['method', 'seed'];

/** `defaults`: those of the command, where it has others than the page. */
export function settingsHelp(defaults: Partial<Settings>): string {
  const groups = Object.entries(SETTING_GROUPS).map(([group, title]) => {
    const names = SETTING_NAMES.filter((name) => SETTINGS[name].group === group && !ELSEWHERE.includes(name));
    return [`  ${title}`, ...names.flatMap((name) => settingLines(name, defaults))].join('\n');
  });
  return ['settings, for --set KEY=VALUE, with their defaults', ...groups, ''].join('\n');
}

function settingLines(name: SettingName, defaults: Partial<Settings>): string[] {
  const setting: Setting = SETTINGS[name];
  const own = written(defaults[name] ?? setting.default);
  const hub = written(HUB_SETTINGS[name] ?? defaults[name] ?? setting.default);
  const remarks = [
    hub === own ? '' : `${hub} with a model from the Hub`,
    setting.since === undefined ? '' : `since version ${setting.since}`,
  ].filter(Boolean);
  return [
    `    ${name}=${own}${remarks.length > 0 ? ` (${remarks.join(', ')})` : ''}`,
    `        ${setting.note}`,
    `        ${settingRule(setting)}`,
    ...explained(setting).map((line) => `            ${line}`),
  ];
}

const written = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value) : String(value));

/** A line for each option that has something said about it. */
function explained(setting: Setting): string[] {
  if (setting.kind !== 'choice') return [];
  const width = Math.max(...setting.options.map(({ value }) => value.length)) + 2;
  return setting.options.flatMap(({ value, note, source }) =>
    note === undefined ? [] : [`${value.padEnd(width)}${note}${source ? ` (${source.text})` : ''}`],
  );
}
