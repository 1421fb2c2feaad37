/** Where a person's settings differ from the defaults. */
import { METHODS, methodSettings } from './methods.ts';
import { SETTING_NAMES, type SettingName, type Settings } from './settings.ts';

/** The settings that differ from `defaults`, but for those that the method fixes: the method itself says these. */
export function changedSettings(settings: Settings, defaults: Settings): SettingName[] {
  const fixed = METHODS[settings.method].fixed;
  const now = methodSettings(settings);
  return SETTING_NAMES.filter(
    (name) => !(name in fixed) && JSON.stringify(now[name]) !== JSON.stringify(defaults[name]),
  );
}
