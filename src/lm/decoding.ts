/**
 * The graphs that sample from the decoder: prompts, then one token at a time. A rollout's hundred steps
 * read the same weights, so adapters are merged into them once, before the first.
 */
import { GraphBuilder, type Value } from '../onnx/builder.ts';
import { writeModel } from '../onnx/proto.ts';
import {
  type DecoderConfig,
  DecoderGraph,
  decoderParameters,
  type Layout,
  TrainedWeights,
  type Tuning,
  type Weights,
  type WeightSource,
} from './decoder.ts';
import { outputDistribution } from './tokenPicker.ts';

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

/**
 * One more token for k samples of each of P prompts. The samples of a prompt read the prompt's keys
 * and values from one place; their own lie in buffers that the caller owns, of which S slots are
 * allocated. Inputs: the weights; ids, positions [P, k]; promptMask [P, 1, 1, T] and ownMask [S]
 * (additive); by layer promptKeys.i [P, heads, headDim, T], promptValues.i [P, heads, T, headDim],
 * ownKeys.i and ownValues.i [P, heads, k, S, headDim]. Outputs: the distribution of P k rows, and by
 * layer newKeys.i, newValues.i [P, heads, k, headDim], for the caller to store.
 */
export function decodeGraph(c: DecoderConfig): Uint8Array {
  const g = decoder('decode', c);
  const { b } = g;
  const headDim = c.width / c.heads;
  const ids = b.input('ids', 'int64', ['prompts', 'samples']);
  const positions = b.input('positions', 'int64', ['prompts', 'samples']);
  const promptMask = b.input('promptMask', 'float32', ['prompts', 1, 1, 'seq']);
  const ownMask = b.input('ownMask', 'float32', ['slots']);
  let x = g.embed(ids);
  for (let i = 0; i < c.layers; i++) {
    const promptKeys = b.input(`promptKeys.${i}`, 'float32', ['prompts', c.heads, headDim, 'seq']);
    const promptValues = b.input(`promptValues.${i}`, 'float32', ['prompts', c.heads, 'seq', headDim]);
    const own = ['prompts', c.heads, 'samples', 'slots', headDim];
    const ownKeys = b.input(`ownKeys.${i}`, 'float32', own);
    const ownValues = b.input(`ownValues.${i}`, 'float32', own);
    x = g.layer(x, i, positions, (q, k, v) => {
      b.output(`newKeys.${i}`, k);
      b.output(`newValues.${i}`, v);
      // Three parts under one softmax: the prompt, the sample's own tokens, and the newest one.
      const toPrompt = b.add(b.matmul(q, promptKeys), promptMask);
      const row = b.unsqueeze(q, [3]);
      const scores = b.node('Squeeze', [b.matmul(row, b.swap(ownKeys)), b.ints([3])]);
      const toOwn = b.add(scores, ownMask);
      const toSelf = b.sum(b.mul(q, k), [3], true);
      const shares = b.node('Softmax', [b.concat([toPrompt, toOwn, toSelf], 3)], { axis: -1 });
      const lengths = b.concat(
        [
          b.node('Gather', [b.node('Shape', [promptKeys]), b.ints([3])], { axis: 0 }),
          b.node('Shape', [ownMask]),
          b.ints([1]),
        ],
        0,
      );
      const [p, o, s] = b.nodes('Split', [shares, lengths], { axis: 3 }, 3) as [Value, Value, Value];
      const fromPrompt = b.matmul(p, promptValues);
      const fromOwn = b.node('Squeeze', [b.matmul(b.unsqueeze(o, [3]), ownValues), b.ints([3])]);
      return b.add(b.add(fromPrompt, fromOwn), b.mul(s, v));
    });
  }
  outputDistribution(b, b.reshape(g.head(x), [-1, c.vocabulary]));
  return g.bytes();
}
