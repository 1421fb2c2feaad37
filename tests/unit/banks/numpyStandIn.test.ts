/** What scripts get in NumPy's place, beside NumPy itself. */
import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { NUMPY_STAND_IN } from '../../../src/banks/numpyStandIn.ts';
import { NodeJudge } from '../../../src/python/nodeJudge.ts';
import { stringLiteral } from '../../../src/pytext/toLiteral.ts';

/**
 * Expressions and what `repr(eval(...))` or the exception's class is with NumPy 1.26.4 and CPython 3.11, where
 * NumPy's own subclasses of TypeError are written as it.
 */
const CASES: [string, string][] = JSON.parse(
  readFileSync(new URL('./numpyCases.json', import.meta.url), 'utf8'),
);

const judge = new NodeJudge({ size: 1 });
afterAll(() => judge.dispose());

async function evaluate(sources: string[]): Promise<string[]> {
  const program = `${NUMPY_STAND_IN}
def f(sources):
    names = {'np': _numpy(), 'inf': float('inf'), 'nan': float('nan')}
    found = []
    for source in sources:
        try:
            found.append(repr(eval(source, dict(names))))
        except _NotHere as error:
            found.append('not here: ' + str(error))
        except Exception as error:
            found.append(type(error).__name__)
    return found
`;
  const [result] = await judge.run([
    { program, inputs: [`[${sources.map(stringLiteral).join(', ')}]`], limits: { seconds: 60, total: 60 } },
  ]);
  if (result?.status !== 'ran' || result.calls[0]?.status !== 'returned')
    throw new Error(JSON.stringify(result));
  return JSON.parse(
    result.calls[0].value.replaceAll(/'((?:[^'\\]|\\.)*)'/g, (_, text) => JSON.stringify(text)),
  );
}

test('it gives what NumPy gives', { timeout: 120_000 }, async () => {
  const found = await evaluate(CASES.map(([source]) => source));
  expect(CASES.map(([source], i) => [source, found[i]])).toEqual(CASES);
});

test('what it lacks is named', { timeout: 120_000 }, async () => {
  const sources = [
    'np.sort([2, 1])',
    'np.linalg',
    'np.array([1]) + 1',
    'np.array([1]).mean()',
    'np.int64(3)',
  ];
  expect(await evaluate(sources)).toEqual([
    'not here: numpy.sort',
    'not here: numpy.linalg',
    'not here: numpy.ndarray.__add__',
    'not here: numpy.ndarray.mean',
    'not here: numpy.int64(...)',
  ]);
});
