/**
 * The kinds of settings: the descriptor of each kind, the check of its values, and the message for a bad value.
 */
import type { Citation } from './citations.ts';
import type { Tuning } from '../util/tuning.ts';

/** The groups in which people read the settings, in this order. */
export const SETTING_GROUPS = {
  selfPlay: 'Self-play',
  training: 'Training',
  sampling: 'Sampling',
  keeping: 'Keeping score, memory',
} as const;
export type SettingGroup = keyof typeof SETTING_GROUPS;

interface Described<Value> {
  /** Makes the embedded model learn visibly within minutes, together with the other defaults. */
  default: Value;
  /** Its name on the page. */
  label: string;
  /** Its effect, in a sentence for a person. */
  note: string;
  group: SettingGroup;
  /** One of the few that people change: the page shows it in sight, and all others behind *Advanced*. */
  basic?: true;
  /** The version that brought it; 0.1.0, the first, where nothing is said. */
  since?: string;
  /** The value for runs and links older than the setting, where it differs from the default or from what a method fixes. */
  before?: Value;
}

/** The range of a number. */
export interface NumberRule {
  min: number;
  max: number;
  integer?: true;
  /** `min` itself is not allowed. */
  above?: true;
}

export interface NumberSetting extends Described<number>, NumberRule {
  kind: 'number';
  /** The step of an arrow key on the page; typed numbers need not be multiples of it. */
  step?: number;
}

export interface ToggleSetting extends Described<boolean> {
  kind: 'toggle';
}

export interface Option<Value extends string> {
  value: Value;
  label: string;
  /** Shown in place of the setting's note while this option is chosen. */
  note?: string;
  source?: Citation;
  /** Options of one heading stand together under it. */
  heading?: string;
  /** A run may have it, and the page does not offer it. */
  unlisted?: true;
}

/** One of several words. */
export interface ChoiceSetting<Value extends string> extends Described<Value> {
  kind: 'choice';
  options: readonly Option<Value>[];
}

/** At least one of several words. */
export interface SeveralSetting<Value extends string> extends Described<Value[]> {
  kind: 'several';
  /** The noun for one of the options. */
  item: string;
  options: readonly Option<Value>[];
}

export interface TuningSetting extends Described<Tuning> {
  kind: 'tuning';
}

export type Setting =
  | NumberSetting
  | ToggleSetting
  | ChoiceSetting<string>
  | SeveralSetting<string>
  | TuningSetting;

/** The type of the setting's value. */
export type ValueOf<S> = S extends { default: infer Value } ? Value : never;

export const number = (setting: Omit<NumberSetting, 'kind'>): NumberSetting => ({
  kind: 'number',
  ...setting,
});
export const toggle = (setting: Omit<ToggleSetting, 'kind'>): ToggleSetting => ({
  kind: 'toggle',
  ...setting,
});
export const choice = <Value extends string>(
  setting: Omit<ChoiceSetting<Value>, 'kind'>,
): ChoiceSetting<Value> => ({ kind: 'choice', ...setting });
export const several = <Value extends string>(
  setting: Omit<SeveralSetting<Value>, 'kind'>,
): SeveralSetting<Value> => ({ kind: 'several', ...setting });
export const tuning = (setting: Omit<TuningSetting, 'kind'>): TuningSetting => ({
  kind: 'tuning',
  ...setting,
});

export const LORA_RULES = {
  rank: { min: 1, max: 1024, integer: true },
  alpha: { min: 0, max: 1e4, above: true },
  layers: { min: 1, max: 1000, integer: true },
} as const satisfies Record<string, NumberRule>;

/** One sentence on why the setting cannot have this value, whatever it is; undefined where it can. */
export function settingError(setting: Setting, value: unknown): string | undefined {
  switch (setting.kind) {
    case 'number':
      return numberError(value, setting);
    case 'toggle':
      return typeof value === 'boolean' ? undefined : 'Must be on or off.';
    case 'choice':
      return choiceError(value, valuesOf(setting));
    case 'several':
      return severalError(value, valuesOf(setting), setting.item);
    case 'tuning':
      return tuningError(value);
  }
}

/** The values that the setting takes, as they are written on a command line. */
export function settingRule(setting: Setting): string {
  switch (setting.kind) {
    case 'number': {
      const { min, max, integer, above } = setting;
      return `${integer ? 'whole number' : 'number'} ${above ? `above ${min}, up` : `from ${min}`} to ${max}`;
    }
    case 'toggle':
      return 'true or false';
    case 'choice':
      return valuesOf(setting).join(', ');
    case 'several':
      return `some of ${JSON.stringify(valuesOf(setting))}`;
    case 'tuning':
      return '{"kind":"full"}, or {"kind":"lora","rank":R,"alpha":A} with "layers":N for the last N layers only';
  }
}

/**
 * A copy of a value that passed `settingError`, with the known fields only: a value from a stranger may carry more.
 */
export function copyValue(setting: Setting, value: unknown): unknown {
  if (setting.kind === 'several') return [...(value as string[])];
  if (setting.kind !== 'tuning') return value;
  const given = value as Tuning;
  if (given.kind === 'full') return { kind: given.kind };
  const { kind, rank, alpha, layers } = given;
  return { kind, rank, alpha, ...(layers !== undefined && { layers }) };
}

const valuesOf = ({ options }: { options: readonly Option<string>[] }) => options.map(({ value }) => value);

/** One sentence on why the rule refuses the value. */
export function numberError(value: unknown, rule: NumberRule): string | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return 'Must be a number.';
  if (rule.integer && !Number.isInteger(value)) return 'Must be a whole number.';
  if (value < rule.min || (rule.above && value === rule.min)) {
    return rule.above ? `Must be greater than ${rule.min}.` : `Must be at least ${rule.min}.`;
  }
  return value > rule.max ? `Must be at most ${rule.max}.` : undefined;
}

function choiceError(value: unknown, choices: readonly string[]): string | undefined {
  return choices.includes(value as string) ? undefined : `Must be one of: ${choices.join(', ')}.`;
}

function severalError(value: unknown, choices: readonly string[], item: string): string | undefined {
  if (!Array.isArray(value) || value.length === 0) return `Choose at least one ${item}.`;
  if (new Set(value).size < value.length) return `Each ${item} may be named once.`;
  return value.map((one) => choiceError(one, choices)).find((error) => error);
}

function tuningError(value: unknown): string | undefined {
  const given = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (given.kind === 'full') return undefined;
  if (given.kind !== 'lora') return 'Must be LoRA or full fine-tuning.';
  const rank = numberError(given.rank, LORA_RULES.rank);
  if (rank) return `Rank: ${rank}`;
  const alpha = numberError(given.alpha, LORA_RULES.alpha);
  if (alpha) return `Alpha: ${alpha}`;
  const layers = given.layers === undefined ? undefined : numberError(given.layers, LORA_RULES.layers);
  return layers && `Layers: ${layers}`;
}
