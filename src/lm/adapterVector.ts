/** LoRA adapters to and from the flat vector of weights that a policy trains. */
import type { AdapterShape } from '../gasp/ports.ts';
import type { Layout } from './decoder.ts';
import type { LoraAdapter, LoraPair } from './peft.ts';
import { PeftError } from './peftConfig.ts';

/**
 * The shape of a vector laid out as pairs `<module>.lora_A` [in, rank], `<module>.lora_B` [rank, out];
 * `scaleOf` gives the factor of `B A x` in the policy's graphs.
 */
export function adapterShape({ parameters }: Layout, scaleOf: (module: string) => number): AdapterShape {
  const modules: AdapterShape['modules'] = [];
  for (let i = 0; i < parameters.length; i += 2) {
    const [a, b] = [parameters[i]!, parameters[i + 1]!];
    const name = a.name.replace(/\.lora_A$/, '');
    const [fanIn, rank] = a.dims as [number, number];
    modules.push({ name, in: fanIn, out: b.dims[1]!, rank, scale: scaleOf(name) });
  }
  return { modules };
}

function* places({ modules }: AdapterShape) {
  let at = 0;
  for (const module of modules) {
    const b = at + module.in * module.rank;
    const end = b + module.rank * module.out;
    yield { ...module, a: at, b, end };
    at = end;
  }
}

/** Weights in a vector of this shape. */
const sizeOf = ({ modules }: AdapterShape) => modules.reduce((n, m) => n + m.rank * (m.in + m.out), 0);

/** [rows, columns] to [columns, rows]. */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c]!;
  return out;
}

/** The adapter that the vector `flat` holds: PEFT's matrices are the transposes of the vector's. */
export function adapterOfVector(shape: AdapterShape, flat: Float32Array, baseModel: string): LoraAdapter {
  if (flat.length !== sizeOf(shape)) {
    throw new PeftError(
      `The checkpoint holds ${flat.length} weights, an adapter of this run has ${sizeOf(shape)}.`,
    );
  }
  const pairs = new Map<string, LoraPair>();
  for (const { name, in: fanIn, out: fanOut, rank, scale, a, b, end } of places(shape)) {
    pairs.set(name, {
      rank,
      fanIn,
      fanOut,
      a: transposed(flat.subarray(a, b), fanIn, rank),
      b: transposed(flat.subarray(b, end), rank, fanOut),
      scale,
    });
  }
  return { baseModel, pairs };
}

/**
 * The vector in which a policy of this shape computes what the adapter says. An adapter of lower rank
 * leaves the rest of each A as in `start`, with zeros in B; another scale goes into B. Throws `PeftError`
 * where the adapter's rank is higher or its modules are not the shape's.
 */
export function vectorOfAdapter(
  shape: AdapterShape,
  adapter: LoraAdapter,
  start: Float32Array,
): Float32Array {
  const flat = start.slice();
  const missing = new Set(adapter.pairs.keys());
  const origin = adapter.baseModel && ` (${adapter.baseModel})`;
  for (const { name, in: fanIn, out: fanOut, rank, scale, a, b, end } of places(shape)) {
    flat.fill(0, b, end);
    const pair = adapter.pairs.get(name);
    if (!pair) continue;
    missing.delete(name);
    if (pair.fanIn !== fanIn || pair.fanOut !== fanOut) {
      throw new PeftError(
        `The adapter's ${name} is ${pair.fanIn} to ${pair.fanOut} wide, this model's ${fanIn} to ${fanOut}: it was made for another model${origin}.`,
      );
    }
    if (pair.rank > rank) {
      throw new PeftError(`The adapter has rank ${pair.rank}, this run trains rank ${rank}.`, {
        code: 'adapter-rank',
        data: { rank: pair.rank, trained: rank },
      });
    }
    const ratio = pair.scale / scale;
    for (let r = 0; r < pair.rank; r++) {
      for (let i = 0; i < fanIn; i++) flat[a + i * rank + r] = pair.a[r * fanIn + i]!;
      for (let o = 0; o < fanOut; o++) flat[b + r * fanOut + o] = pair.b[o * pair.rank + r]! * ratio;
    }
  }
  if (missing.size > 0) {
    const [first] = missing;
    throw new PeftError(
      `The adapter changes ${first}${missing.size > 1 ? ` and ${missing.size - 1} more` : ''}, which this model does not train here: it was made for another model or for other layers${origin}.`,
    );
  }
  return flat;
}
