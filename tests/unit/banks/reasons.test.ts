/** Why an answer did not pass is told by what the interpreter says of itself, not by how its errors read. */
import { afterAll, expect, test } from 'vitest';
import { readAnswers } from '../../../src/banks/answers.ts';
import { grade } from '../../../src/banks/grading.ts';
import { readBank } from '../../../src/banks/readBank.ts';
import { NodeJudge } from '../../../src/python/nodeJudge.ts';
import { SCRIPT_ROW } from './samples.ts';

const judge = new NodeJudge();
afterAll(() => judge.dispose());

const jsonl = (...rows: object[]) => rows.map((row) => JSON.stringify(row)).join('\n');
const PROGRAM = "def f(x):\n    if x == 2:\n        raise ValueError('odd (in the input)')\n    return x";

async function outcomesOf(problems: string, answers: string): Promise<{ outcome: string; reason: string }[]> {
  const bank = await readBank(problems);
  const read = readAnswers(answers, bank.problems);
  expect([...bank.faults, ...read.faults]).toEqual([]);
  const submissions = read.answers.map(({ submission }) => submission);
  const verdicts = await grade(submissions, judge, { seconds: 5 });
  return verdicts.map((suites) => suites[0]!);
}

test('an input that is no Python, and a program whose own error says that it is none', async () => {
  const problem = { id: 'p', code: PROGRAM, input: '1', output: '1' };
  const answers = ['f(x = = 1)', 'f(2)', 'f(1)'].map((answer) => ({ id: 'p', task: 'abduction', answer }));
  expect(await outcomesOf(jsonl(problem), jsonl(...answers))).toMatchObject([
    { outcome: 'unparsable', reason: expect.stringContaining('is not Python') },
    { outcome: 'raised', reason: expect.stringContaining('ValueError: odd') },
    { outcome: 'passed' },
  ]);
});

test('an answer that ends its interpreter, and one that prints that it did', async () => {
  const answer = (completion: string) => ({ task_id: SCRIPT_ROW.task_id, completion });
  const answers = [
    answer('    import os\n    os._exit(3)'),
    answer("    raise RuntimeError('Program terminated with exit(4)')"),
  ];
  expect(await outcomesOf(jsonl(SCRIPT_ROW), jsonl(...answers))).toMatchObject([
    { outcome: 'crashed', reason: expect.stringContaining('(exit 3)') },
    { outcome: 'raised', reason: expect.stringContaining('exit(4)') },
  ]);
});
