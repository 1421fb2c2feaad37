/** Answers to one prompt in one row: the same numbers as of rows of their own, for every exporter. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type HubModel, loadHubModel } from '../../../../packages/onnx-lora/src/model/hubModel.ts';
import { folderFiles } from '../../../../packages/onnx-lora/src/repository/folderFiles.ts';
import { layRow, planRows, rowLength } from '../../../../packages/onnx-lora/src/train/sharedRows.ts';
import { hubTrainable } from '../../../../packages/onnx-lora/src/train/hubTrainable.ts';
import {
  sequenceOf,
  type TrainingRow,
  VectorTrainer,
} from '../../../../packages/onnx-lora/src/train/trainer.ts';
import { nodeRuntime } from '../../../../src/backends/runtime.node.ts';
import { planLayers } from '../../../../src/local/hubPolicy.ts';
import { Random } from '../../../../packages/onnx-lora/src/random.ts';
import { readModel, writeModel } from '../../../../packages/onnx-grad/src/proto.ts';
import { FIXTURES, fixtureFolder, MORE_FIXTURES } from '../../../fixtures/models/folders.ts';
import { loadFixture } from './fixtures.ts';

const random = new Random(7);
const tokens = (n: number) => Array.from({ length: n }, () => random.int(500));

/** Answers of 1 to 9 tokens to two prompts that begin alike and to one that does not. */
function answers(): TrainingRow[] {
  const example = tokens(12);
  const prompts = [[...example, ...tokens(9)], [...example, ...tokens(5)], tokens(7)];
  return [4, 9, 1, 6, 3, 5, 2].map((length, i) => {
    const prompt = prompts[i % 3]!;
    const answer = tokens(length);
    const first = prompt.length - 1;
    const plane = (of: (t: number) => number) =>
      Array.from({ length: first + length }, (_, t) => (t < first ? 0 : of(t)));
    return {
      tokens: [...prompt, ...answer],
      weight: plane((t) => 0.1 + 0.01 * t),
      advantage: i % 2 ? -1 : 0.7,
      old: plane(() => -6),
      reference: plane(() => -6.1),
    };
  });
}

const distance = (a: Float32Array, b: Float32Array) => {
  const largest = b.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  return a.reduce((m, v, i) => Math.max(m, Math.abs(v - b[i]!)), 0) / largest;
};

/** Gradient, log-probabilities and scores of rows of at most `sharedTokens`, and how many tokens went through. */
async function train(model: HubModel, sharedTokens: number, recompute = false) {
  const plan = planLayers(model, { kind: 'lora', rank: 2, alpha: 4 });
  const trainable = hubTrainable(model, plan, { sharedTokens, recompute });
  const trainer = new VectorTrainer(nodeRuntime(1), trainable, 3);
  trainer.weights = trainer.weights.map((w, i) => w + 0.05 * Math.sin(i));
  const rows = ROWS;
  const sequences = rows.map(sequenceOf);
  const logprobs: Float32Array[] = [];
  const scores: Float32Array[] = [];
  let held = 0;
  for (const pass of trainer.passes(sequences, 48)) {
    const here = pass.sequences.map((i) => rows[i]!);
    for (const members of pass.rows) held += rowLength(members.map((i) => sequenceOf(here[i]!)));
    const found = await trainer.accumulate(here, { clip: 0.2, klWeight: 0.1 }, pass.rows);
    const scored = await trainer.score(
      here.map((row) => row.tokens),
      { from: pass.sequences.map((i) => sequences[i]!.from), together: pass.rows },
    );
    pass.sequences.forEach((i, j) => {
      logprobs[i] = found[j]!;
      scores[i] = scored[j]!;
    });
  }
  const gradient = trainer.accumulated;
  await trainer.dispose();
  return { gradient, logprobs, scores, held, longest: trainable.longestSharedRow() };
}

const ROWS = answers();

async function compare(model: HubModel, longest: number) {
  const apart = await train(model, 0);
  expect(apart.held).toBe(ROWS.reduce((n, row) => n + row.tokens.length - 1, 0));
  for (const [sharedTokens, recompute] of [
    [1000, false],
    [32, true],
  ] as const) {
    const shared = await train(model, sharedTokens, recompute);
    expect(shared.longest).toBe(Math.min(longest, sharedTokens));
    if (longest > 0) expect(shared.held).toBeLessThan(0.75 * apart.held);
    expect(distance(shared.gradient, apart.gradient)).toBeLessThan(1e-5);
    ROWS.forEach((_, i) => {
      expect(distance(shared.logprobs[i]!, apart.logprobs[i]!)).toBeLessThan(1e-5);
      expect(distance(shared.scores[i]!, apart.logprobs[i]!)).toBeLessThan(1e-5);
    });
  }
}

describe('gradients of a shared row equal those of rows of their own', () => {
  test.each([...FIXTURES, ...MORE_FIXTURES])('%s', async (name) => {
    const { model } = await loadFixture(name);
    await compare(model, Infinity);
  });

  test('windows count positions, not places in the row', async () => {
    const name = 'llama-genai-int4';
    const file = readModel(new Uint8Array(readFileSync(join(fixtureFolder(name), 'onnx/model.onnx'))));
    for (const { op, attributes } of file.graph.nodes) {
      if (op === 'GroupQueryAttention') attributes.local_window_size = { type: 'int', value: 8 };
    }
    const files = folderFiles(fixtureFolder(name));
    const model = await loadHubModel({
      ...files,
      read: async (path, options) =>
        path === 'onnx/model.onnx' ? writeModel(file) : await files.read(path, options),
    });
    await compare(model, Infinity);
    const { model: wide } = await loadFixture(name);
    const [narrow, all] = [await train(model, 1000), await train(wide, 1000)];
    expect(distance(narrow.gradient, all.gradient)).toBeGreaterThan(0.01);
  });

  test('an export with a mask of its own takes rows up to the window that its configuration names', async () => {
    const { model } = await loadFixture('qwen2-optimum-fp32');
    await compare(
      { ...model, config: { ...model.config, use_sliding_window: true, sliding_window: 40 } },
      40,
    );
  });

  test('an export that counts positions itself keeps rows apart', async () => {
    const { model } = await loadFixture('qwen2-optimum-fp32');
    const { graph } = model;
    // Positions made of the attention mask, as some exports do where they take none.
    const inputs = new Map([...graph.inputs].filter(([name]) => name !== 'position_ids'));
    const one = graph.nodes.map((node) => node);
    const values = { type: 'int', value: 0 } as const;
    one.unshift({
      op: 'CumSum',
      domain: '',
      name: 'count',
      inputs: ['attention_mask', 'axis1'],
      outputs: ['counted'],
      attributes: { exclusive: { type: 'int', value: 1 }, reverse: values },
    });
    const initializers = new Map(graph.initializers);
    initializers.set('axis1', {
      dtype: 'int64',
      dims: [],
      bytes: new Uint8Array(BigInt64Array.of(1n).buffer),
    });
    const nodes = one.map((node) => ({
      ...node,
      inputs: node.inputs.map((i) => (i === 'position_ids' ? 'counted' : i)),
    }));
    await compare({ ...model, graph: { ...graph, inputs, initializers, nodes } }, 0);
  });
});

test('a row holds what its sequences share once, and no row is too long', () => {
  const prompt = Array.from({ length: 700 }, (_, i) => i);
  const sequences = Array.from({ length: 8 }, (_, i) => ({
    tokens: [...prompt, ...Array.from({ length: 61 }, (_, t) => 1000 * (i + 1) + t)],
    from: 699,
  }));
  const length = (row: readonly number[]) => rowLength(row.map((i) => sequences[i]!));
  const one = planRows(sequences, 2000);
  expect(one.map(length)).toEqual([699 + 8 * 61]);
  const halves = planRows(sequences, 1100);
  expect(halves.map((row) => row.length)).toEqual([4, 4]);
  expect(halves.map(length)).toEqual([699 + 4 * 61, 699 + 4 * 61]);
  // A sequence is never cut.
  expect(planRows(sequences, 100).map((row) => row.length)).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
  // Long answers to a short prompt would look at one another for nothing.
  const long = sequences.map(({ tokens }) => ({ tokens: [...tokens].reverse(), from: 60 }));
  expect(planRows(long, 100_000).map((row) => row.length)).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
});

test('of a row, each token has its place in its own sequence and is seen by what follows it there', () => {
  const row = layRow([
    { tokens: [5, 6, 7, 1, 2], from: 2 },
    { tokens: [5, 6, 7, 3], from: 2 },
    { tokens: [5, 6, 8, 9], from: 2 },
  ]);
  expect(row).toEqual({
    ids: [5, 6, 7, 1, 7, 8],
    positions: [0, 1, 2, 3, 2, 2],
    reach: [5, 5, 3, 3, 4, 5],
    places: [
      [0, 1, 2, 3],
      [0, 1, 4],
      [0, 1, 5],
    ],
  });
});
