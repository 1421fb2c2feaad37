import { expect, test } from 'vitest';
import { evaluationProblems } from '../../../pretrain/evaluationSet.ts';
import { isSound, poseProgram, questionOf, sampleProblem } from '../../../pretrain/world.ts';
import { listSource, readProgram } from '../../../src/dialects/micro/microText.ts';
import { operationById, operations, trace } from '../../../src/dialects/micro/operations.ts';
import { Random } from '../../../packages/onnx-lora/src/random.ts';

const program = (...ids: string[]) => ids.map(operationById);
const inputs = [
  [3, -1, 2, 5],
  [4, 4, -7],
  [8, 1, 0, -2, 6],
  [9, 3],
  [-5, 2, 2, 7],
];

test('sampled problems have the depth asked for and leaving a line out shows in the examples', () => {
  for (const depth of [1, 2, 3, 4, 5, 6]) {
    const rng = new Random(depth);
    for (let i = 0; i < 100; i++) {
      const problem = sampleProblem(rng, depth);
      expect(problem.program).toHaveLength(depth);
      for (let line = 0; line < depth; line++) {
        const shorter = problem.program.toSpliced(line, 1);
        const differs = [0, 1, 2].some(
          (k) => String(trace(shorter, problem.inputs[k]!).at(-1)) !== String(problem.outputs[k]),
        );
        expect(differs).toBe(true);
      }
      const states = problem.inputs.flatMap((input) => trace(problem.program, input));
      expect(Math.max(...states.map((x) => x.length))).toBeLessThanOrEqual(12);
      expect(Math.max(0, ...states.flat().map(Math.abs))).toBeLessThanOrEqual(99);
      expect(new Set(problem.outputs.map(String)).size).toBeGreaterThanOrEqual(3);
    }
  }
});

test.each([
  ['lines that cancel out', program('reverse', 'reverse', 'add-1')],
  ['an idle line', program('absolute', 'at-least-0')],
  ['one operation in two lines', program('reverse', 'drop-first', 'reverse')],
  ['the identity', program('negate', 'negate')],
  ['values out of range', program('square', 'square')],
  ['lists too long', program('repeat', 'repeat')],
])('not sound: %s', (_, lines) => {
  expect(isSound(lines, inputs)).toBe(false);
});

test('sound: each line matters', () => {
  expect(isSound(program('sort', 'adjacent-differences'), inputs)).toBe(true);
});

test('a program that nothing can show is not posed', () => {
  expect(poseProgram(new Random(1), program('keep-even', 'keep-odd'), 'ordinary')).toBeNull();
});

test('no operation is rare', () => {
  const rng = new Random(11);
  const counts = new Map(operations.map((operation) => [operation.id, 0]));
  for (let i = 0; i < 4000; i++) {
    for (const { id } of sampleProblem(rng, 2).program) counts.set(id, counts.get(id)! + 1);
  }
  const fair = 8000 / operations.length;
  expect(Math.min(...counts.values())).toBeGreaterThan(fair / 2);
  expect(Math.max(...counts.values())).toBeLessThan(fair * 2);
});

test('a question says the same as its problem', () => {
  const problem = sampleProblem(new Random(4), 3);
  const question = questionOf(problem, 'q');
  expect(readProgram(question.program)).toEqual(problem.program);
  expect(question.inputs).toEqual(problem.inputs.map(listSource));
  expect(question.outputs.map((output) => JSON.parse(output))).toEqual(problem.outputs);
});

test('evaluation problems are fixed, and more of them do not change the first', () => {
  expect(evaluationProblems(3, 8).slice(0, 4)).toEqual(evaluationProblems(3, 4));
});
