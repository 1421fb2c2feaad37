/** Settings that make the embedded model learn visibly within minutes, and the bounds of each. */
import { ESTIMATOR_NAMES } from './estimators.ts';
import { METHOD_NAMES, METHODS, methodSettings } from './methods.ts';
import type { Axis } from './question.ts';
import type { MethodName, Settings } from './settings.ts';

export const DEFAULT_SETTINGS: Settings = {
  method: 'gasp',
  seed: 1,
  goalpostsPerIteration: 24,
  rollouts: 8,
  axes: ['io', 'f'],
  unguidedShare: 0,
  realShare: 0,
  lifts: 1,
  liftsPerLemma: 4,
  lemmaBand: 'lemma',
  goalpostsAtOnce: 0,
  teacherReadsTitles: true,
  liftSeesGoalpost: false,
  noveltyThreshold: 0.95,
  noveltyWindow: 8,
  replay: 0,
  convertTasks: false,
  studentTrainsOn: 'valid',
  teacherWeight: 0.02,
  temperature: 1,
  topP: 1,
  estimator: 'positive',
  learningRate: 1e-3,
  minibatch: 32,
  epochs: 2,
  clip: 0,
  klWeight: 0,
  maxGradNorm: 1,
  weightDecay: 0.01,
  adamEpsilon: 1e-3,
  microbatchTokens: 8192,
  tuning: { kind: 'lora', rank: 8, alpha: 16 },
  checkpointEvery: 10,
  evaluateEvery: 10,
  evaluateSamples: 8,
};

/**
 * The settings with another method. What the one before had fixed goes back to its default: in the settings
 * of a run nothing tells it from what somebody chose, and GASP without a goalpost is AZR.
 */
export function withMethod(settings: Settings, method: MethodName): Settings {
  const { fixed } = METHODS[settings.method];
  const same = (field: keyof Settings) => JSON.stringify(settings[field]) === JSON.stringify(fixed[field]);
  const freed = (Object.keys(fixed) as (keyof Settings)[]).filter(same);
  return {
    ...settings,
    ...Object.fromEntries(freed.map((field) => [field, DEFAULT_SETTINGS[field]])),
    method,
  };
}

export const AXES: readonly Axis[] = ['io', 'f'];

/** What a number must be; the page's inputs take their limits from here. */
export interface NumberRule {
  min: number;
  max: number;
  integer?: true;
  /** `min` itself is not allowed. */
  above?: true;
}

export const NUMBER_RULES = {
  seed: { min: 0, max: 0xffffffff, integer: true },
  goalpostsPerIteration: { min: 1, max: 1024, integer: true },
  rollouts: { min: 1, max: 256, integer: true },
  unguidedShare: { min: 0, max: 1 },
  realShare: { min: 0, max: 1 },
  lifts: { min: 0, max: 16, integer: true },
  liftsPerLemma: { min: 1, max: 64, integer: true },
  goalpostsAtOnce: { min: 0, max: 1e6, integer: true },
  noveltyThreshold: { min: 0, max: 1, above: true },
  teacherWeight: { min: 0, max: 10 },
  noveltyWindow: { min: 0, max: 1e6, integer: true },
  replay: { min: 0, max: 1024, integer: true },
  temperature: { min: 0, max: 5, above: true },
  topP: { min: 0, max: 1, above: true },
  learningRate: { min: 0, max: 1, above: true },
  minibatch: { min: 1, max: 4096, integer: true },
  epochs: { min: 1, max: 16, integer: true },
  clip: { min: 0, max: 1 },
  klWeight: { min: 0, max: 10 },
  maxGradNorm: { min: 0, max: 1e6, above: true },
  weightDecay: { min: 0, max: 1 },
  adamEpsilon: { min: 0, max: 1, above: true },
  microbatchTokens: { min: 64, max: 1 << 24, integer: true },
  checkpointEvery: { min: 1, max: 1e6, integer: true },
  evaluateEvery: { min: 0, max: 1e6, integer: true },
  evaluateSamples: { min: 1, max: 4096, integer: true },
} as const satisfies Partial<Record<keyof Settings, NumberRule>>;

const LORA_RULES = {
  rank: { min: 1, max: 1024, integer: true },
  alpha: { min: 0, max: 1e4, above: true },
  layers: { min: 1, max: 1000, integer: true },
} as const satisfies Record<string, NumberRule>;

/** What every run had before these were settings. */
const BEFORE: Partial<Settings> = { liftsPerLemma: 1, adamEpsilon: 1e-8 };

/**
 * Settings of a run that is older than some of them: those it lacks had the value that they were born
 * with, or the one that its method fixes.
 */
export function completeSettings(stored: Settings): Settings {
  return methodSettings({ ...DEFAULT_SETTINGS, ...BEFORE, ...stored });
}

/** One sentence for each field that cannot be used; empty for settings that a run can start with. */
export type SettingsErrors = Partial<Record<keyof Settings, string>>;

/** Checks settings that came from anywhere: a form, a link, a file. */
export function checkSettings(settings: unknown): SettingsErrors {
  const given = (typeof settings === 'object' && settings !== null ? settings : {}) as Record<
    string,
    unknown
  >;
  const errors: SettingsErrors = {};
  const check = (field: keyof Settings, error: string | undefined) => {
    if (error) errors[field] = error;
  };
  for (const [field, rule] of Object.entries(NUMBER_RULES)) {
    check(field as keyof Settings, numberError(given[field], rule));
  }
  for (const field of ['teacherReadsTitles', 'liftSeesGoalpost', 'convertTasks'] as const) {
    if (typeof given[field] !== 'boolean') errors[field] = 'Must be on or off.';
  }
  check('method', choiceError(given.method, METHOD_NAMES));
  check('estimator', choiceError(given.estimator, ESTIMATOR_NAMES));
  check('studentTrainsOn', choiceError(given.studentTrainsOn, ['accepted', 'valid']));
  check('lemmaBand', choiceError(given.lemmaBand, ['lemma', 'lift']));
  check('axes', axesError(given.axes));
  check('tuning', tuningError(given.tuning));
  return errors;
}

function numberError(value: unknown, rule: NumberRule): string | undefined {
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

function axesError(value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length === 0) return 'Choose at least one axis.';
  if (new Set(value).size < value.length) return 'Each axis may be named once.';
  return value.map((axis) => choiceError(axis, AXES)).find((error) => error);
}

function tuningError(value: unknown): string | undefined {
  const tuning = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (tuning.kind === 'full') return undefined;
  if (tuning.kind !== 'lora') return 'Must be LoRA or full fine-tuning.';
  const rank = numberError(tuning.rank, LORA_RULES.rank);
  if (rank) return `Rank: ${rank}`;
  const alpha = numberError(tuning.alpha, LORA_RULES.alpha);
  if (alpha) return `Alpha: ${alpha}`;
  const layers = tuning.layers === undefined ? undefined : numberError(tuning.layers, LORA_RULES.layers);
  return layers && `Layers: ${layers}`;
}
