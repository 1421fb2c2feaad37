/**
 * A decoder repository as the Hub has them: config.json, a tokenizer, and in `onnx/` the graph with its
 * weights inside or in files beside it, in one of transformers.js's dtypes.
 */
import {
  widenBnb4,
  DTYPES,
  elementCount,
  type Graph,
  type Model,
  OnnxFormatError,
  readModel,
  UnsupportedGraphError,
  widenTables,
} from 'onnx-grad';
import {
  MissingFileError,
  ModelFileError,
  readJson,
  type RepositoryFiles,
} from '../repository/repository.ts';
import { DTYPE_FILES, HUB_DTYPES, type HubDType, ROUNDING_DTYPES } from './dtypes.ts';
import { type DecoderSize, decoderNumbers, textConfig } from './decoderNumbers.ts';
import { findHead, type Head } from './head.ts';
import type { AttentionWidths } from './linears.ts';

/** Tried in this order where no dtype is asked for. */
const PREFERENCE: HubDType[] = ['q4', 'q4f16', 'fp16', 'fp32'];

/** A file's bytes in memory, under the name by which a graph refers to it. */
export interface WeightFile {
  path: string;
  bytes: Uint8Array;
}

export interface HubModel {
  config: Record<string, unknown>;
  /** model_type in config.json. */
  family: string;
  graph: Graph;
  opsets: Record<string, number>;
  irVersion: number;
  /** The graph's own file and those beside it: initializers are views into these. */
  files: WeightFile[];
  logits: string;
  head: Head | undefined;
  /** Cached keys and values: the input that takes them and the output that gives them on. */
  cache: { past: string; present: string }[];
  vocabulary: number;
  /** Longest sequence, in tokens. */
  context: number;
  widths: AttentionWidths;
  /** Weights in the file, in elements; packed ones counted one by one. */
  parameters: number;
  /** Bytes of the largest tensor that what runs it takes; absent: no bound is known. */
  largestTensor?: number;
}

export interface HubModelOptions {
  /** Absent: the first of q4, q4f16, fp16 and fp32 that is there. */
  dtype?: HubDType;
  /** Whether what runs it reads half precision; absent: it does. */
  half?: boolean;
  /** Bytes of the largest tensor that what runs it takes: larger tables are cut. Absent: no bound is known. */
  largestTensor?: number | undefined;
  signal?: AbortSignal;
  /** Bytes of the graph and its weights; total 0 when unknown. */
  onProgress?: (done: number, total: number) => void;
}

export async function loadHubModel(files: RepositoryFiles, options: HubModelOptions = {}): Promise<HubModel> {
  const { signal } = options;
  const config = await readJson(files, 'config.json', signal);
  const { path, bytes } = await readGraphFile(files, options);
  const model = await assembleHubModel(config, path, bytes, (location) => {
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    return files.read(folder + location, readOptions(options));
  });
  if (options.half === false) widenTables(model.graph);
  const { largestTensor } = options;
  return largestTensor === undefined ? model : { ...model, largestTensor };
}

const readOptions = ({ signal, onProgress }: HubModelOptions) => ({
  ...(signal && { signal }),
  ...(onProgress && { onProgress }),
});

async function readGraphFile(files: RepositoryFiles, options: HubModelOptions): Promise<WeightFile> {
  const wanted = options.dtype ? [options.dtype] : PREFERENCE;
  const paths = graphPaths(wanted);
  let last: unknown;
  for (const path of paths) {
    try {
      return { path, bytes: await files.read(path, readOptions(options)) };
    } catch (error) {
      if (!(error instanceof MissingFileError)) throw error;
      last ??= error;
    }
  }
  const others = HUB_DTYPES.filter((dtype) => !wanted.includes(dtype));
  const there = await Promise.all(
    others.map(async (dtype) => (await anyOf(files, graphPaths([dtype]))) && dtype),
  );
  const known = there.filter((dtype) => dtype !== false);
  const usable = known.filter((dtype) => !ROUNDING_DTYPES.has(dtype));
  const advice =
    usable.length > 0
      ? `choose one that it has: ${usable.join(', ')}`
      : known.length > 0
        ? `it has ${known.join(', ')}, which round activations and cannot be trained through: choose another repository, or export this one as ${PREFERENCE.join(', ')}`
        : `choose another of ${others.filter((dtype) => !ROUNDING_DTYPES.has(dtype)).join(', ')}`;
  throw new UnsupportedGraphError(
    `the repository has no graph of the dtype ${wanted.join(', ')} (looked for ${paths[0]}): ${advice}`,
    { cause: last },
  );
}

const NAMES = ['model', 'decoder_model_merged', 'decoder_model'];

const graphPaths = (dtypes: readonly HubDType[]): string[] =>
  ['onnx/', ''].flatMap((folder) =>
    NAMES.flatMap((name) => dtypes.map((dtype) => `${folder}${name}${DTYPE_FILES[dtype]}.onnx`)),
  );

/** Whether one of the files is known to be there. */
async function anyOf(files: RepositoryFiles, paths: readonly string[]): Promise<boolean> {
  for (const path of paths) if (await files.has?.(path)) return true;
  return false;
}

/** Puts a model together from its graph's file and a way to read the files beside it. */
export async function assembleHubModel(
  config: Record<string, unknown>,
  path: string,
  bytes: Uint8Array,
  readBeside: (location: string) => Promise<Uint8Array>,
): Promise<HubModel> {
  let model: Model;
  try {
    model = readModel(bytes);
  } catch (error) {
    if (!(error instanceof OnnxFormatError)) throw error;
    throw new ModelFileError(`${path} is damaged: ${error.message}.`, { cause: error });
  }
  const files: WeightFile[] = [{ path: path.slice(path.lastIndexOf('/') + 1), bytes }];
  await attachExternal(model.graph, readBeside, files);
  const { graph } = model;
  widenBnb4(graph);
  const logits = [...graph.outputs.keys()].find((name) => name === 'logits');
  if (!logits || !graph.inputs.has('input_ids')) {
    const names = [...graph.inputs.keys()].slice(0, 3).join(', ');
    throw new UnsupportedGraphError(
      `${path} is no decoder that takes input_ids and gives logits (it takes ${names}): choose a text-generation export`,
    );
  }
  const head = findHead(graph, logits);
  const { known, context } = decoderNumbers(config);
  const widths = attentionWidths(known);
  const cache = findCache(graph, widths);
  const declared = graph.outputs.get(logits)!.shape.at(-1);
  return {
    config,
    family: String(textConfig(config).model_type ?? config.model_type ?? ''),
    graph,
    opsets: model.opsets,
    irVersion: model.irVersion,
    files,
    logits,
    head,
    cache,
    vocabulary: head?.vocabulary ?? (typeof declared === 'number' ? declared : needVocabulary(known)),
    context: context ?? 2048,
    widths,
    parameters: countParameters(graph),
  };
}

function needVocabulary(known: Partial<DecoderSize>): number {
  if (known.vocabulary !== undefined) return known.vocabulary;
  throw new ModelFileError('config.json lacks the number vocab_size.');
}

/** NaN for what config.json does not say: only packed layers, and caches whose sizes are names, ask for it. */
function attentionWidths({
  heads = Number.NaN,
  keyValueHeads = Number.NaN,
  headDim = Number.NaN,
}: Partial<DecoderSize>): AttentionWidths {
  return { query: heads * headDim, keyValue: keyValueHeads * headDim, keyValueHeads };
}

/** Reads the files that hold initializers, each once, and lets the initializers view them. */
async function attachExternal(
  graph: Graph,
  readBeside: (location: string) => Promise<Uint8Array>,
  files: WeightFile[],
): Promise<void> {
  const loaded = new Map<string, Uint8Array>();
  for (const constant of graph.initializers.values()) {
    const { external } = constant;
    if (!external) continue;
    let file = loaded.get(external.location);
    if (!file) {
      file = await readBeside(external.location);
      loaded.set(external.location, file);
      files.push({ path: external.location, bytes: file });
    }
    const length = external.length ?? Math.ceil(elementCount(constant.dims) * DTYPES[constant.dtype].bytes);
    if (external.offset + length > file.length) {
      throw new ModelFileError(
        `${external.location} is cut short (${file.length} bytes, a weight ends at ${external.offset + length}).`,
      );
    }
    constant.bytes = file.subarray(external.offset, external.offset + length);
    delete constant.external;
  }
}

/**
 * `past_key_values.0.key` goes with `present.0.key`, and so for every way to write them. Heads and their
 * width are needed as numbers; where the graph has names for them, config.json knows.
 */
function findCache(graph: Graph, widths: AttentionWidths): { past: string; present: string }[] {
  const presents = [...graph.outputs.keys()].filter((name) => name.startsWith('present'));
  const tail = (name: string) => name.replace(/^[^\d]*/, '').replaceAll('_', '.');
  const byTail = new Map(presents.map((name) => [tail(name), name]));
  return [...graph.inputs.keys()]
    .filter((name) => /^past/.test(name) && /\d/.test(name))
    .map((past) => {
      const present = byTail.get(tail(past));
      if (!present) throw new UnsupportedGraphError(`the graph gives nothing on for its input ${past}`);
      const info = graph.inputs.get(past)!;
      const [rows, heads, length, width] = info.shape;
      if (info.shape.length === 4) {
        const count = typeof heads === 'number' ? heads : widths.keyValueHeads;
        const each = typeof width === 'number' ? width : widths.keyValue / widths.keyValueHeads;
        graph.inputs.set(past, { ...info, shape: [rows!, count, length!, each] });
      }
      return { past, present };
    });
}

function countParameters(graph: Graph): number {
  const packed = new Map<string, number>();
  for (const node of graph.nodes) {
    if (node.op !== 'MatMulNBits') continue;
    const [, weight, scales, zeros] = node.inputs;
    const n = node.attributes.N;
    const k = node.attributes.K;
    packed.set(weight!, n?.type === 'int' && k?.type === 'int' ? n.value * k.value : 0);
    packed.set(scales!, 0);
    if (zeros) packed.set(zeros, 0);
  }
  let sum = 0;
  for (const [name, { dims, dtype }] of graph.initializers) {
    if (dtype.startsWith('float') || dtype === 'bfloat16' || packed.has(name)) {
      sum += packed.get(name) ?? elementCount(dims);
    }
  }
  return sum;
}
