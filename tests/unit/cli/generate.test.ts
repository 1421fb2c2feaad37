/** `lab generate`: what is drawn, and what is told of it. */
import { expect, test } from 'vitest';
import { fixtureFolder } from '../../fixtures/models/folders.ts';
import { lab } from './command.ts';

const model = fixtureFolder('qwen2-optimum-fp32');
const generate = (...more: string[]) =>
  lab(['generate', '--model', model, '--prompt', 'hello', '--threads', '1', '--json', ...more]);
const last = (stdout: string) => JSON.parse(stdout.trim().split('\n').at(-1)!);
const tokens = (stdout: string) => last(stdout).samples.map((s: { tokens: number[] }) => s.tokens);

test('a nucleus or a choice of one token is the greedy answer, whatever the temperature', async () => {
  const greedy = await generate('--max-tokens', '12');
  expect(greedy.code).toBe(0);
  const hot = ['--max-tokens', '12', '--temperature', '2'];
  for (const narrow of [
    ['--top-p', '1e-9'],
    ['--top-k', '1'],
  ]) {
    expect(tokens((await generate(...hot, ...narrow)).stdout)).toEqual(tokens(greedy.stdout));
  }
  expect(tokens((await generate(...hot)).stdout)).not.toEqual(tokens(greedy.stdout));
});

test('time outside of ONNX Runtime is told, a part of what a token takes', async () => {
  const { stdout } = await generate('--max-tokens', '16', '--samples', '2', '--temperature', '1');
  const { ms_outside_runtime, tokens_per_second } = last(stdout);
  expect(ms_outside_runtime).toBeGreaterThan(0);
  expect(ms_outside_runtime).toBeLessThan(1000 / tokens_per_second);
});

test.each([
  [['--top-p', '1.5'], /--top-p takes a number from 0 to 1; got "1.5"/],
  [['--top-p', '0'], /--top-p 0 leaves no token to draw/],
  [['--top-k', '2.5'], /--top-k takes a whole number from 0; got "2.5"/],
])('refused with what to do: %s', async (args, message) => {
  const { code, stderr } = await generate(...args);
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});
