import { loadPyodide } from 'pyodide';
import { expect, test } from 'vitest';
import { evaluationProblems } from '../../../pretrain/evaluationSet.ts';
import { answers, pieces, programSource } from '../../../src/dialects/micro/microText.ts';
import { operations, trace } from '../../../src/dialects/micro/operations.ts';

const inputs = [
  [],
  [0],
  [-1],
  [7],
  [3, 1, 2],
  [-3, -1, -2, -4, -5],
  [5, 5, -5, 5, 6, 6],
  [99, -99, 0, 1, -1, 2, -2, 50],
  [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
  [-9, 14, 20, -30, 47, 0, 3],
  [1, 1, 1, 1],
  // The mean is 1/3, which no float is: a value next to it must fall on CPython's side.
  [0, 0, 1],
];

test('every operation, and every program, does what its Python does', async () => {
  const python = await loadPyodide();
  const evaluate = (source: string, x: number[]): number[] => {
    const run = python.globals.get('run') as (source: string, input: string) => string;
    return JSON.parse(run(source, JSON.stringify(x))) as number[];
  };
  python.runPython(
    'import json\n' +
      'def run(source, x):\n' +
      '    scope = {}\n' +
      '    exec(source, scope)\n' +
      '    before = json.loads(x)\n' +
      '    out = scope["f"](before)\n' +
      '    assert before == json.loads(x), "changed its argument"\n' +
      '    assert all(type(v) is int for v in out)\n' +
      '    return json.dumps(out)\n',
  );
  for (const operation of operations) {
    for (const x of inputs) {
      const ours = operation.apply(x);
      expect(ours, `${operation.python} on [${x}]`).toEqual(evaluate(programSource([operation]), x));
      expect(ours).not.toBe(x);
    }
  }
  for (const problem of evaluationProblems(4, 20)) {
    const traced = pieces.begin + answers.traced(problem.program, problem.inputs[0]!);
    for (const [i, x] of problem.inputs.entries()) {
      expect(problem.outputs[i]).toEqual(evaluate(traced, x));
      expect(trace(problem.program, x).at(-1)).toEqual(problem.outputs[i]);
    }
  }
});
