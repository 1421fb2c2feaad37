/** PEFT's `adapter_config.json`: what of it decides an adapter's values, and what can't be had here. */

import { LoraError, type LoraErrorCode, type LoraErrorData } from '../errors.ts';

/** An adapter that can't be read, or not on this model; the message says why and what to do. */
export class PeftError extends LoraError<AdapterCode> {
  override name = 'PeftError';
  constructor(message: string, { code = 'adapter', data = {}, ...options }: PeftErrorOptions = {}) {
    super(code, data, message, options);
  }
}

type AdapterCode = Extract<LoraErrorCode, 'adapter' | `adapter-${string}`>;
interface PeftErrorOptions extends ErrorOptions {
  code?: AdapterCode;
  data?: LoraErrorData[AdapterCode];
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
  /** Modules that PEFT adapts; absent: all that have weights in the file. */
  targets: Selection | undefined;
  excluded: Selection | undefined;
  layers: ReadonlySet<number> | undefined;
  /** Modules that hold the layers that `layers` counts; empty: any. */
  layersPattern: readonly string[];
}

/** Modules by the ends of their names, or by a regular expression for the whole name. */
export type Selection = readonly string[] | RegExp;

/**
 * Options that say how an adapter was made or where it goes; its values don't depend on them. `lora_dtype`
 * and `lorap_*` are ms-swift's, `merge_weights` is of early versions of PEFT.
 */
const WITHOUT_EFFECT = new Set([
  'auto_mapping',
  'base_model_name_or_path',
  'corda_config',
  'ensure_weight_tying',
  'eva_config',
  'fan_in_fan_out',
  'inference_mode',
  'loftq_config',
  'lora_dropout',
  'lora_dtype',
  'lora_ga_config',
  'lorap_emb_lr',
  'lorap_lr_ratio',
  // Megatron's layers have LoRA's pair like any other.
  'megatron_config',
  'megatron_core',
  'merge_weights',
  'peft_version',
  'qalora_group_size',
  'revision',
  'runtime_config',
  'task_type',
  'velora_config',
]);
/** Options that are read below. */
const READ = new Set([
  'alpha_pattern',
  'bias',
  'exclude_modules',
  'init_lora_weights',
  'layers_pattern',
  'layers_to_transform',
  'lora_alpha',
  'peft_type',
  'r',
  'rank_pattern',
  'target_modules',
  'use_rslora',
]);

/** Options that change what an adapter computes, by what people call them. */
const UNSUPPORTED: Record<string, string> = {
  alora_invocation_tokens: 'activated LoRA (alora_invocation_tokens)',
  arrow_config: 'Arrow routing (arrow_config)',
  enable_lora: 'LoRA on parts of a packed layer (enable_lora)',
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

/** Initializations that change the model's own weights, so that the adapter fits only the weights that they leave behind. */
const CHANGES_BASE = /^(pissa|olora|corda|loftq|lora_ga)/i;

/** Advice for an adapter that needs features which are not supported. */
export const PLAIN =
  "Plain LoRA on the decoder's linear layers can be read; merge this adapter into its model instead (merge_and_unload in PEFT) and export that.";

/** The text that Git leaves in a large file's place until `git lfs pull` fetches it. */
export const isLfsPointer = (text: string): boolean => text.startsWith('version https://git-lfs');
export const lfsPointer = (file: string): PeftError =>
  new PeftError(`${file} is a pointer of Git LFS, not the file itself: fetch it with git lfs pull.`);

/** Throws `PeftError` where the text is no configuration of a LoRA adapter that can be used here. */
export function readPeftConfig(text: string): PeftConfig {
  if (isLfsPointer(text)) throw lfsPointer('adapter_config.json');
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
  if (options.peft_type === undefined && ('lora_parameters' in options || 'fine_tune_type' in options)) {
    throw new PeftError(`adapter_config.json is MLX's, not PEFT's (it has no peft_type). ${PLAIN}`);
  }
  if (options.peft_type !== 'LORA') {
    const kind = typeof options.peft_type === 'string' ? options.peft_type : 'unknown';
    throw new PeftError(
      `adapter_config.json describes an adapter of type ${kind} (peft_type), and LORA can be had here. ${PLAIN}`,
    );
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
    // The name for all linear layers, whatever they are called.
    targets: options.target_modules === 'all-linear' ? undefined : readSelection(options.target_modules),
    excluded: readSelection(options.exclude_modules),
    layers: readLayers(options.layers_to_transform),
    layersPattern: readTexts(options.layers_pattern),
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
    // Anything unknown may be essential.
    throw new PeftError(
      `This adapter uses ${UNSUPPORTED[name] ?? `the option ${name}, which is not known here`}. ${PLAIN}`,
    );
  }
  const { init_lora_weights: init } = options;
  if (typeof init === 'string' && CHANGES_BASE.test(init)) {
    throw new PeftError(
      `This adapter was initialized by ${init} (init_lora_weights), which changes the model's own weights too. ` +
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

const readTexts = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter(
    (text): text is string => typeof text === 'string' && text !== '',
  );

/** Undefined where nothing is selected, or by an expression that cannot be tried here. */
function readSelection(value: unknown): Selection | undefined {
  if (typeof value !== 'string')
    return Array.isArray(value) && value.length > 0 ? readTexts(value) : undefined;
  if (value === '' || !isQuick(value)) return undefined;
  try {
    return pythonExpression(`^(?:${value})$`);
  } catch {
    return undefined;
  }
}

function readLayers(value: unknown): Set<number> | undefined {
  const layers = (Array.isArray(value) ? value : [value]).filter((n): n is number => Number.isInteger(n));
  return layers.length > 0 ? new Set(layers) : undefined;
}

/**
 * Whether PEFT puts an adapter on a module, by one of the names that it goes by. True where that cannot be
 * told.
 */
export function isTargeted(config: PeftConfig, names: readonly string[]): boolean {
  const { targets, excluded, layers, layersPattern } = config;
  if (excluded && names.some((name) => isSelected(excluded, name))) return false;
  if (!targets) return true;
  return names.some((name) => {
    if (!isSelected(targets, name)) return false;
    // Neither an expression nor a whole name is restricted to layers.
    if (!layers || targets instanceof RegExp || targets.includes(name)) return true;
    const index = /^.*?\.([^.]*)\.(\d+)\./.exec(name);
    // Patterns are expressions: of others than plain names it can't be told here.
    if (!index || layersPattern.some((pattern) => !/^\w+$/.test(pattern))) return true;
    if (layersPattern.length > 0 && !layersPattern.includes(index[1]!)) return true;
    return layers.has(Number(index[2]));
  });
}

/** Targets by name that none of the modules is. */
export const targetsWithout = ({ targets }: PeftConfig, modules: readonly string[]): string[] =>
  targets instanceof RegExp || !targets
    ? []
    : targets.filter((target) => !modules.some((module) => isSelected([target], module)));

const isSelected = (selection: Selection, name: string): boolean =>
  selection instanceof RegExp
    ? selection.test(name)
    : selection.some((end) => name === end || name.endsWith(`.${end}`));

/** Python's expressions that JavaScript writes differently. */
const pythonExpression = (pattern: string): RegExp =>
  new RegExp(pattern.replaceAll('(?P<', '(?<').replaceAll('\\Z', '$').replaceAll('\\A', '^'));

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

/**
 * The pattern's value for a module that goes by several names, as PEFT looks it up: the first key that the
 * name's end matches.
 */
export function patternValue(
  pattern: ReadonlyMap<string, number>,
  names: readonly string[],
  otherwise: number,
): number {
  for (const [key, value] of pattern) {
    if (isSelected([key], names[0]!)) return value;
    let expression: RegExp;
    if (!isQuick(key)) {
      throw new PeftError(
        `adapter_config.json has a pattern that could take forever to match: ${key}. Write it without repeated groups and with at most ${MOST_REPETITIONS} repetitions.`,
      );
    }
    try {
      expression = pythonExpression(`^(.*\\.)?(${key})$`);
    } catch (cause) {
      throw new PeftError(`adapter_config.json has a pattern that cannot be read: ${key}`, { cause });
    }
    if (names.some((name) => expression.test(name))) return value;
  }
  return otherwise;
}
