/** `lab judge` as its user runs it, and its verdicts on real answers. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { compareVerdicts } from '../../../src/banks/agreement.ts';
import { readAnswers } from '../../../src/banks/answers.ts';
import { grade } from '../../../src/banks/grading.ts';
import { readBank } from '../../../src/banks/readBank.ts';
import { NodeJudge } from '../../../src/python/nodeJudge.ts';
import { HUMANEVAL_ROW, judgedText, MBPP_ROW, QUESTION_ROW } from '../banks/samples.ts';
import { JUDGED, lacksShared, needs } from '../shared.ts';
import { lab } from './command.ts';

const PATIENCE = 600_000;
const folder = mkdtempSync(join(tmpdir(), 'lab-judge-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, ...rows: (object | string)[]): string {
  const path = join(folder, name);
  writeFileSync(path, rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n'));
  return path;
}

const problems = () => file('problems.jsonl', HUMANEVAL_ROW, QUESTION_ROW, '{"id": "bad"');
const right = { task_id: HUMANEVAL_ROW.task_id, completion: '    return x / 2' };

test('the last line is the report; bad rows are named, good ones judged', { timeout: PATIENCE }, async () => {
  const answers = file(
    'answers.jsonl',
    { ...right, base: 'pass' },
    { ...right, completion: '    return x', base: 'pass' },
    { id: 'double', program: 'def f(x): return x', correct: false },
    { id: 'nobody', answer: '1' },
  );
  const { code, stdout, stderr } = await lab([
    'judge',
    '--problems',
    problems(),
    '--answers',
    answers,
    '--json',
  ]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toEqual({
    rows: 3,
    passed: 1,
    agree: 2,
    not_judged: 0,
    disagree: [`${HUMANEVAL_ROW.task_id}#2`],
  });
  expect(stdout).toMatch(
    /HumanEval\/900#2: wrong\. half\(3\) gave 3, expected 1\.5 .*the reference says pass/,
  );
  expect(stderr).toMatch(/problems\.jsonl: Line 3: This is not JSON/);
  expect(stderr).toMatch(/answers\.jsonl: Line 4, field "id": There is no problem "nobody"/);
});

test('without verdicts there is nothing to agree with; without answers there is nothing', {
  timeout: PATIENCE,
}, async () => {
  const [none, empty] = [file('none.jsonl', right), file('empty.jsonl', '')];
  const { stdout } = await lab(['judge', '--problems', problems(), '--answers', none, '--json', '--quiet']);
  expect(stdout.trim()).toBe('{"rows":1,"passed":1,"not_judged":0}');
  expect((await lab(['judge', '--problems', problems(), '--answers', empty])).code).toBe(1);
  const missing = await lab(['judge', '--problems', join(folder, 'missing.jsonl'), '--answers', none]);
  expect([missing.code, missing.stderr]).toEqual([2, expect.stringMatching(/missing\.jsonl cannot be read/)]);
});

test("a folder of samples, several answers to one problem, and what isn't run", {
  timeout: PATIENCE,
}, async () => {
  const samples = join(folder, 'samples');
  mkdirSync(join(samples, 'HumanEval_900'), { recursive: true });
  writeFileSync(join(samples, 'HumanEval_900', '0.py'), 'def half(x): return x / 2');
  writeFileSync(join(samples, 'HumanEval_900', '1.py'), 'def half(x): return x');
  const bank = file('challenge.jsonl', HUMANEVAL_ROW, {
    ...MBPP_ROW,
    challenge_test_list: ['assert shared((1,), (1,)) == (1,)'],
  });
  const { stdout, stderr } = await lab(['judge', '--problems', bank, '--answers', samples, '--json']);
  expect(stdout).toMatch(/^HumanEval\/900#2: wrong/);
  expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toEqual({ rows: 2, passed: 1, not_judged: 0 });
  expect(stderr).toMatch(/challenge\.jsonl: Left out in 1 rows: challenge_test_list/);
});

test('a form that is not read is answered with those that are', { timeout: PATIENCE }, async () => {
  const metrics = file('results.json', { humaneval: { 'pass@1': 0.5 }, config: {} });
  const { code, stderr } = await lab(['judge', '--problems', problems(), '--answers', metrics]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/no answer that could be judged\. Answers that are read:[\s\S]*generations\.json/);
});

/** A sample that takes seconds; docs/judge-agreement.md has all of them. */
test.skipIf(lacksShared(JUDGED))(
  needs(JUDGED, 'verdicts on real answers are those of the references'),
  {
    timeout: PATIENCE,
  },
  async () => {
    const judge = new NodeJudge({ size: 2 });
    const sample = async (bankFile: string, answersFile: string, every: number, except: string[] = []) => {
      const { problems } = await readBank(judgedText(bankFile));
      const { answers, faults } = readAnswers(judgedText(answersFile), problems);
      expect(faults).toEqual([]);
      const taken = answers.filter(({ id }, i) => i % every === 0 && !except.includes(id));
      const judged = await grade(
        taken.map(({ submission }) => submission),
        judge,
      );
      for (const [i, answer] of taken.entries()) {
        expect([answer.id, compareVerdicts(answer, judged[i]!)]).toEqual([answer.id, { differ: [] }]);
      }
    };
    try {
      await sample('cruxeval.jsonl', 'qwen2.5-coder-1.5b-cruxeval-deduction.jsonl', 1);
      // Their programs need a newer Python than the reference's.
      const newer = ['sample_296', 'sample_409', 'sample_531', 'sample_548'];
      await sample('cruxeval.jsonl', 'qwen2.5-coder-1.5b-cruxeval-abduction.jsonl', 8, newer);
      await sample('humaneval.jsonl', 'qwen2.5-coder-1.5b-humaneval.jsonl', 5);
      await sample('mbppplus.jsonl', 'qwen2.5-coder-1.5b-mbpp.jsonl', 40);
    } finally {
      await judge.dispose();
    }
  },
);
