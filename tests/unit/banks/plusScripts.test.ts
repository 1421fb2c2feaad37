/**
 * HumanEval+ and MBPP+ as the Hub hands them out, by the real judge: rows of our own in the forms that
 * EvalPlus's exporter writes. What is wanted is what `exec(answer + test)` gives in CPython 3.11 with NumPy,
 * but for tasks for which EvalPlus has a rule of its own.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAnswers } from '../../../src/banks/answers.ts';
import { grade, type SuiteVerdict, verdictOf } from '../../../src/banks/grading.ts';
import { readBank } from '../../../src/banks/readBank.ts';
import { NodeJudge } from '../../../src/python/nodeJudge.ts';

const judge = new NodeJudge({ size: 2 });
afterAll(() => judge.dispose());

const IS_FLOATS = `import numpy as np

def is_floats(x) -> bool:
    if isinstance(x, float):
        return True
    if isinstance(x, (list, tuple)):
        return all(isinstance(i, float) for i in x)
    if isinstance(x, np.ndarray):
        return x.dtype == np.float64 or x.dtype == np.float32
    return False

`;
const ALLCLOSE = `${IS_FLOATS}
def assertion(out, exp, atol):
    exact_match = out == exp
    if atol == 0 and is_floats(exp):
        atol = 1e-6
    if not exact_match and atol != 0:
        assert np.allclose(out, exp, rtol=1e-07, atol=atol)
    else:
        assert exact_match, f"out: {out}, exp: {exp}"

`;
const OLDER = ALLCLOSE.replace(
  'assert np.allclose(out, exp, rtol=1e-07, atol=atol)',
  'np.testing.assert_allclose(out, exp, atol=atol)',
);
const SETS = `${IS_FLOATS}
def assertion(out, exp, atol):
    if atol == 0 and is_floats(exp):
        atol = 1e-6
    out = set(out)
    exp = set(exp)
    if out != exp and atol != 0:
        assert np.allclose(out, exp, rtol=1e-07, atol=atol)
    else:
        assert out == exp, f"out: {out}, exp: {exp}"

`;
const loop = (entry: string, inputs: string, results: string, atol = '0') =>
  `inputs = ${inputs}\nresults = ${results}\nfor i, (inp, exp) in enumerate(zip(inputs, results)):\n    assertion(${entry}(*inp), exp, ${atol})\n`;

const mbpp = (task_id: number, code: string, test_list: string[], test: string, more = {}) => ({
  task_id,
  code,
  prompt: 'Write a function.',
  source_file: 'own.ipynb',
  test_imports: [] as string[],
  test_list,
  test,
  ...more,
});
const humaneval = (task_id: string, entry_point: string, canonical_solution: string, test: string) => ({
  task_id,
  entry_point,
  prompt: `def ${entry_point}(x):\n    """ What it does. """\n`,
  canonical_solution,
  test,
});
const check = (helpers: string, body: string) =>
  `${helpers}\ndef check(candidate):\n${body.replaceAll(/^/gm, '    ')}`;

const ROWS = [
  mbpp(
    9100,
    'def half(n):\n    return n / 2',
    ['assert half(4) == 2.0'],
    ALLCLOSE + loop('half', '[[4], [1], [-3]]', '[2.0, 0.5, -1.5]'),
  ),
  mbpp(
    9101,
    'def parts(n):\n    return [n / 2, n / 4]',
    ['assert parts(4) == [2.0, 1.0]'],
    OLDER + loop('parts', '[[4], [1]]', '[[2.0, 1.0], [0.5, 0.25]]'),
  ),
  mbpp(
    9102,
    'def common(a, b):\n    return tuple(set(a) & set(b))',
    ['assert set(common((1, 2), (2, 3))) == {2}'],
    SETS + loop('common', '[[(1, 2), (2, 3)], [(), (1,)]]', '[(2,), ()]'),
  ),
  mbpp(
    9103,
    'from math import inf\ndef least(xs):\n    return min(xs, default=inf)',
    ['assert least([2, 1]) == 1'],
    `import math\nfrom math import inf\n${ALLCLOSE}${loop('least', '[[[2, 1]], [[]]]', '[1, inf]')}`,
    { test_imports: ['import math'] },
  ),
  mbpp(
    9104,
    'def spell(n):\n    return "ab" * n',
    ['assert spell(1) == "ab"'],
    `${ALLCLOSE}\ndef ref_func(n):\n    return "ab" * n\n\ninputs = [[1], [0], [50000]]\nfor i, inp in enumerate(inputs):\n    assertion(spell(*inp), ref_func(*inp), 0)\n`,
  ),
  // EvalPlus's rules for single tasks.
  mbpp(
    295,
    'def sum_div(n):\n    return sum(i for i in range(1, n) if n % i == 0)',
    ['assert sum_div(8) == 7'],
    ALLCLOSE + loop('sum_div', '[[8], [7]]', '[7, 1]'),
  ),
  mbpp(
    164,
    'def are_equivalent(a, b):\n    return a == b',
    ['assert are_equivalent(1, 2) == False'],
    ALLCLOSE + loop('are_equivalent', '[[1, 2], [2, 2]]', '[False, True]'),
  ),
  mbpp(
    737,
    'import re\ndef check_str(s):\n    return bool(re.match("[aeiou]", s))',
    ['assert check_str("annie")'],
    // As it is handed out it compares and asserts nothing.
    `def assertion(out, exp, atol):\n    if isinstance(out, bool):\n        exact_match = out == exp\n    else:\n        exact_match = exp == (out is not None)\n\n${loop('check_str', "[['annie'], ['dawood']]", '[True, False]')}`,
  ),
  mbpp(
    581,
    'def surface_Area(b, s):\n    return 2 * b * s + b * b',
    ['assert surface_Area(3, 4) == 33'],
    ALLCLOSE + loop('surface_Area', '[[3, 4]]', '[33]'),
  ),
  humaneval(
    'HumanEval/910',
    'twice',
    '    return 2 * x\n',
    check(ALLCLOSE, loop('candidate', '[[2], [0.1]]', '[4, 0.2]')),
  ),
  humaneval(
    'HumanEval/32',
    'find_zero',
    '    return -x[0] / x[1]\n',
    `import math\n\ndef _poly(xs: list, x: float):\n    return sum([coeff * math.pow(x, i) for i, coeff in enumerate(xs)])\n\n\ndef check(candidate):\n    inputs = [[[1, 2]], [[-6, 3]]]\n    results = [-0.5, 2.0]\n    for i, (inp, exp) in enumerate(zip(inputs, results)):\n        assert _poly(*candidate(*inp), inp) <= 0.0001\n`,
  ),
  // What cannot be judged.
  mbpp(
    9110,
    'def f(x):\n    return x',
    ['assert f(1) == 1'],
    'import numpy as np\nassert np.linalg.norm([f(3), 4]) == 5\n',
  ),
  mbpp(9111, 'def f(x):\n    return x', ['assert f(1) == 1'], 'import pandas as pd\nassert f(1) == 1\n'),
  mbpp(9112, 'def f(x):\n    return x', ['assert f(1) == 1'], ALLCLOSE + loop('f', '[[1], [2]]', '[1, 3]')),
  mbpp(9113, 'def f(x):\n    return x', ['assert f(1) == 2'], ALLCLOSE + loop('f', '[[1]]', '[1]')),
  mbpp(
    9114,
    'import numpy as np\ndef f(x):\n    return int(np.sum(x))',
    ['assert f([1]) == 1'],
    ALLCLOSE + loop('f', '[[[1]]]', '[1]'),
  ),
];

/** What is tried, the answer, verdicts of the suites and of the whole, what the last reason says. */
const CASES: [string, object, string, 'passed' | 'failed' | 'not-judged', RegExp?][] = [
  [
    'a right answer',
    { task_id: 9100, solution: 'def half(n):\n    return n * 0.5' },
    'passed passed',
    'passed',
  ],
  [
    'the examples by heart',
    { task_id: 9100, solution: 'def half(n):\n    return {4: 2.0}.get(n)' },
    'passed wrong',
    'failed',
  ],
  [
    'a float nearby',
    { task_id: 9100, solution: 'def half(n):\n    return n / 2 + 1e-8' },
    'passed passed',
    'passed',
  ],
  [
    'a float further off',
    { task_id: 9100, solution: 'def half(n):\n    return n / 2 + (n == 1) * 1e-4' },
    'passed wrong',
    'failed',
  ],
  [
    'the older helper',
    { task_id: 9101, solution: 'def parts(n):\n    return (n / 2, n / 4 + 1e-9)' },
    'passed passed',
    'passed',
  ],
  [
    'lists of other lengths',
    { task_id: 9101, solution: 'def parts(n):\n    return [n / 2, n / 4][: n]' },
    'passed wrong',
    'failed',
  ],
  [
    'sets by the script',
    { task_id: 9102, solution: 'def common(a, b):\n    return {*a} & {*b}' },
    'passed passed',
    'passed',
  ],
  [
    'infinity',
    { task_id: 9103, solution: 'def least(xs):\n    return min(xs) if xs else float("inf")' },
    'passed passed',
    'passed',
  ],
  [
    'a reference in the script',
    { task_id: 9104, solution: 'def spell(n):\n    return "".join(["ab"] * n)' },
    'passed passed',
    'passed',
  ],
  [
    'sum_div: 0 for a prime',
    { task_id: 295, solution: 'def sum_div(n):\n    return 7 if n == 8 else 0' },
    'passed passed',
    'passed',
  ],
  [
    'sum_div: wrong',
    { task_id: 'Mbpp/295', solution: 'def sum_div(n):\n    return 7 if n == 8 else 2' },
    'passed wrong',
    'failed',
  ],
  [
    'are_equivalent: anything',
    { task_id: 164, solution: 'def are_equivalent(a, b):\n    return None' },
    'passed passed',
    'passed',
  ],
  [
    'check_str: a match',
    { task_id: 737, solution: 'import re\ndef check_str(s):\n    return re.match("[aeiou]", s)' },
    'passed passed',
    'passed',
  ],
  [
    'check_str: wrong',
    { task_id: 737, solution: 'def check_str(s):\n    return True' },
    'passed wrong',
    'failed',
  ],
  [
    'surface_Area: the other height',
    {
      task_id: 581,
      solution: 'def surface_Area(b, h):\n    return round(b * b + 2 * b * ((b / 2) ** 2 + h * h) ** 0.5)',
    },
    'passed passed',
    'passed',
  ],
  ['HumanEval+', { task_id: 'HumanEval/910', completion: '    return x + x\n' }, 'passed', 'passed'],
  [
    'HumanEval+: wrong',
    { task_id: 'HumanEval/910', completion: '    return {2: 4}.get(x)\n' },
    'wrong',
    'failed',
  ],
  [
    'find_zero: a root',
    { task_id: 'HumanEval/32', completion: '    return -x[0] / x[1] + 1e-6\n' },
    'passed',
    'passed',
  ],
  ['find_zero: none', { task_id: 'HumanEval/32', completion: '    return 1\n' }, 'wrong', 'failed'],
  [
    'more of NumPy than there is',
    { task_id: 9110, solution: 'def f(x):\n    return x' },
    'passed no-library',
    'not-judged',
    /numpy\.linalg/,
  ],
  [
    'the same, and wrong before',
    { task_id: 9110, solution: 'def f(x):\n    return 3' },
    'wrong no-library',
    'failed',
  ],
  [
    'another library in the script',
    { task_id: 9111, solution: 'def f(x):\n    return x' },
    'passed no-library',
    'not-judged',
    /pandas/,
  ],
  [
    'a solution that fails the script',
    { task_id: 9112, solution: 'def f(x):\n    return x' },
    'passed bad-test',
    'not-judged',
  ],
  [
    'a solution that fails the assertions',
    { task_id: 9113, solution: 'def f(x):\n    return 2' },
    'bad-test wrong',
    'failed',
    /does not hold/,
  ],
  [
    'a right answer to bad assertions',
    { task_id: 9113, solution: 'def f(x):\n    return x' },
    'bad-test passed',
    'not-judged',
  ],
  [
    'a solution that needs NumPy',
    { task_id: 9114, solution: 'def f(x):\n    return sum(x)' },
    'no-library no-library',
    'not-judged',
    /numpy/,
  ],
  [
    'an answer that needs NumPy',
    { task_id: 9100, solution: 'import numpy as np\ndef half(n):\n    return float(np.divide(n, 2))' },
    'no-library no-library',
    'not-judged',
    /numpy/,
  ],
  [
    'one that does without',
    {
      task_id: 9100,
      solution:
        'try:\n    import numpy\nexcept ImportError:\n    numpy = None\ndef half(n):\n    return n / 2',
    },
    'passed passed',
    'passed',
  ],
  [
    'one that imports what nobody has',
    { task_id: 9100, solution: 'import solution_of_half\ndef half(n):\n    return n / 2' },
    'raised raised',
    'failed',
  ],
];

const verdicts = new Map<string, SuiteVerdict[]>();
beforeAll(async () => {
  const { problems, faults } = await readBank(ROWS.map((row) => JSON.stringify(row)).join('\n'));
  const read = readAnswers(CASES.map(([, row]) => JSON.stringify(row)).join('\n'), problems);
  expect([...faults, ...read.faults]).toEqual([]);
  const judged = await grade(
    read.answers.map(({ submission }) => submission),
    judge,
  );
  for (const [i, [name]] of CASES.entries()) verdicts.set(name, judged[i]!);
}, 600_000);

test.each(CASES)('%s', (name, _row, outcomes, whole, reason = /./) => {
  const judged = verdicts.get(name)!;
  expect([judged.map(({ outcome }) => outcome).join(' '), verdictOf(judged)]).toEqual([outcomes, whole]);
  expect(judged.at(-1)!.reason).toMatch(reason);
});
