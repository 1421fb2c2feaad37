/** Parts of a cache of keys and values, put together anew wherever they are: here, or on the device. */
import { GraphBuilder, writeModel } from 'onnx-grad';
import type { TokensAxis } from '../model/cacheSegments.ts';
import {
  type DeviceTensor,
  endSession,
  float32,
  type GraphSession,
  type HostTensor,
  int64,
  isOnDevice,
  type Runtime,
  type Tensor,
} from '../runtime/runtime.ts';

/** Rows of cached tokens: one tensor for each that the model caches. */
export interface CachePart {
  tensors: readonly Tensor[];
  rows: number;
  tokens: number;
}

/** A cached tensor is [rows, heads, tokens, width], or, with its tokens along axis 3, [rows, heads, width, tokens]. */
export interface CachedShape {
  heads: number;
  width: number;
  axis: TokensAxis;
}

type Kind = 'gather' | 'behind' | 'pad' | 'join';

export class CacheMemory {
  private readonly sessions = new Map<Kind, Promise<GraphSession>>();

  constructor(
    private readonly runtime: Runtime,
    private readonly shapes: readonly CachedShape[],
  ) {}

  /** Zeros, which a mask has to hide. */
  blank(rows: number, tokens: number): CachePart {
    const tensors = this.shapes.map(({ heads, width, axis }) => {
      const dims = axis === 2 ? [rows, heads, tokens, width] : [rows, heads, width, tokens];
      return float32(dims, new Float32Array(rows * heads * width * tokens));
    });
    return { tensors, rows, tokens };
  }

  /** Some rows of `part`, from token `from` up to token `to`. `part` stays as it is. */
  async gather(part: CachePart, indices: readonly number[], from = 0, to = part.tokens): Promise<CachePart> {
    const [rows, tokens] = [indices.length, to - from];
    if (!onDevice(part)) {
      return this.compose(tokens, rows, (row) => [{ part, row: indices[row]!, from, to }]);
    }
    const tensors = await this.run('gather', {
      ...named('from', part),
      indices: int64([rows], BigInt64Array.from(indices, BigInt)),
      start: int64([1], BigInt64Array.of(BigInt(from))),
      end: int64([1], BigInt64Array.of(BigInt(to))),
    });
    return { tensors, rows, tokens };
  }

  /** Rows of `first` with those of `second` behind them; some of them, from token `from` on. */
  async behind(
    first: CachePart,
    second: CachePart,
    indices: readonly number[] = Array.from({ length: first.rows }, (_, i) => i),
    from = 0,
  ): Promise<CachePart> {
    const tokens = first.tokens + second.tokens - from;
    if (second.tokens === 0) return this.gather(first, indices, from);
    if (!onDevice(first) && !onDevice(second)) {
      return this.compose(tokens, indices.length, (row) => [
        { part: first, row: indices[row]!, from: Math.min(from, first.tokens), to: first.tokens },
        { part: second, row: indices[row]!, from: Math.max(0, from - first.tokens), to: second.tokens },
      ]);
    }
    const tensors = await this.run('behind', { ...named('from', first), ...named('more', second) });
    const whole = { tensors, rows: first.rows, tokens: first.tokens + second.tokens };
    try {
      return await this.gather(whole, indices, from);
    } finally {
      release(whole);
    }
  }

  /** The rows of all parts, padded on the left with zeros to the longest. */
  async join(parts: readonly CachePart[]): Promise<CachePart> {
    const tokens = Math.max(...parts.map((p) => p.tokens));
    const rows = parts.reduce((n, p) => n + p.rows, 0);
    if (!parts.some(onDevice)) {
      const all = parts.flatMap((part) => Array.from({ length: part.rows }, (_, row) => ({ part, row })));
      return this.compose(tokens, rows, (r) => [{ ...all[r]!, from: 0, to: all[r]!.part.tokens }]);
    }
    let whole: CachePart | undefined;
    for (const part of parts) {
      const padded = await this.pad(part, tokens - part.tokens);
      if (!whole) {
        whole = padded;
        continue;
      }
      const tensors: DeviceTensor[] = await this.run('join', {
        ...named('from', whole),
        ...named('more', padded),
      });
      release(whole);
      release(padded);
      whole = { tensors, rows: whole.rows + part.rows, tokens };
    }
    return whole!;
  }

  async dispose(): Promise<void> {
    const opened = [...this.sessions.values()];
    this.sessions.clear();
    for (const session of opened) await endSession(session);
  }

  /** A copy with `count` tokens of zeros in front. */
  private async pad(part: CachePart, count: number): Promise<CachePart> {
    const zeros = int64([4], BigInt64Array.of(0n, 0n, BigInt(count), 0n));
    const turned = int64([4], BigInt64Array.of(0n, 0n, 0n, BigInt(count)));
    const tensors = await this.run('pad', { ...named('from', part), zeros, turned });
    return { tensors, rows: part.rows, tokens: part.tokens + count };
  }

  private async run(kind: Kind, feeds: Record<string, Tensor>): Promise<DeviceTensor[]> {
    const session = this.sessions.get(kind) ?? this.open(kind);
    this.sessions.set(kind, session);
    const { kept } = await (await session).runKeeping(feeds);
    return this.shapes.map((_, i) => kept[`to.${i}`]!);
  }

  private open(kind: Kind): Promise<GraphSession> {
    const b = new GraphBuilder(kind);
    const list = (name: string, size: number | string) => b.input(name, 'int64', [size]);
    const indices = kind === 'gather' ? list('indices', 'wanted') : '';
    const [start, end] = kind === 'gather' ? [list('start', 1), list('end', 1)] : ['', ''];
    const [zeros, turned] = kind === 'pad' ? [list('zeros', 4), list('turned', 4)] : ['', ''];
    this.shapes.forEach(({ heads, width, axis }, i) => {
      const input = (name: string, rows: string, tokens: string) =>
        b.input(
          `${name}.${i}`,
          'float32',
          axis === 2 ? [rows, heads, tokens, width] : [rows, heads, width, tokens],
        );
      const from = input('from', 'rows', 'tokens');
      const make = (): string => {
        if (kind === 'join') return b.concat([from, input('more', 'others', 'tokens')], 0);
        if (kind === 'behind') return b.concat([from, input('more', 'rows', 'later')], axis);
        if (kind === 'gather') {
          const cut = b.node('Slice', [from, start!, end!, b.ints([axis])]);
          return b.node('Gather', [cut, indices], { axis: 0 });
        }
        // Only what is put in front is given: ONNX reads starts of all axes, then ends.
        const ends = b.ints([0, 0, 0, 0]);
        return b.node('Pad', [from, b.concat([axis === 2 ? zeros! : turned!, ends], 0)]);
      };
      b.output(`to.${i}`, make());
    });
    return this.runtime.create(writeModel(b.model), { kept: this.shapes.map((_, i) => `to.${i}`) });
  }

  /** Rows put together here, each of pieces one behind the other, at the right of `tokens`. */
  private compose(tokens: number, rows: number, pieces: (row: number) => Piece[]): CachePart {
    const all = Array.from({ length: rows }, (_, row) => pieces(row));
    const tensors = this.shapes.map(({ heads, width, axis }, i): HostTensor => {
      // Runs of elements that lie together: heads of a row, or every column of them.
      const runs = axis === 2 ? heads : heads * width;
      const each = axis === 2 ? width : 1;
      const out = new Float32Array(rows * runs * tokens * each);
      all.forEach((list, row) => {
        let at = tokens - list.reduce((n, { from, to }) => n + to - from, 0);
        for (const { part, row: source, from, to } of list) {
          if (to === from) continue;
          const data = (part.tensors[i] as HostTensor).data as Float32Array;
          for (let run = 0; run < runs; run++) {
            const base = (source * runs + run) * part.tokens;
            out.set(
              data.subarray((base + from) * each, (base + to) * each),
              ((row * runs + run) * tokens + at) * each,
            );
          }
          at += to - from;
        }
      });
      return float32(axis === 2 ? [rows, heads, tokens, width] : [rows, heads, width, tokens], out);
    });
    return { tensors, rows, tokens };
  }
}

/** Tokens `from` up to `to` of a row of a part. */
interface Piece {
  part: CachePart;
  row: number;
  from: number;
  to: number;
}

/** Frees what is on the device. */
export function release(part: CachePart): void {
  for (const tensor of part.tensors) if (isOnDevice(tensor)) tensor.release();
}

const onDevice = ({ tensors }: CachePart): boolean => tensors.some(isOnDevice);

const named = (name: string, { tensors }: CachePart): Record<string, Tensor> =>
  Object.fromEntries(tensors.map((tensor, i) => [`${name}.${i}`, tensor]));
