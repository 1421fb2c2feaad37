/** A setting's value as a person reads it. */
import { METHODS } from './methods.ts';
import type { Setting } from './settingKinds.ts';
import { type SettingName, SETTINGS, type Settings } from './settings.ts';

export function settingWords(name: SettingName, settings: Settings): string {
  if (name === 'method') return METHODS[settings.method].title;
  const setting: Setting = SETTINGS[name];
  const value: unknown = settings[name];
  const labelOf = (one: unknown) =>
    'options' in setting
      ? (setting.options.find((option) => option.value === one)?.label ?? String(one))
      : '';
  switch (setting.kind) {
    case 'toggle':
      return value ? 'on' : 'off';
    case 'choice':
      return labelOf(value);
    case 'several':
      return (value as unknown[]).map(labelOf).join(', ');
    case 'tuning':
      return settings.tuning.kind === 'full' ? 'all weights' : `LoRA, rank ${settings.tuning.rank}`;
    default:
      return String(value);
  }
}
