/** Float64 tensors and graphs for tests of derivatives. */
import type { GraphBuilder, Value } from '../../../packages/onnx-grad/src/builder.ts';
import { writeModel } from '../../../packages/onnx-grad/src/proto.ts';
import { nodeRuntime } from '../../../src/backends/runtime.node.ts';
import type { HostTensor } from '../../../packages/onnx-lora/src/runtime/runtime.ts';
import { Random } from '../../../packages/onnx-lora/src/random.ts';

export const runtime = nodeRuntime(1);

export const size = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** Uniform in [low, high), the same on every machine. */
export function uniform(seed: number, n: number, low: number, high: number): Float64Array {
  const random = new Random(seed);
  return Float64Array.from({ length: n }, () => low + (high - low) * random.uniform());
}

/** Runs a graph once per call; the outputs are those that the builder declared. */
export async function compile(
  b: GraphBuilder,
): Promise<(feeds: Record<string, HostTensor>) => Promise<Record<string, HostTensor>>> {
  const session = await runtime.create(writeModel(b.model));
  return (feeds) => session.run(feeds);
}

/** The numbers of a floating-point output as float64. */
export function numbers(outputs: Record<string, HostTensor>, name: Value): Float64Array {
  const tensor = outputs[name];
  if (!tensor) throw new Error(`no output ${name}`);
  return Float64Array.from(tensor.data as Float64Array);
}

/** Largest absolute difference over the largest absolute value of `expected` (at least `floor`). */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>, floor = 1e-3): number {
  if (actual.length !== expected.length)
    throw new Error(`${actual.length} numbers against ${expected.length}`);
  let difference = 0;
  let scale = floor;
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(actual[i]! - expected[i]!);
    // Not a number on either side must fail a comparison, not pass it.
    difference = Number.isNaN(d) ? Number.POSITIVE_INFINITY : Math.max(difference, d);
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return difference / scale;
}

/** Central differences of a scalar function at x. */
export async function centralDifferences(
  f: (x: Float64Array) => number | Promise<number>,
  x: Float64Array,
  step: number,
): Promise<Float64Array> {
  const out = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const at = async (d: number) => {
      const moved = x.slice();
      moved[i]! += d;
      return f(moved);
    };
    out[i] = ((await at(step)) - (await at(-step))) / (2 * step);
  }
  return out;
}
