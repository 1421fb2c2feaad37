/** The flat vector of weights that train: what it holds, where, and what it starts with. */
import { Random } from '../random.ts';

export interface Parameter {
  name: string;
  dims: number[];
  /** Standard deviation of its initial values; 1 marks a norm that starts at one, 0 zeros. */
  init: { kind: 'normal'; sd: number } | { kind: 'constant'; value: number };
}

/** Which weights train, and where each lies in the flat vector. */
export interface Layout {
  /** Names model shape and tuning: a snapshot with another one does not fit. */
  id: string;
  parameters: Parameter[];
  offsets: Map<string, number>;
  /** Length of the flat vector. */
  size: number;
}

/** The model's own weights by name, float32. */
export type Weights = ReadonlyMap<string, Float32Array>;

/** Starting values of the trainable vector: LoRA's pair, or the model's own weights. */
export function initialWeights(layout: Layout, model: Weights, seed: number): Float32Array {
  const flat = new Float32Array(layout.size);
  for (const p of layout.parameters) {
    const at = layout.offsets.get(p.name)!;
    const n = p.dims.reduce((a, b) => a * b, 1);
    const known = model.get(p.name);
    if (known) flat.set(known, at);
    else if (p.init.kind === 'constant') flat.fill(p.init.value, at, at + n);
    else {
      const random = Random.for(seed, 'init', p.name);
      for (let i = 0; i < n; i++) flat[at + i] = gaussian(random) * p.init.sd;
    }
  }
  return flat;
}

/** Standard normal by Box and Muller. */
function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
}
