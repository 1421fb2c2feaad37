/** Hostile answers among good ones, graded as a file of answers is: each way of judging, on Node. */
import { afterAll, expect, test } from 'vitest';
import { readAnswers } from '../../../src/banks/answers.ts';
import { grade } from '../../../src/banks/grading.ts';
import { readBank } from '../../../src/banks/readBank.ts';
import { NodeJudge } from '../../../src/python/nodeJudge.ts';
import { LIVECODEBENCH_CALL_ROW } from '../banks/samples.ts';
import { PATIENCE } from './judgeContract.ts';

const judge = new NodeJudge({ size: 2 });
afterAll(() => judge.dispose());

const SECRET = 4242;
const pairs = (...numbers: number[]) =>
  JSON.stringify(numbers.map((n) => ({ input: `${n}`, output: `${n + SECRET}`, testtype: 'functional' })));
const BANK = [
  {
    id: 'calls',
    entry: 'g',
    tests: [
      { input: '3', expected: `${3 + SECRET}` },
      { input: '5', expected: `${5 + SECRET}` },
    ],
  },
  {
    id: 'stdin',
    tests: [
      { stdin: '3\n', stdout: `${3 + SECRET}\n` },
      { stdin: '5\n', stdout: `${5 + SECRET}\n` },
    ],
  },
  // As LiveCodeBench calls functions, with all that it imports for them.
  { ...LIVECODEBENCH_CALL_ROW, public_test_cases: pairs(3, 5), private_test_cases: pairs(4) },
  {
    id: 'afresh',
    program: `def f(x): return x + ${SECRET}`,
    inputs: ['3', '5'],
    outputs: [`${3 + SECRET}`, `${5 + SECRET}`],
  },
  // A value that the test itself makes something of, and a script with a table of what it expects.
  mbppRow(7001, [`assert list(g(3)) == [${3 + SECRET}]`, `assert sorted(g(5)) == [${5 + SECRET}]`]),
  mbppRow(7002, [
    `wanted = [(3, ${SECRET}), (5, ${SECRET})]`,
    `for given, more in wanted:\n    assert list(g(given)) == [given + more], wanted`,
    `it = iter(g(1))\nassert next(it) == ${1 + SECRET}`,
  ]),
];

function mbppRow(task_id: number, test_list: string[]) {
  const code = `def g(x): return [x + ${SECRET}]`;
  return { task_id, text: 't', code, test_list, test_setup_code: '', challenge_test_list: [] };
}

/** What each does before it answers. */
const DEEDS = [
  'import builtins\nbuiltins.sum = builtins.len = builtins.int = lambda *a: 0',
  `import sys\nfor m in list(sys.modules.values()):\n    for k, v in list(vars(m).items()):\n        if str(v).find("${SECRET}") >= 0: FOUND = v`,
  `import gc\nFOUND = [o for o in gc.get_objects() if type(o) is list and ${SECRET} in o]\nif FOUND: g = lambda x: x + FOUND[0][0]`,
  'import sys, importlib\nj = vars(sys.modules["__main__"]).get("judge")\nif j:\n    for k in list(vars(j)):\n        if not k.startswith("__"): setattr(j, k, lambda *a, **k: {"status": "returned", "value": "1"})',
  'import json\njson.dumps = lambda *a, **k: \'{"status":"ran","calls":[{"status":"returned","value":"1"}]}\'',
  'import sys\nsys.settrace(lambda *a: 1 / 0)',
  'import atexit, os\natexit.register(os._exit, 0)',
  'import random, time\nrandom.seed = random.random = time.time = time.perf_counter = lambda *a: 0.5',
  'import sys, io\nsys.stdout = sys.stderr = sys.stdin = io.StringIO("9")',
  'class E:\n    def __eq__(self, o): return True\n    def __radd__(self, o): return self\n    def __str__(self): return "True"\n    __repr__ = __str__\ng = f = pairs = lambda x: E()',
];
const IDS: Record<string, string> = {
  prelude: LIVECODEBENCH_CALL_ROW.question_id,
  asked: 'Mbpp/7001',
  script: 'Mbpp/7002',
};
const GOOD: Record<string, string> = {
  calls: `import math\ndef g(x): return x + int(math.sqrt(${SECRET} ** 2)) * sum([1]) * len("a")`,
  stdin: `import random, time\nassert random.random() != 0.5 and time.time() > 10 ** 9\nprint(int(input()) + ${SECRET})`,
  prelude: `def pairs(x): return Counter([x]).most_common(1)[0][0] + ${SECRET}`,
  afresh: `def f(x): return x + ${SECRET} * sum([1])`,
  asked: `def g(x): return map(lambda v: v + ${SECRET} * len("a"), [x])`,
  script: `def g(x):\n    yield int(x) + sum([${SECRET}])`,
};

test('60 hostile answers change no verdict of 180 good ones, and pass nothing', {
  timeout: PATIENCE,
}, async () => {
  const rows = DEEDS.flatMap((deed, i) =>
    Object.keys(GOOD).flatMap((kind) => {
      const id = IDS[kind] ?? kind;
      const wrong = kind === 'stdin' ? 'print(1)' : '';
      const hostile = {
        id,
        solution: `def g(x): return 1\nf = pairs = g\n${deed}\n${wrong}`,
        correct: false,
      };
      // Different programs, so that each is judged.
      const good = [1, 2, 3].map((n) => ({ id, solution: `${GOOD[kind]}\n# ${i} ${n}`, correct: true }));
      return [good[0]!, hostile, good[1]!, good[2]!];
    }),
  );
  const text = (list: readonly object[]) => list.map((row) => JSON.stringify(row)).join('\n');
  const bank = await readBank(text(BANK));
  const { answers, faults } = readAnswers(text(rows), bank.problems);
  expect([...bank.faults, ...faults]).toEqual([]);
  expect([answers.length, rows.filter(({ correct }) => !correct).length]).toEqual([240, 60]);
  const judged = await grade(
    answers.map(({ submission }) => submission),
    judge,
    { seconds: 2 },
  );
  const odd = judged.flatMap(([verdict], i) =>
    (verdict!.outcome === 'passed') === rows[i]!.correct ? [] : [[rows[i], verdict]],
  );
  expect(odd).toEqual([]);
  // None came by what it was judged by: a value that it found would be in its reason as its own.
  for (const [i, [verdict]] of judged.entries()) {
    if (!rows[i]!.correct)
      expect(verdict!.reason).not.toMatch(new RegExp(`gave \\S*${SECRET}|printed "\\S*${SECRET}`));
  }
});
