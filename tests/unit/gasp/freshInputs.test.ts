/** Programs on other inputs, run by real Python. */
import { afterAll, expect, test } from 'vitest';
import { Random } from 'onnx-lora/random';
import { chatDialect } from '../../../src/dialects/chat/dialect.ts';
import { withFreshInputs } from '../../../src/gasp/freshInputs.ts';
import type { Question } from '../../../src/gasp/question.ts';
import { NodeJudge } from '../../../src/python/nodeJudge.ts';

const dialect = chatDialect();
const judge = new NodeJudge({ limits: { seconds: 1 } });
afterAll(() => judge.dispose());

const ask = (id: string, program: string, inputs: string[]): Question => ({
  ...{ id, title: id, message: '', program, inputs, shown: dialect.shown },
  outputs: inputs.map(() => '?'),
});
const lists = (from: number) => Array.from({ length: 12 }, (_, i) => `[${from + i}, ${i}]`);
const sorts = ask('sorts', 'def f(x):\n    return sorted(x)', lists(1));
const sums = ask('sums', 'def f(x):\n    return [sum(x)]', lists(50));
const words = ask('words', 'def f(x):\n    return x.upper()', ["'a'", "'b'"]);
const breaks = ask('breaks', 'def f(x):\n    return 1 // (x[0] > 60)', lists(61));

test('inputs come from questions of the same type, outputs from the interpreter', async () => {
  const [other] = await withFreshInputs([sorts], [sums, words], Random.for(1), { judge, dialect });
  expect(other).toMatchObject({ id: 'sorts', program: sorts.program, shown: dialect.shown });
  expect(other!.inputs).toHaveLength(dialect.inputs);
  for (const [i, input] of other!.inputs.entries()) {
    expect(sums.inputs).toContain(input);
    const values = JSON.parse(input) as number[];
    expect(JSON.parse(other!.outputs[i]!)).toEqual(values.sort((a, b) => a - b));
  }
});

test('a question stays as it is where there are no such inputs, or its program makes none of them', async () => {
  const kept = await withFreshInputs([words, breaks], [sorts, sums], Random.for(1), { judge, dialect });
  expect(kept).toEqual([words, breaks]);
});
