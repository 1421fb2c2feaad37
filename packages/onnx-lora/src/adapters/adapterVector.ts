/** LoRA adapters to and from the flat vector of weights that a policy trains. */
import type { Layout } from '../train/trainedVector.ts';
import { findNamed, leafOf, placeOf } from './moduleNames.ts';
import type { LoraAdapter, LoraPair } from './peft.ts';
import { PeftError } from './peftConfig.ts';

/**
 * The layout of a LoRA adapter's trained vector: for each module in order its A [in, rank], then its
 * B [rank, out], where the layer gives `W x + scale B A x`.
 */
export interface AdapterShape {
  modules: { name: string; in: number; out: number; rank: number; scale: number }[];
}

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
 * leaves the rest of each A as in `start`, with zeros in B; another scale goes into B; a pair on layers
 * that are packed in its model is taken apart where they are apart here. Throws `PeftError` where the
 * adapter's rank is higher or its modules are not the shape's.
 */
export function vectorOfAdapter(
  shape: AdapterShape,
  adapter: LoraAdapter,
  start: Float32Array,
): Float32Array {
  const flat = start.slice();
  const all = [...places(shape)];
  for (const { b, end } of all) flat.fill(0, b, end);
  const taken = new Map<string, string>();
  for (const [module, pair] of adapter.pairs) {
    const found = findNamed(module, all, ({ name }) => name);
    if (found.length === 0) {
      throw unknownModule(
        module,
        all.map(({ name }) => name),
        adapter.baseModel,
      );
    }
    const out = found.reduce((sum, place) => sum + place.out, 0);
    if (found.some((place) => place.in !== pair.fanIn) || out !== pair.fanOut) {
      throw new PeftError(
        `The adapter's ${module} is ${pair.fanIn} to ${pair.fanOut} wide, this model's ${found[0]!.in} to ${out}: it was made for another model${of(adapter.baseModel)}.`,
      );
    }
    let row = 0;
    for (const place of found) {
      const other = taken.get(place.name);
      if (other !== undefined) throw sameModuleTwice(other, module);
      taken.set(place.name, module);
      if (pair.rank > place.rank) {
        throw new PeftError(`The adapter has rank ${pair.rank}, this run trains rank ${place.rank}.`, {
          code: 'adapter-rank',
          data: { rank: pair.rank, trained: place.rank },
        });
      }
      const { in: fanIn, rank, a, b } = place;
      const ratio = pair.scale / place.scale;
      for (let r = 0; r < pair.rank; r++) {
        for (let i = 0; i < fanIn; i++) flat[a + i * rank + r] = pair.a[r * fanIn + i]!;
        for (let o = 0; o < place.out; o++) {
          flat[b + r * place.out + o] = pair.b[(row + o) * pair.rank + r]! * ratio;
        }
      }
      row += place.out;
    }
  }
  return flat;
}

const of = (baseModel: string) => (baseModel ? ` (${baseModel})` : '');

/** The message for a pair on a module that the model does not have, or that a run does not train. */
export function unknownModule(module: string, all: readonly string[], baseModel = ''): PeftError {
  const place = placeOf(module);
  const places = all.flatMap((name) => placeOf(name) ?? []);
  const layers = new Set(places.map(({ layer }) => layer));
  const what = `The adapter changes ${module}`;
  if (place?.holder && !places.some(({ holder }) => holder === place.holder)) {
    return new PeftError(
      `${what}, which is no part of the text decoder (${place.holder}). LoRA on other parts cannot be used here: train it with exclude_modules for them, or merge this adapter into its model instead.`,
    );
  }
  if (place && !layers.has(place.layer)) {
    const [first, last] = [Math.min(...layers), Math.max(...layers)];
    return new PeftError(
      `${what}, and the layers here are ${first} to ${last}: it was made for another model${of(baseModel)}, or more layers have to be chosen.`,
    );
  }
  const here = all.filter((name) => place && placeOf(name)?.layer === place.layer).map(leafOf);
  return new PeftError(
    `${what}, which is none of the linear layers that can be adapted here${here.length > 0 ? ` (layer ${place!.layer} has ${here.join(', ')})` : ''}: it was made for another model${of(baseModel)}, or has to be trained without it in target_modules.`,
  );
}

/** The message for two pairs on one linear layer. */
export const sameModuleTwice = (first: string, second: string): PeftError =>
  new PeftError(
    `The adapter changes one layer of this model twice, as ${first} and as ${second}: save one adapter by itself.`,
  );
