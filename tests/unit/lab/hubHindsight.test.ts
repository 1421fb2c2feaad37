/** Hindsight on a decoder in Hugging Face layout, with its chat template and its end token. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { folderFiles } from '../../../packages/onnx-lora/src/repository/folderFiles.ts';
import { loadTokenizer } from '../../../packages/onnx-lora/src/tokenizer/tokenizer.ts';
import { nodeRuntime } from '../../../src/backends/runtime.node.ts';
import { chatDialect } from '../../../src/dialects/chat/dialect.ts';
import { DEFAULT_SETTINGS } from '../../../src/gasp/defaults.ts';
import { review } from '../../../src/gasp/hindsight.ts';
import { methodSettings } from '../../../src/gasp/methods.ts';
import type { Question } from '../../../src/gasp/question.ts';
import { HUB_SETTINGS } from '../../../src/lab/hubRun.ts';
import { NodeJudge } from '../../../src/python/nodeJudge.ts';
import { openHubPolicy } from '../../../src/local/hubPolicy.ts';
import type { LocalPolicy } from '../../../src/local/localPolicy.ts';
import { fixtureFolder } from '../../fixtures/models/folders.ts';

const files = folderFiles(fixtureFolder('qwen2-optimum-fp32'));
const settings = methodSettings({ ...DEFAULT_SETTINGS, ...HUB_SETTINGS, method: 'gasp-hindsight' });
const dialect = chatDialect();
const question: Question = {
  ...{ id: 'q', title: '', message: 'Sort.', shown: 2 },
  program: 'def f(x):\n    return sorted(x)\n',
  inputs: ['[3, 1]', '[2, 9, 4]', '[]'],
  outputs: ['[1, 3]', '[2, 4, 9]', '[]'],
};

const judge = new NodeJudge({ limits: { seconds: 1 } });
let policy: LocalPolicy;
beforeAll(async () => {
  policy = await openHubPolicy(files, {
    ...{ model: 'fixture', runtime: nodeRuntime(1), seed: 1 },
    tuning: { kind: 'lora', rank: 4, alpha: 8 },
  });
});
afterAll(() => {
  judge.dispose();
  return policy.dispose();
});

test('a proposal’s program, asked in the chat’s form and ended as answers end, becomes likelier', async () => {
  const tried = [{ question, passRate: 0.25 }];
  const { batch, event } = await review(1, tried, undefined, settings, { policy, dialect, judge });
  expect(event).toMatchObject({ sequences: 1, replayed: 0, remembered: ['q'], mastered: [] });
  const [sequence] = batch;
  const tokenizer = await loadTokenizer(files);
  expect(sequence!.promptTokens).toEqual(
    tokenizer.encode(dialect.solvePrompt({ type: 'induction', question })),
  );
  const [end] = tokenizer.encode('<|im_end|>');
  expect(sequence!.tokens.at(-1)).toBe(end);
  expect(tokenizer.decode(sequence!.tokens)).toBe(' list[int]:\n    return sorted(nums)\n```');
  expect(sequence!.advantage).toBeCloseTo(0.75 * settings.hindsightWeight, 12);
  const stats = await policy.update(batch, {
    ...{ ...settings, lossMean: 'tokens' },
    ...{ learningRate: 1e-2, epochs: 3, seed: 1 },
  });
  expect(stats.tokens).toBe(3 * sequence!.tokens.length);
  const again = await review(2, tried, undefined, settings, { policy, dialect, judge });
  expect(again.event.logprob).toBeGreaterThan(event.logprob + 1);
});
