/**
 * LoRA adapters in PEFT's format: `adapter_config.json`, and in `adapter_model.safetensors` for each
 * adapted linear layer `base_model.model.<module>.lora_A.weight` [rank, in] and `.lora_B.weight`
 * [out, rank]. The layer gives `W x + scale B A x` (Hu et al. 2021).
 */
import { asTextModule, leafOf, placeOf, withoutWrappers } from './moduleNames.ts';
import {
  isLfsPointer,
  isTargeted,
  lfsPointer,
  patternValue,
  PeftError,
  PLAIN,
  readPeftConfig,
  targetsWithout,
} from './peftConfig.ts';
import {
  readSafetensors,
  safeFloat32,
  SafetensorsError,
  type SafeTensor,
  safeTensorValues,
  writeSafetensors,
} from './safetensors.ts';

/** One adapted linear layer. */
export interface LoraPair {
  rank: number;
  fanIn: number;
  fanOut: number;
  /** [rank, in] and [out, rank]. */
  a: Float32Array;
  b: Float32Array;
  /** Factor of `B A x`. */
  scale: number;
}

export interface LoraAdapter {
  /** The repository of the model that it was made on, as its maker named it; may be empty. */
  baseModel: string;
  /** By module, such as `model.layers.0.self_attn.q_proj`. */
  pairs: ReadonlyMap<string, LoraPair>;
  /** Modules that target_modules names without tensors in the file: they stay as in the model, as in PEFT. */
  untrained?: readonly string[];
}

export const CONFIG_FILE = 'adapter_config.json';
export const WEIGHTS_FILE = 'adapter_model.safetensors';

const PREFIX = 'base_model.model.';

/**
 * Reads an adapter, whatever wrappers it was saved with. Throws `PeftError` where it is none, is damaged,
 * or needs more than LoRA on the linear layers of a decoder.
 */
export function readPeft(configText: string, weights: Uint8Array): LoraAdapter {
  const config = readPeftConfig(configText);
  const halves = readHalves(readTensors(weights));
  const pairs = new Map<string, LoraPair>();
  for (const [module, { name, A, B }] of halves) {
    if (!A || !B) throw new PeftError(`${WEIGHTS_FILE} holds only lora_${A ? 'A' : 'B'} of ${module}.`);
    const [rank, fanIn, fanOut, inner] = [A.dims[0], A.dims[1], B.dims[0], B.dims[1]];
    if (A.dims.includes(0) || B.dims.includes(0))
      throw new PeftError(`${module} has no values. ${NO_VALUES}`);
    if (A.dims.length !== 2 || B.dims.length !== 2 || rank !== inner) {
      throw new PeftError(
        `${module} has lora_A [${A.dims}] and lora_B [${B.dims}]: these are not [rank, in] and [out, rank].`,
      );
    }
    // PEFT matches patterns with the names of the model that it was given.
    const names = [...new Set([name, module])];
    const expected = patternValue(config.rankPattern, names, config.rank);
    if (rank !== expected) {
      throw new PeftError(
        `${CONFIG_FILE} gives ${module} rank ${expected}, its weights have rank ${rank}: the two files do not belong together.`,
      );
    }
    if (!isTargeted(config, names)) {
      throw new PeftError(
        `${WEIGHTS_FILE} holds LoRA of ${module}, which ${CONFIG_FILE} leaves out (target_modules, exclude_modules, layers_to_transform), so that PEFT would not use it: the two files do not belong together.`,
      );
    }
    const alpha = patternValue(config.alphaPattern, names, config.alpha);
    pairs.set(module, {
      rank,
      fanIn: fanIn!,
      fanOut: fanOut!,
      a: finiteValues(A, `${module}.lora_A`),
      b: finiteValues(B, `${module}.lora_B`),
      scale: alpha / (config.rslora ? Math.sqrt(rank) : rank),
    });
  }
  const names = [...halves].flatMap(([module, { name }]) => [module, name]);
  const untrained = targetsWithout(config, names);
  return { baseModel: config.baseModel, pairs, ...(untrained.length > 0 && { untrained }) };
}

const NO_VALUES =
  'DeepSpeed writes such files where ZeRO-3 has not gathered the weights: save it again with stage3_gather_16bit_weights_on_model_save.';

function readTensors(weights: Uint8Array): ReadonlyMap<string, SafeTensor> {
  if (isLfsPointer(new TextDecoder().decode(weights.subarray(0, 100)))) throw lfsPointer(WEIGHTS_FILE);
  try {
    return readSafetensors(weights).tensors;
  } catch (error) {
    if (!(error instanceof SafetensorsError)) throw error;
    throw new PeftError(`${WEIGHTS_FILE} cannot be read. ${error.message} Save or download it again.`, {
      cause: error,
    });
  }
}

/** Both matrices of a module, and its name with the prefix of the modules around the decoder. */
interface Halves {
  name: string;
  A?: SafeTensor;
  B?: SafeTensor;
}

function readHalves(tensors: ReadonlyMap<string, SafeTensor>): Map<string, Halves> {
  const halves = new Map<string, Halves>();
  const others: string[] = [];
  const adapters = new Set<string>();
  for (const [tensorName, tensor] of tensors) {
    const part = readLoraName(tensorName);
    if (!part || !placeOf(part.module)) {
      others.push(tensorName);
      continue;
    }
    const { module, name, half, adapter } = part;
    if (adapter) adapters.add(adapter);
    const pair = halves.get(module) ?? { name };
    if (pair[half]) {
      const several = adapters.size > 1 ? `, of the adapters ${[...adapters].join(' and ')}` : '';
      throw new PeftError(
        `${WEIGHTS_FILE} holds lora_${half} of ${module} twice${several}: save one adapter by itself.`,
      );
    }
    pair[half] = tensor;
    halves.set(module, pair);
  }
  if (others.length > 0) throw refusal(others);
  if (halves.size === 0) throw new PeftError(`${WEIGHTS_FILE} holds no LoRA weights. ${NO_VALUES}`);
  return halves;
}

export interface LoraName {
  /** As the model's text decoder calls it: `model.layers.0.self_attn.q_proj`. */
  module: string;
  /** As the whole model calls it: `model.language_model.layers.0.self_attn.q_proj`. */
  name: string;
  half: 'A' | 'B';
  /** Some writers keep the adapter's own name. */
  adapter: string | undefined;
}

/** The parts of a tensor's name such as `base_model.model.NAME.lora_A.weight`; undefined for none of a pair. */
export function readLoraName(tensor: string): LoraName | undefined {
  const match = /^(.+)\.lora_([AB])(?:\.([^.]+))??(?:\.weight)?$/.exec(tensor);
  if (!match || match[3] === 'bias') return undefined;
  const name = withoutWrappers(match[1]!);
  return { module: asTextModule(name), name, half: match[2] as 'A' | 'B', adapter: match[3] };
}

/** Kinds of tensors by parts of their names, the most specific first, each with advice for the person. */
const KINDS: [RegExp, (module: string) => string][] = [
  [/lora_magnitude_vector/, () => 'magnitudes of DoRA (use_dora)'],
  [/\.lora_embedding_[AB]/, (module) => `LoRA on an embedding (${leafOf(module)} in target_modules)`],
  [
    /(?:^|\.)(?:lm_head|embed_out|output_layer|output|head|score)\.lora_[AB](?:\.[^.]+)?\.weight$/,
    (module) => `LoRA on the output head (${leafOf(module)} in target_modules)`,
  ],
  [/\.lora_[AB](?:\.[^.]+)?\.bias$/, () => 'a bias on LoRA B (lora_bias)'],
  [
    /\.lora_[AB](?:\.|$)/,
    (module) => `LoRA outside of the decoder's layers (${leafOf(module)} in target_modules)`,
  ],
  [/trainable_tokens/, () => 'trained token embeddings (trainable_token_indices)'],
  [
    /\.modules_to_save\./,
    (module) =>
      `weights of ${leafOf(module.replace(/\.modules_to_save\b.*$/, ''))} as a whole (modules_to_save)`,
  ],
  [/\.bias$/, () => 'trained biases (bias)'],
  [
    /(?:^|\.)(?:lm_head|embed_tokens|embed_out|wte)\.(?:base_layer\.)?weight$/,
    (module) =>
      `weights of ${leafOf(module.replace(/\.base_layer$/, ''))} as a whole (modules_to_save, or save_embedding_layers for a changed vocabulary)`,
  ],
  [/\.lora_[ab]$/, () => "MLX's pairs, which are the transposes of PEFT's"],
  [/lora_(?:up|down)\b|\.lora\.(?:up|down)\b/, () => "pairs in kohya's format"],
  [/^/, () => 'weights that are not LoRA pairs of linear layers'],
];

function refusal(tensors: readonly string[]): PeftError {
  const rank = (name: string) => KINDS.findIndex(([pattern]) => pattern.test(name));
  const name = tensors.reduce((best, t) => (rank(t) < rank(best) ? t : best));
  const module = withoutWrappers(name.replace(/\.(?:lora_[^.]+.*|weight|bias)$/, ''));
  return new PeftError(
    `${WEIGHTS_FILE} holds ${KINDS[rank(name)]![1](module)}, which cannot be used here: ${name}. ${PLAIN}`,
  );
}

function finiteValues(tensor: SafeTensor, name: string): Float32Array {
  if (!/^B?F\d/.test(tensor.dtype)) {
    throw new PeftError(
      `${name} is stored as ${tensor.dtype}, which are no numbers with a fraction: save the adapter without quantizing it.`,
    );
  }
  const values = Float32Array.from(safeTensorValues(tensor));
  if (values.every(Number.isFinite)) return values;
  throw new PeftError(`${name} holds values that are not finite: the adapter is damaged.`);
}

/** The two files of an adapter, by name, as PEFT's `from_pretrained` reads them. */
export function writePeft({ baseModel, pairs }: LoraAdapter): Map<string, Uint8Array<ArrayBuffer>> {
  const tensors = new Map<string, SafeTensor>();
  for (const [module, { rank, fanIn, fanOut, a, b }] of pairs) {
    tensors.set(`${PREFIX}${module}.lora_A.weight`, safeFloat32([rank, fanIn], a));
    tensors.set(`${PREFIX}${module}.lora_B.weight`, safeFloat32([fanOut, rank], b));
  }
  const all = [...pairs];
  const rank = mostCommon(all.map(([, pair]) => pair.rank));
  // Rounded: dividing by the rank and multiplying again may miss by the last bit.
  const alphaOf = (pair: LoraPair) => Number((pair.scale * pair.rank).toPrecision(12));
  const alpha = mostCommon(all.map(([, pair]) => alphaOf(pair)));
  const others = (value: (pair: LoraPair) => number, usual: number) =>
    Object.fromEntries(
      all
        .filter(([, pair]) => value(pair) !== usual)
        .map(([module, pair]) => [`^${escaped(module)}`, value(pair)]),
    );
  const config = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: baseModel || null,
    inference_mode: true,
    r: rank,
    lora_alpha: alpha,
    lora_dropout: 0,
    bias: 'none',
    fan_in_fan_out: false,
    init_lora_weights: true,
    modules_to_save: null,
    rank_pattern: others((pair) => pair.rank, rank),
    alpha_pattern: others(alphaOf, alpha),
    use_dora: false,
    use_rslora: false,
    ...targets([...pairs.keys()]),
  };
  return new Map([
    [CONFIG_FILE, new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`)],
    [WEIGHTS_FILE, writeSafetensors(tensors, { format: 'pt' })],
  ]);
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function mostCommon(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];
}

/**
 * The modules that PEFT is to adapt: by the ends of their names where every layer has the same ones, with
 * the layers' numbers where these don't count up from 0 (adapters on the last layers only), and by
 * their whole names otherwise.
 */
function targets(modules: readonly string[]): {
  target_modules: string[];
  layers_to_transform: number[] | null;
} {
  const byLayer = new Map<number, string[]>();
  for (const module of modules) {
    const match = /\.layers\.(\d+)\.(?:.+\.)?([^.]+)$/.exec(module);
    if (!match) return { target_modules: [...modules].sort(), layers_to_transform: null };
    const layer = Number(match[1]);
    byLayer.set(layer, [...(byLayer.get(layer) ?? []), match[2]!]);
  }
  const ends = new Set([...byLayer.values()].map((names) => names.sort().join()));
  if (ends.size !== 1) return { target_modules: [...modules].sort(), layers_to_transform: null };
  const layers = [...byLayer.keys()].sort((x, y) => x - y);
  const whole = layers.every((layer, i) => layer === i);
  return { target_modules: byLayer.get(layers[0]!)!, layers_to_transform: whole ? null : layers };
}
