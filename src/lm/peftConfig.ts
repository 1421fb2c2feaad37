/** PEFT's `adapter_config.json`: what of it decides an adapter's values, and what can't be had here. */

import { CodedError, type ErrorCode, type ErrorData } from '../util/codedError.ts';

/** An adapter that can't be read, or not on this model; the message says why and what to do. */
export class PeftError extends CodedError<AdapterCode> {
  override name = 'PeftError';
  constructor(message: string, { code = 'adapter', data = {}, ...options }: PeftErrorOptions = {}) {
    super(code, data, message, options);
  }
}

type AdapterCode = Extract<ErrorCode, 'adapter' | `adapter-${string}`>;
interface PeftErrorOptions extends ErrorOptions {
  code?: AdapterCode;
  data?: ErrorData[AdapterCode];
}

export interface PeftConfig {
  baseModel: string;
  rank: number;
  alpha: number;
  /** Scale `alpha / sqrt(rank)` instead of `alpha / rank` (Kalajdzievski 2023). */
  rslora: boolean;
  /** By module name, or a regular expression that its end must match. */
  rankPattern: ReadonlyMap<string, number>;
  alphaPattern: ReadonlyMap<string, number>;
}

/** Options that say how an adapter was made or where it goes; its values don't depend on them. */
const WITHOUT_EFFECT = new Set([
  'auto_mapping',
  'base_model_name_or_path',
  'corda_config',
  'ensure_weight_tying',
  'eva_config',
  'exclude_modules',
  'fan_in_fan_out',
  'inference_mode',
  'layers_pattern',
  'layers_to_transform',
  'loftq_config',
  'lora_dropout',
  'lora_ga_config',
  'megatron_core',
  'peft_version',
  'qalora_group_size',
  'revision',
  'runtime_config',
  'target_modules',
  'task_type',
  'velora_config',
]);
/** Options that are read below. */
const READ = new Set([
  'alpha_pattern',
  'bias',
  'init_lora_weights',
  'lora_alpha',
  'peft_type',
  'r',
  'rank_pattern',
  'use_rslora',
]);

/** Options that change what an adapter computes, by what people call them. */
const UNSUPPORTED: Record<string, string> = {
  alora_invocation_tokens: 'activated LoRA (alora_invocation_tokens)',
  arrow_config: 'Arrow routing (arrow_config)',
  kasa_config: 'KaSA (kasa_config)',
  layer_replication: 'replicated layers (layer_replication)',
  lora_bias: 'a bias on LoRA B (lora_bias)',
  modules_to_save: 'modules trained as a whole (modules_to_save)',
  monteclora_config: 'MonteCLoRA (monteclora_config)',
  target_parameters: 'LoRA on bare parameters (target_parameters)',
  trainable_token_indices: 'trained token embeddings (trainable_token_indices)',
  use_bdlora: 'block-diagonal LoRA (use_bdlora)',
  use_dora: 'DoRA (use_dora)',
  use_qalora: 'QA-LoRA (use_qalora)',
};

/** Initializations that change the model's own weights, so that the adapter fits only what they leave behind. */
const CHANGES_BASE = /^(pissa|olora|corda|loftq|lora_ga)/;

const PLAIN = 'Plain LoRA on linear layers can be read; merge this adapter into its model instead.';

/** Throws `PeftError` where the text is no configuration of a LoRA adapter that can be used here. */
export function readPeftConfig(text: string): PeftConfig {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (cause) {
    throw new PeftError('adapter_config.json is not JSON: save or download the adapter again.', { cause });
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new PeftError('adapter_config.json does not hold a JSON object.');
  }
  const options = config as Record<string, unknown>;
  if (options.peft_type !== 'LORA') {
    const kind = typeof options.peft_type === 'string' ? options.peft_type : 'unknown';
    throw new PeftError(`adapter_config.json describes an adapter of type ${kind}. ${PLAIN}`);
  }
  refuseUnsupported(options);
  const rank = options.r ?? 8;
  const alpha = options.lora_alpha ?? 8;
  if (!Number.isInteger(rank) || (rank as number) < 1) {
    throw new PeftError(`adapter_config.json gives the rank r as ${JSON.stringify(rank)}.`);
  }
  if (!isFiniteNumber(alpha)) {
    throw new PeftError(`adapter_config.json gives lora_alpha as ${JSON.stringify(alpha)}.`);
  }
  return {
    baseModel: typeof options.base_model_name_or_path === 'string' ? options.base_model_name_or_path : '',
    rank: rank as number,
    alpha,
    rslora: options.use_rslora === true,
    rankPattern: readPattern(options, 'rank_pattern'),
    alphaPattern: readPattern(options, 'alpha_pattern'),
  };
}

const isFiniteNumber = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value);

const isUnset = (value: unknown) =>
  value === undefined ||
  value === null ||
  value === false ||
  (typeof value === 'object' && Object.keys(value).length === 0);

function refuseUnsupported(options: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(options)) {
    if (isUnset(value) || WITHOUT_EFFECT.has(name) || READ.has(name)) continue;
    // Megatron's layers have LoRA's pair like any other; anything unknown may be essential.
    if (name === 'megatron_config') continue;
    throw new PeftError(
      `This adapter uses ${UNSUPPORTED[name] ?? `the option ${name}, which is not known here`}. ${PLAIN}`,
    );
  }
  const { bias = 'none', init_lora_weights: init } = options;
  if (bias !== 'none') throw new PeftError(`This adapter trains biases (bias: ${String(bias)}). ${PLAIN}`);
  if (typeof init === 'string' && CHANGES_BASE.test(init)) {
    throw new PeftError(
      `This adapter was initialized by ${init}, which changes the model's own weights too. ` +
        'Convert it to plain LoRA in PEFT (save_pretrained with path_initial_model_for_weight_conversion) and try again.',
    );
  }
}

function readPattern(options: Record<string, unknown>, name: string): Map<string, number> {
  const pattern = options[name] ?? {};
  if (typeof pattern === 'object' && Object.values(pattern).every(isFiniteNumber)) {
    return new Map(Object.entries(pattern as Record<string, number>));
  }
  throw new PeftError(`adapter_config.json gives ${name} as ${JSON.stringify(pattern)}.`);
}

const MOST_REPETITIONS = 3;

/**
 * Whether a pattern takes at most a small power of a name's length to match: repetition inside of
 * repetition takes exponential time, as do references back; n of them in a row take its n-th power.
 */
function isQuick(pattern: string): boolean {
  const plain = pattern.replace(/\\[^1-9k]/g, 'x').replace(/\[[^\]]*\]/g, 'x');
  const repetitions = plain.match(/[*+]|\{\d*,?\d*\}/g)?.length ?? 0;
  return !/\)[*+{]|\\/.test(plain) && repetitions <= MOST_REPETITIONS;
}

/** The pattern's value for a module, as PEFT looks it up: the first key that the name's end matches. */
export function patternValue(
  pattern: ReadonlyMap<string, number>,
  module: string,
  otherwise: number,
): number {
  for (const [key, value] of pattern) {
    if (module === key || module.endsWith(`.${key}`)) return value;
    let expression: RegExp;
    if (!isQuick(key)) {
      throw new PeftError(
        `adapter_config.json has a pattern that could take forever to match: ${key}. Write it without repeated groups and with at most ${MOST_REPETITIONS} repetitions.`,
      );
    }
    try {
      expression = new RegExp(`^(.*\\.)?(${key})$`);
    } catch (cause) {
      throw new PeftError(`adapter_config.json has a pattern that cannot be read: ${key}`, { cause });
    }
    if (expression.test(module)) return value;
  }
  return otherwise;
}
