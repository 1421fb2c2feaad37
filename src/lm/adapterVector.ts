/** LoRA adapters to and from the flat vector of weights that a policy trains. */
import type { Layout, Parameter, Tuning } from './decoder.ts';
import type { LoraAdapter, LoraPair } from './peft.ts';
import { PeftError } from './peftConfig.ts';

type Lora = Extract<Tuning, { kind: 'lora' }>;

/** A pair's place in the vector: A [in, rank] and B [rank, out], the transposes of PEFT's. */
interface Slot {
  module: string;
  a: Parameter;
  b: Parameter;
}

function slots(layout: Layout): Slot[] {
  const byName = new Map(layout.parameters.map((p) => [p.name, p]));
  return layout.parameters.flatMap((a) => {
    const b = byName.get(a.name.replace(/_A$/, '_B'));
    return a.name.endsWith('.lora_A') && b ? [{ module: a.name.slice(0, -'.lora_A'.length), a, b }] : [];
  });
}

/** [rows, columns] to [columns, rows]. */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c]!;
  return out;
}

/** The adapter that the vector `flat` [layout.size] holds. */
export function adapterOfVector(
  layout: Layout,
  { rank, alpha }: Lora,
  flat: Float32Array,
  baseModel: string,
): LoraAdapter {
  const cut = ({ name, dims }: Parameter) => {
    const at = layout.offsets.get(name)!;
    return transposed(flat.subarray(at, at + dims[0]! * dims[1]!), dims[0]!, dims[1]!);
  };
  const pairs = slots(layout).map(({ module, a, b }): [string, LoraPair] => {
    const shape = { rank, fanIn: a.dims[0]!, fanOut: b.dims[1]! };
    return [module, { ...shape, a: cut(a), b: cut(b), scale: alpha / rank }];
  });
  return { baseModel, pairs: new Map(pairs) };
}

/**
 * The vector in which the policy computes what the adapter says. An adapter of lower rank leaves the
 * rest of each A as in `start`, with zeros in B; another scale goes into B. Throws `PeftError` where the
 * adapter's rank is higher or its modules are not the layout's.
 */
export function vectorOfAdapter(
  layout: Layout,
  { rank, alpha }: Lora,
  adapter: LoraAdapter,
  start: Float32Array,
): Float32Array {
  const flat = start.slice();
  const missing = new Set(adapter.pairs.keys());
  for (const { module, a, b } of slots(layout)) {
    const [atA, atB] = [layout.offsets.get(a.name)!, layout.offsets.get(b.name)!];
    const [fanIn, fanOut] = [a.dims[0]!, b.dims[1]!];
    flat.fill(0, atB, atB + rank * fanOut);
    const pair = adapter.pairs.get(module);
    if (!pair) continue;
    missing.delete(module);
    if (pair.fanIn !== fanIn || pair.fanOut !== fanOut) {
      throw new PeftError(
        `The adapter's ${module} is ${pair.fanIn} to ${pair.fanOut} wide, this model's ${fanIn} to ${fanOut}: it was made for another model${adapter.baseModel && ` (${adapter.baseModel})`}.`,
      );
    }
    if (pair.rank > rank) {
      throw new PeftError(
        `The adapter has rank ${pair.rank}, this run trains rank ${rank}: set the rank to ${pair.rank} or more.`,
      );
    }
    const ratio = pair.scale / (alpha / rank);
    for (let r = 0; r < pair.rank; r++) {
      for (let i = 0; i < fanIn; i++) flat[atA + i * rank + r] = pair.a[r * fanIn + i]!;
      for (let o = 0; o < fanOut; o++) flat[atB + r * fanOut + o] = pair.b[o * pair.rank + r]! * ratio;
    }
  }
  if (missing.size > 0) {
    const [first] = missing;
    throw new PeftError(
      `The adapter changes ${first}${missing.size > 1 ? ` and ${missing.size - 1} more` : ''}, which this model does not train here: it was made for another model or for other layers${adapter.baseModel && ` (${adapter.baseModel})`}.`,
    );
  }
  return flat;
}
