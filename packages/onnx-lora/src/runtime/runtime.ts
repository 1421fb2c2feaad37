/** What runs ONNX graphs: one interface over onnxruntime-node and onnxruntime-web. */
import type { ExternalFile } from 'onnx-grad';

export type HostData = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array | Uint16Array;

/** A tensor in ordinary memory. */
export interface HostTensor {
  dtype: 'float32' | 'float64' | 'int64' | 'int32' | 'bool' | 'float16';
  dims: readonly number[];
  data: HostData;
}

/** A float32 tensor that stays where graphs run: the next run reads it there. Its holder releases it. */
export interface DeviceTensor {
  readonly dims: readonly number[];
  /** onnxruntime's own. */
  readonly held: OrtTensor;
  release(): void;
}

export type Tensor = HostTensor | DeviceTensor;

export const isOnDevice = (tensor: Tensor): tensor is DeviceTensor => 'held' in tensor;

export type Fetches = readonly string[] | Record<string, HostTensor>;

/** A graph that the runtime has opened (ONNX Runtime: InferenceSession). */
export interface GraphSession {
  /**
   * Runs the graph. `fetches` names the outputs wanted, absent: all; or has for each a tensor of its shape that
   * it may be written into: a loop that gets new arrays in each turn keeps the garbage collector busy. What is
   * returned says where outputs are.
   */
  run(feeds: Record<string, Tensor>, fetches?: Fetches): Promise<Record<string, HostTensor>>;
  /** Like `run`; what the session keeps on the device (`SessionOptions.kept`) is handed over as such. */
  runKeeping(
    feeds: Record<string, Tensor>,
    fetches?: Fetches,
  ): Promise<{ outputs: Record<string, HostTensor>; kept: Record<string, DeviceTensor> }>;
  release(): Promise<void>;
}

/** Ends a session. One that could not be opened was told of where it was wanted. */
export async function endSession(session: Promise<GraphSession> | undefined): Promise<void> {
  const opened = await session?.catch(() => undefined);
  await opened?.release();
}

export interface Runtime {
  /** What a person reads: `cpu`, `wasm`, `webgpu (google swiftshader)`. */
  readonly name: string;
  /** Threads that one run may use, where it is known. */
  readonly threads: number;
  /** Whether memory of its own is worth staying in: a GPU's is, since each way there and back is a wait. */
  readonly hasDeviceMemory: boolean;
  /** Whether it reads tensors in half precision: not every GPU does. */
  readonly hasHalf: boolean;
  /** Bytes of the largest tensor that it takes: a GPU binds no larger buffer. Absent: no bound is known. */
  readonly largestTensor?: number;
  /** Fails with a `CodedError`: `backend-failed`. */
  create(model: Uint8Array, options?: SessionOptions): Promise<GraphSession>;
}

export interface SessionOptions {
  /** Weights that lie outside of the model's file. */
  files?: readonly ExternalFile[];
  /** Outputs that stay on the device; only where the runtime has memory there. */
  kept?: readonly string[];
  /**
   * The graph computes things anew on purpose, to save memory: constants stay as small as they are
   * stored, equal parts of the graph are not merged, and a weight that is widened once is not widened for each
   * of its readers.
   */
  lean?: boolean;
}

export const float32 = (dims: readonly number[], data: Float32Array): HostTensor => ({
  dtype: 'float32',
  dims,
  data,
});
export const int64 = (dims: readonly number[], data: BigInt64Array): HostTensor => ({
  dtype: 'int64',
  dims,
  data,
});
export const scalar = (value: number): HostTensor => ({
  dtype: 'float32',
  dims: [],
  data: Float32Array.of(value),
});

/** The data of an output that must be float32. */
export function floats(outputs: Record<string, HostTensor>, name: string): Float32Array {
  const tensor = outputs[name];
  if (!(tensor?.data instanceof Float32Array))
    throw new Error(`the graph gave no float32 output named ${name}`);
  return tensor.data;
}

/** The part of onnxruntime's interface that both packages share. */
export interface OrtModule {
  Tensor: new (type: never, data: never, dims: readonly number[]) => OrtTensor;
  InferenceSession: {
    create(model: Uint8Array, options: Record<string, unknown>): Promise<OrtSession>;
  };
}
export interface OrtTensor {
  readonly type: string;
  readonly location: string;
  readonly dims: readonly number[];
  readonly data: unknown;
  dispose(): void;
}
interface OrtSession {
  readonly outputNames: readonly string[];
  run(
    feeds: Record<string, OrtTensor>,
    fetches?: readonly string[] | Record<string, OrtTensor>,
  ): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

/** onnxruntime's settings of a lean session (onnxruntime_session_options_config_keys.h). */
const LEAN = {
  'optimization.constant_folding_max_output_size_in_bytes': '65536',
  'optimization.disable_specified_optimizers': 'CommonSubexpressionElimination;EnsureUniqueDQForNodeUnit',
};

/** Wraps a session of either package. `provider.writesInto`: it can write outputs into arrays that are there. */
export async function openSession(
  ort: OrtModule,
  model: Uint8Array,
  { writesInto, ...provider }: Record<string, unknown> & { writesInto?: boolean },
  { files, lean, kept }: SessionOptions = {},
): Promise<GraphSession> {
  const session = await ort.InferenceSession.create(model, {
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    ...provider,
    ...(files?.length && { externalData: files }),
    ...(lean && { extra: LEAN }),
    ...(kept && { preferredOutputLocation: Object.fromEntries(kept.map((name) => [name, 'gpu-buffer'])) }),
  });
  const theirs = (tensors: Record<string, Tensor>): Record<string, OrtTensor> => {
    const out: Record<string, OrtTensor> = {};
    for (const [name, t] of Object.entries(tensors))
      out[name] = isOnDevice(t) ? t.held : new ort.Tensor(t.dtype as never, t.data as never, t.dims);
    return out;
  };
  const wanted = (fetches: Fetches) => {
    if (Array.isArray(fetches)) return fetches as readonly string[];
    return writesInto ? theirs(fetches as Record<string, HostTensor>) : Object.keys(fetches);
  };
  const runKeeping: GraphSession['runKeeping'] = async (feeds, fetches) => {
    const inputs = theirs(feeds);
    const results = await (fetches ? session.run(inputs, wanted(fetches)) : session.run(inputs));
    const outputs: Record<string, HostTensor> = {};
    const resident: Record<string, DeviceTensor> = {};
    for (const [name, t] of Object.entries(results)) {
      if (t.location === 'gpu-buffer') resident[name] = { dims: t.dims, held: t, release: () => t.dispose() };
      else outputs[name] = { dtype: t.type as HostTensor['dtype'], dims: t.dims, data: t.data as HostData };
    }
    return { outputs, kept: resident };
  };
  return {
    runKeeping,
    run: async (feeds, fetches) => (await runKeeping(feeds, fetches)).outputs,
    release: () => session.release(),
  };
}
