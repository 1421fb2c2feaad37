/** Rows of cached keys and values [rows, heads, tokens, width] put together anew, wherever they are. */
import { GraphBuilder, writeModel } from 'onnx-grad';
import {
  type DeviceTensor,
  float32,
  type HostTensor,
  int64,
  isOnDevice,
  endSession,
  type Runtime,
  type GraphSession,
  type Tensor,
} from '../runtime/runtime.ts';

/** Tensors of all layers, and which of their rows are wanted. */
export interface CachePart {
  cache: readonly Tensor[];
  indices: readonly number[];
}

/** `layers` tensors, all with the same rows. */
export class CacheRows {
  private readonly sessions = new Map<string, Promise<GraphSession>>();

  constructor(
    private readonly runtime: Runtime,
    private readonly shapes: readonly { heads: number; width: number }[],
  ) {}

  /** The wanted rows of all parts, one after the other; the parts stay as they are. */
  async gather(parts: readonly CachePart[]): Promise<Tensor[]> {
    if (!parts.every(({ cache }) => cache.every(isOnDevice))) return gatherHere(parts);
    let whole: DeviceTensor[] | undefined;
    for (const { cache, indices } of parts) {
      const wanted = int64([indices.length], BigInt64Array.from(indices, BigInt));
      const next = await this.run('pick', { ...named('from', cache), indices: wanted });
      if (!whole) whole = next;
      else {
        const joined: DeviceTensor[] = await this.run('join', {
          ...named('from', whole),
          ...named('more', next),
        });
        release([...whole, ...next]);
        whole = joined;
      }
    }
    return whole ?? [];
  }

  async dispose(): Promise<void> {
    const opened = [...this.sessions.values()];
    this.sessions.clear();
    for (const session of opened) await endSession(session);
  }

  private async run(kind: 'pick' | 'join', feeds: Record<string, Tensor>): Promise<DeviceTensor[]> {
    const session = this.sessions.get(kind) ?? this.open(kind);
    this.sessions.set(kind, session);
    const { kept } = await (await session).runKeeping(feeds);
    return this.shapes.map((_, i) => kept[`to.${i}`]!);
  }

  private open(kind: 'pick' | 'join'): Promise<GraphSession> {
    const b = new GraphBuilder(kind);
    const indices = kind === 'pick' ? b.input('indices', 'int64', ['wanted']) : '';
    this.shapes.forEach(({ heads, width }, i) => {
      const input = (name: string, rows: string) =>
        b.input(`${name}.${i}`, 'float32', [rows, heads, 'tokens', width]);
      const from = input('from', 'rows');
      b.output(
        `to.${i}`,
        kind === 'pick'
          ? b.node('Gather', [from, indices], { axis: 0 })
          : b.node('Concat', [from, input('more', 'others')], { axis: 0 }),
      );
    });
    return this.runtime.create(writeModel(b.model), { kept: this.shapes.map((_, i) => `to.${i}`) });
  }
}

/** Frees what is on the device. */
export function release(tensors: readonly Tensor[]): void {
  for (const tensor of tensors) if (isOnDevice(tensor)) tensor.release();
}

const named = (name: string, cache: readonly Tensor[]): Record<string, Tensor> =>
  Object.fromEntries(cache.map((tensor, i) => [`${name}.${i}`, tensor]));

function gatherHere(parts: readonly CachePart[]): HostTensor[] {
  const rows = parts.reduce((n, { indices }) => n + indices.length, 0);
  return (parts[0]?.cache ?? []).map((like, i) => {
    const rest = like.dims.slice(1);
    const size = rest.reduce((a, b) => a * b, 1);
    const whole = new Float32Array(rows * size);
    let at = 0;
    for (const { cache, indices } of parts) {
      const source = (cache[i] as HostTensor).data as Float32Array;
      for (const index of indices) {
        whole.set(source.subarray(index * size, (index + 1) * size), at);
        at += size;
      }
    }
    return float32([rows, ...rest], whole);
  });
}
