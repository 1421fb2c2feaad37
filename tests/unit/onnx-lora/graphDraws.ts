/** Tokens drawn by a graph on any backend, and by the picker from the same logits with the same uniform numbers. */
import { GraphBuilder, writeModel } from '../../../packages/onnx-grad/src/index.ts';
import { Random } from '../../../packages/onnx-lora/src/random.ts';
import {
  float32,
  type GraphSession,
  type HostTensor,
  scalar,
} from '../../../packages/onnx-lora/src/runtime/runtime.ts';
import { Drawer } from '../../../packages/onnx-lora/src/sample/draw.ts';
import { drawInGraph } from '../../../packages/onnx-lora/src/sample/drawInGraph.ts';
import { LOGITS, type PlainDraw, plainDistributions } from './plainDraw.ts';

export function drawingGraph(vocabulary: number, topK: boolean, nucleus = true): Uint8Array {
  const b = new GraphBuilder('draw');
  const logits = b.input('logits', 'float32', ['rows', vocabulary]);
  const { token, logprob } = drawInGraph(b, logits, { topK, nucleus });
  b.output('token', token);
  b.output('logprob', logprob);
  return writeModel(b.model);
}

export interface Draws {
  tokens: number[];
  logprobs: number[];
}

/** A token for each uniform number, all from the same logits. */
export async function drawOnGraph(
  session: GraphSession,
  logits: Float32Array,
  uniforms: readonly number[],
  { temperature, topP, topK }: PlainDraw,
  nucleus = true,
): Promise<Draws> {
  const rows = uniforms.length;
  const all = new Float32Array(rows * logits.length);
  for (let r = 0; r < rows; r++) all.set(logits, r * logits.length);
  const feeds: Record<string, HostTensor> = {
    logits: float32([rows, logits.length], all),
    uniform: float32([rows], Float32Array.from(uniforms)),
    sharpness: scalar(1 / temperature),
    ...(nucleus && { topP: scalar(topP) }),
    ...(topK && { topK: scalar(topK) }),
  };
  const { token, logprob } = await session.run(feeds);
  return {
    tokens: Array.from(token!.data as BigInt64Array, Number),
    logprobs: Array.from(logprob!.data as Float32Array),
  };
}

/** What the processor draws, whose distribution is given in float64. */
export function drawHere(logits: Float32Array, uniforms: readonly number[], options: PlainDraw): Draws {
  const wide = Float64Array.from(logits, (z) => z / options.temperature);
  const most = wide.reduce((a, b) => Math.max(a, b));
  const powers = wide.map((z) => Math.exp(z - most));
  const total = powers.reduce((a, b) => a + b, 0);
  const shares = Float32Array.from(powers, (p) => p / total);
  const drawer = new Drawer(logits.length);
  const tokens = uniforms.map((u) => drawer.draw(shares, u, options));
  const { logprobs } = plainDistributions(logits)(options);
  return { tokens, logprobs: tokens.map((t) => logprobs[t]!) };
}

export const SETTINGS: PlainDraw[] = [
  { temperature: 1, topP: 1 },
  { temperature: 0.6, topP: 0.9013 },
  { temperature: 1.7, topP: 0.3013 },
  { temperature: 1, topP: 0 },
  { temperature: 1, topP: 1, topK: 40 },
  { temperature: 0.8, topP: 0.9513, topK: 100 },
];

/** Of draws from logits of a kind: how many differ, and the largest difference of log-probabilities. */
export async function compareDraws(
  open: (model: Uint8Array) => Promise<GraphSession>,
  kinds: readonly string[],
  vocabulary: number,
  rows: number,
): Promise<{ all: number; apart: number; error: number }> {
  const result = { all: 0, apart: 0, error: 0 };
  for (const topK of [false, true]) {
    const session = await open(drawingGraph(vocabulary, topK));
    for (const kind of kinds) {
      const random = Random.for(5, kind, vocabulary);
      const logits = LOGITS[kind]!(vocabulary, () => random.uniform());
      for (const setting of SETTINGS.filter((s) => (s.topK !== undefined) === topK)) {
        // The same number here and there: float32 has 24 bits of it.
        const uniforms = Array.from({ length: rows }, () => Math.fround(random.int(1 << 24) / (1 << 24)));
        const there = await drawOnGraph(session, logits, uniforms, setting);
        const here = drawHere(logits, uniforms, setting);
        here.tokens.forEach((token, r) => {
          result.all++;
          if (there.tokens[r] !== token) result.apart++;
          else result.error = Math.max(result.error, Math.abs(there.logprobs[r]! - here.logprobs[r]!));
        });
      }
    }
    await session.release();
  }
  return result;
}
