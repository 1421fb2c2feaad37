/**
 * LoRA adapters in PEFT's format: `adapter_config.json`, and in `adapter_model.safetensors` for each
 * adapted linear layer `base_model.model.<module>.lora_A.weight` [rank, in] and `.lora_B.weight`
 * [out, rank]. The layer gives `W x + scale B A x` (Hu et al. 2021).
 */
import { patternValue, PeftError, readPeftConfig } from './peftConfig.ts';
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
}

export const CONFIG_FILE = 'adapter_config.json';
export const WEIGHTS_FILE = 'adapter_model.safetensors';

const PREFIX = 'base_model.model.';

/** Reads an adapter. Throws `PeftError` where it is none, is damaged, or needs more than plain LoRA. */
export function readPeft(configText: string, weights: Uint8Array): LoraAdapter {
  const config = readPeftConfig(configText);
  const halves = new Map<string, { A?: SafeTensor; B?: SafeTensor }>();
  for (const [name, tensor] of readTensors(weights)) {
    const { module, half } = splitName(name);
    const pair = halves.get(module) ?? {};
    if (pair[half]) throw new PeftError(`${WEIGHTS_FILE} holds lora_${half} of ${module} twice.`);
    pair[half] = tensor;
    halves.set(module, pair);
  }
  if (halves.size === 0) throw new PeftError(`${WEIGHTS_FILE} holds no LoRA weights.`);
  const pairs = new Map<string, LoraPair>();
  for (const [module, { A, B }] of halves) {
    if (!A || !B) throw new PeftError(`${WEIGHTS_FILE} holds only lora_${A ? 'A' : 'B'} of ${module}.`);
    const [rank, fanIn, fanOut, inner] = [A.dims[0], A.dims[1], B.dims[0], B.dims[1]];
    if (A.dims.length !== 2 || B.dims.length !== 2 || rank !== inner) {
      throw new PeftError(
        `${module} has lora_A [${A.dims}] and lora_B [${B.dims}]: these are not [rank, in] and [out, rank].`,
      );
    }
    const expected = patternValue(config.rankPattern, module, config.rank);
    if (rank !== expected) {
      throw new PeftError(
        `${CONFIG_FILE} gives ${module} rank ${expected}, its weights have rank ${rank}: the two files do not belong together.`,
      );
    }
    const alpha = patternValue(config.alphaPattern, module, config.alpha);
    pairs.set(module, {
      rank,
      fanIn: fanIn!,
      fanOut: fanOut!,
      a: finiteValues(A, `${module}.lora_A`),
      b: finiteValues(B, `${module}.lora_B`),
      scale: alpha / (config.rslora ? Math.sqrt(rank) : rank),
    });
  }
  return { baseModel: config.baseModel, pairs };
}

function readTensors(weights: Uint8Array): ReadonlyMap<string, SafeTensor> {
  try {
    return readSafetensors(weights).tensors;
  } catch (error) {
    if (!(error instanceof SafetensorsError)) throw error;
    throw new PeftError(`${WEIGHTS_FILE} cannot be read. ${error.message} Save or download it again.`, {
      cause: error,
    });
  }
}

/** Some writers keep the adapter's own name (`lora_A.default.weight`), some leave PEFT's prefix away. */
const NAME = /^(.+)\.lora_([AB])(?:\.[^.]+)?\.weight$/;

function splitName(name: string): { module: string; half: 'A' | 'B' } {
  const match = NAME.exec(name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name);
  if (match) return { module: match[1]!, half: match[2] as 'A' | 'B' };
  const what = name.includes('lora_magnitude_vector')
    ? 'magnitudes of DoRA'
    : name.includes('lora_embedding_')
      ? 'LoRA on an embedding'
      : /\.lora_[AB](\.[^.]+)?\.bias$/.test(name)
        ? 'a bias on LoRA'
        : 'weights that are not LoRA pairs of linear layers';
  throw new PeftError(`${WEIGHTS_FILE} holds ${what} (${name}), which cannot be used here.`);
}

function finiteValues(tensor: SafeTensor, name: string): Float32Array {
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
 * Which modules PEFT is to adapt: by the ends of their names where every layer has the same ones, with
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
