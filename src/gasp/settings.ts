/** Everything that decides how a run goes, as plain data: it fits in a link and in a run's first event. */
import { METHOD_NAMES, type MethodKind, type MethodName, METHODS } from './methods.ts';
import type { TokenDraws } from './ports.ts';
import { choice, type Setting } from './settingKinds.ts';
import { SETTINGS_BESIDE_METHOD, type SettingsBesideMethod } from './settingTable.ts';

export interface Settings extends SettingsBesideMethod {
  method: MethodName;
}
export type SettingName = keyof Settings;

/** How a run draws tokens. */
export const drawsOf = ({ temperature, topP, topK }: Settings): TokenDraws => ({ temperature, topP, topK });

const headings: Record<MethodKind, string> = {
  system: 'Systems',
  ablation: 'Ablations',
  extension: 'Extensions',
  rival: 'Rivals',
};

/** The descriptors of all settings, in the order in which people read them. */
export const SETTINGS = {
  method: choice({
    default: 'gasp-hindsight',
    before: 'gasp',
    options: METHOD_NAMES.map((value) => {
      const { title, about, citation, kind, untrained } = METHODS[value];
      const option = { value, label: title, note: about, source: citation, heading: headings[kind] };
      return { ...option, ...(untrained && { unlisted: untrained }) };
    }),
    label: 'Method',
    note: 'What the run is an instance of.',
    group: 'selfPlay',
    basic: true,
  }),
  ...SETTINGS_BESIDE_METHOD,
} satisfies Record<SettingName, Setting>;

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];
