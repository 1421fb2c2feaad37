/**
 * What tests do with an answer besides comparing what it returns, held to CPython: `scriptTruth.json` says for
 * each answer whether `exec(answer); exec(setup + tests)` in one namespace of CPython 3.11 ends without an error.
 */
import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { grade } from '../../../src/banks/grading.ts';
import { readBank } from '../../../src/banks/readBank.ts';
import { NodeJudge } from '../../../src/python/nodeJudge.ts';

interface Row {
  name: string;
  setup?: string;
  tests: string[];
  solution: string;
  answers: { answer: string; passes: boolean }[];
  /** It is said that these cannot be judged. */
  unjudged?: true;
}

const PATIENCE = 900_000;
const rows: Row[] = JSON.parse(readFileSync(new URL('scriptTruth.json', import.meta.url), 'utf8'));
const judge = new NodeJudge({ size: 2 });
afterAll(() => judge.dispose());

async function outcomes(answers: (row: Row) => string[]): Promise<string[][]> {
  const bank = await readBank(
    rows
      .map(({ name, setup = '', tests, solution }, i) =>
        JSON.stringify({
          task_id: i,
          text: name,
          code: solution,
          test_list: tests,
          test_setup_code: setup,
          challenge_test_list: [],
        }),
      )
      .join('\n'),
  );
  expect(bank.faults).toEqual([]);
  const asked = rows.flatMap((row, i) =>
    answers(row).map((answer) => ({ i, problem: bank.problems[i]!, answer })),
  );
  const verdicts = await grade(asked, judge);
  return rows.map((_, i) =>
    asked.flatMap((one, k) =>
      one.i === i ? [`${verdicts[k]![0]!.outcome}: ${verdicts[k]![0]!.reason}`] : [],
    ),
  );
}

test('273 answers fare as in CPython, or it is said that they cannot be judged', {
  timeout: PATIENCE,
}, async () => {
  expect(rows.flatMap(({ answers }) => answers).length).toBe(273);
  const judged = await outcomes(({ answers }) => answers.map(({ answer }) => answer));
  const odd = rows.flatMap(({ name, answers, unjudged }, i) =>
    answers.flatMap(({ answer, passes }, k) => {
      const said = judged[i]![k]!;
      const right = unjudged
        ? said.startsWith('bad-test: It cannot be judged')
        : passes
          ? said.startsWith('passed')
          : !/^(?:passed|bad-test)/.test(said);
      return right ? [] : [[name, answer, said]];
    }),
  );
  expect(odd).toEqual([]);
});

/** Equal to everything, and whatever else a comparison could end in. */
const AGREEABLE = `class E:
    def __eq__(self, other):
        return True
    def __iter__(self):
        return iter([E(), E()])
    def __getattr__(self, name):
        return E()
    def __call__(self, *more):
        return E()
    def __contains__(self, other):
        return True
    def __hash__(self):
        return 1
    def __len__(self):
        return 2
    def __sub__(self, other):
        return 0
    __rsub__ = __add__ = __radd__ = __sub__
    def __lt__(self, other):
        return True
    __le__ = __gt__ = __ge__ = __lt__
def g(*more):
    return E()
`;
const COMPARING = [
  'set',
  'sorted',
  'list',
  'tuple',
  'dict',
  'no wrapper',
  'loop over a result',
  'next',
  'islice',
  'zip',
  'membership',
  'called',
  'attributes',
  'a date',
  'a call within a call',
  'a table of cases',
  'closeness',
  'a helper of the test',
];

test('an object that agrees with everything passes no comparison, though CPython lets it', {
  timeout: PATIENCE,
}, async () => {
  const judged = await outcomes(({ name }) => (COMPARING.includes(name) ? [AGREEABLE] : []));
  const said = rows.flatMap(({ name }, i) => judged[i]!.map((outcome) => [name, outcome]));
  expect(said.length).toBe(COMPARING.length);
  expect(said.filter(([, outcome]) => outcome!.startsWith('passed'))).toEqual([]);
});
