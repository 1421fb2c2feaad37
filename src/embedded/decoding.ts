/**
 * The graphs that sample from the decoder: prompts, then one token at a time. A rollout's hundred steps
 * read the same weights, so adapters are merged into them once, before the first.
 */
import { GraphBuilder, type Value, writeModel } from 'onnx-grad';
import {
  type DecoderConfig,
  DecoderGraph,
  decoderParameters,
  TrainedWeights,
  type WeightSource,
} from './decoder.ts';
import { type Layout, type Weights, outputDistribution } from 'onnx-lora';
import type { Tuning } from '../util/tuning.ts';

/**
 * The model's weights as the trained vector makes them. Input: weights [P]. Outputs, `merged.` and the names of
 * `decoderParameters`: those that the vector has a part in (with LoRA `W + (alpha / rank) A B`); the
 * others are what they were.
 */
export function mergingGraph(c: DecoderConfig, tuning: Tuning, layout: Layout, frozen: Weights): Uint8Array {
  const b = new GraphBuilder('merge');
  const trained = new TrainedWeights(b, c, tuning, layout, frozen);
  for (const { name } of decoderParameters(c)) {
    const merged = trained.merged(name);
    if (merged) b.output(`merged.${name}`, merged);
  }
  return writeModel(b.model);
}

/** Every weight is an input of its own, under its name. */
class WeightInputs implements WeightSource {
  private readonly values = new Map<string, Value>();

  constructor(
    private readonly b: GraphBuilder,
    private readonly config: DecoderConfig,
  ) {}

  get(name: string): Value {
    const known = this.values.get(name);
    if (known) return known;
    const { dims } = decoderParameters(this.config).find((p) => p.name === name)!;
    const value = this.b.input(name, 'float32', dims);
    this.values.set(name, value);
    return value;
  }

  linear(x: Value, name: string): Value {
    return this.b.matmul(x, this.get(`${name}.weight`));
  }
}

function decoder(name: string, c: DecoderConfig): DecoderGraph<WeightSource> {
  const b = new GraphBuilder(name);
  return new DecoderGraph(b, c, new WeightInputs(b, c));
}

/**
 * Prompts, computed once for all their samples. Inputs: the weights; ids and positions [P, T],
 * mask [T, T], last [P, 1, width] (index of each prompt's last token, repeated). Outputs: the
 * distribution after the prompt, and by layer keys.i [P, heads, headDim, T], values.i
 * [P, heads, T, headDim].
 */
export function prefillGraph(c: DecoderConfig): Uint8Array {
  const g = decoder('prefill', c);
  const { b } = g;
  const ids = b.input('ids', 'int64', ['prompts', 'seq']);
  const positions = b.input('positions', 'int64', ['prompts', 'seq']);
  const mask = b.input('mask', 'float32', ['seq', 'seq']);
  const last = b.input('last', 'int64', ['prompts', 1, c.width]);
  const x = g.sequence(ids, positions, mask, (i, k, v) => {
    b.output(`keys.${i}`, k);
    b.output(`values.${i}`, v);
  });
  const end = b.node('GatherElements', [x, last], { axis: 1 });
  outputDistribution(b, b.reshape(g.head(end), [-1, c.vocabulary]));
  return g.bytes();
}

/** Sequences of one token: heads need no transposing. */
class TokenGraph extends DecoderGraph<WeightSource> {
  override heads(x: Value): Value {
    return this.b.reshape(x, [0, this.c.heads, 1, this.headDim]);
  }

  override joinHeads(x: Value): Value {
    return this.b.reshape(x, [0, 1, this.c.width]);
  }
}

/**
 * One more token for R rows. Their own keys and values lie in buffers that the caller owns, of which S slots
 * are allocated; those of prompts are read together by the rows that have a place in one of G groups of k.
 * Inputs: the weights; ids, positions [R, 1]; headOfPlace [G, heads, k], where in [R heads] the head is that has
 * this place, and placeOfHead [R, heads, 1], where in [G heads k] a row's head has its (an empty place names any
 * head); mask [R, 1, 1, T + S + 1] (additive: prompt, own tokens, the newest); by layer promptKeys.i
 * [G, heads, headDim, T], promptValues.i [G, heads, T, headDim], ownKeys.i and ownValues.i
 * [R, heads, S, headDim]. Outputs: the distribution of R rows, and by layer newKeys.i, newValues.i
 * [R, heads, 1, headDim], for the caller to store.
 */
export function decodeGraph(c: DecoderConfig): Uint8Array {
  const b = new GraphBuilder('decode');
  const g = new TokenGraph(b, c, new WeightInputs(b, c));
  const headDim = c.width / c.heads;
  const ids = b.input('ids', 'int64', ['rows', 1]);
  const positions = b.input('positions', 'int64', ['rows', 1]);
  const headOfPlace = b.input('headOfPlace', 'int64', ['groups', c.heads, 'places']);
  const placeOfHead = b.input('placeOfHead', 'int64', ['rows', c.heads, 1]);
  const mask = b.input('mask', 'float32', ['rows', 1, 1, 'seen']);
  // One Gather each way, by head, since a Transpose would copy everything once more.
  const pick = (x: Value, heads: Value) =>
    b.node('Gather', [b.node('Flatten', [x], { axis: 3 }), heads], { axis: 0 });
  /** [R, heads, 1, n] to [G, heads, k, n], and back. */
  const toPlaces = (x: Value) => pick(x, headOfPlace);
  const toRows = (x: Value) => pick(x, placeOfHead);
  const length = (value: Value, axis: number) =>
    b.node('Gather', [b.node('Shape', [value]), b.ints([axis])], { axis: 0 });
  let lengths: Value | undefined;
  let x = g.embed(ids);
  for (let i = 0; i < c.layers; i++) {
    const promptKeys = b.input(`promptKeys.${i}`, 'float32', ['groups', c.heads, headDim, 'prompt']);
    const promptValues = b.input(`promptValues.${i}`, 'float32', ['groups', c.heads, 'prompt', headDim]);
    const own = ['rows', c.heads, 'slots', headDim];
    const ownKeys = b.input(`ownKeys.${i}`, 'float32', own);
    const ownValues = b.input(`ownValues.${i}`, 'float32', own);
    x = g.layer(x, i, positions, (q, k, v) => {
      b.output(`newKeys.${i}`, k);
      b.output(`newValues.${i}`, v);
      // Three parts under one softmax: the prompt, the row's own tokens, and the newest one.
      const toPrompt = toRows(b.matmul(toPlaces(q), promptKeys));
      const toOwn = b.matmul(q, b.swap(ownKeys));
      const toSelf = b.sum(b.mul(q, k), [3], true);
      const scores = b.add(b.concat([toPrompt, toOwn, toSelf], 3), mask);
      const shares = b.node('Softmax', [scores], { axis: -1 });
      lengths ??= b.concat([length(promptKeys, 3), length(ownKeys, 2), b.ints([1])], 0);
      const [p, o, s] = b.nodes('Split', [shares, lengths], { axis: 3 }, 3) as [Value, Value, Value];
      const fromPrompt = toRows(b.matmul(toPlaces(p), promptValues));
      return b.add(b.add(fromPrompt, b.matmul(o, ownValues)), b.mul(s, v));
    });
  }
  outputDistribution(b, b.reshape(g.head(x), [-1, c.vocabulary]));
  return g.bytes();
}
