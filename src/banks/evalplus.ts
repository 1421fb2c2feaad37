/** EvalPlus's rows (HumanEval+, MBPP+): inputs as JSON; the expected values are those of the solution. */
import { parseJson, toLiteral } from '../pytext/toLiteral.ts';
import type { CallCase, Problem, Suite } from './problem.ts';
import { FieldError, idField, optionalText, type Row, textField } from './rows.ts';
import type { EvalPlusBenchmark } from './specialRules.ts';

/** Throws `FieldError`. */
export function readEvalPlusRow(row: Row): Problem {
  const { id, benchmark } = taskOf(idField(row, 'task_id'));
  const entry = textField(row, 'entry_point');
  const prompt = textField(row, 'prompt');
  const exact = parseJson(row.json) as Map<string, unknown>;
  const atol = Number(exact.get('atol') ?? 0);
  if (!Number.isFinite(atol)) throw new FieldError('atol', 'It must be a number.');
  const suites = (['base', 'plus'] as const).flatMap((name): Suite[] => {
    const inputs = exact.get(`${name}_input`);
    // HumanEval+ has rows without further inputs.
    if (name === 'plus' && (inputs === undefined || inputs === null)) return [];
    const sources = argumentLists(id, `${name}_input`, inputs);
    const cases = sources.map(
      (input): CallCase => ({ input, expected: 'solution', check: { kind: 'equal' } }),
    );
    return [
      { name, tests: { kind: 'calls', entry, cases, rules: { kind: 'evalplus', benchmark, entry, atol } } },
    ];
  });
  return {
    id,
    format: 'evalplus',
    title: entry.replaceAll('_', ' '),
    statement: optionalText(row, 'text') ?? prompt,
    prompt,
    solution: prompt + textField(row, 'canonical_solution'),
    suites,
  };
}

/** Both benchmarks come with other spellings of their ids: MBPP's own are numbers. */
function taskOf(written: string): { id: string; benchmark: EvalPlusBenchmark } {
  const mbpp = /^(?:mbpp\W|mbpp_)?(\d+)$/i.exec(written);
  if (mbpp) return { id: `Mbpp/${Number(mbpp[1])}`, benchmark: 'mbpp' };
  return { id: written, benchmark: /^mbpp/i.test(written) ? 'mbpp' : 'humaneval' };
}

function argumentLists(id: string, field: string, inputs: unknown): string[] {
  // MBPP+ has an empty object where there are no further inputs.
  if (inputs instanceof Map && inputs.size === 0) return [];
  if (!Array.isArray(inputs)) throw new FieldError(field, 'It must be a list of argument lists.');
  const convert = conversionOf(id);
  return inputs.map((input, i) => {
    if (!Array.isArray(input)) throw new FieldError(field, `Its element ${i} must be a list of arguments.`);
    try {
      return convert(input).join(', ');
    } catch {
      throw new FieldError(field, `Its element ${i} does not have the form of ${id}'s arguments.`);
    }
  });
}

/** Arguments of one call as sources. */
type Conversion = (args: unknown[]) => string[];

/**
 * JSON has no tuples, sets and complex numbers: EvalPlus's `mbpp_deserialize_inputs` says by task which
 * lists and texts stand for them (v0.2.2, the same in v0.3.1).
 */
const CONVERSIONS: [tasks: number[], Conversion][] = [
  [
    [
      2, 116, 132, 143, 222, 261, 273, 394, 399, 421, 424, 429, 470, 560, 579, 596, 616, 630, 726, 740, 744,
      809,
    ],
    (args) => args.map(tuple),
  ],
  [
    [63, 64, 70, 94, 120, 237, 272, 299, 400, 409, 417, 438, 473, 614, 780],
    (args) => args.map((list) => listOf(list, tuple)),
  ],
  [[75, 413, 444, 753], ([list, one]) => [listOf(list, tuple), toLiteral(one)]],
  [[106, 750], ([one, list]) => [toLiteral(one), tuple(list)]],
  [
    [115],
    ([list]) => [
      listOf(list, (item) => (Array.isArray(item) && item.length > 0 ? `set(${toLiteral(item)})` : '{}')),
    ],
  ],
  [[124], ([real, complex]) => [`float(${toLiteral(real)})`, `complex(${toLiteral(complex)})`]],
  [[250, 405, 446, 617, 720, 763, 808], ([list, one]) => [tuple(list), toLiteral(one)]],
  [[259, 401, 445], (args) => args.map((list) => tupleOf(list, tuple))],
  [[278], ([list]) => [tupleOf(list, (item) => (Array.isArray(item) ? tuple(item) : toLiteral(item)))]],
  [[307], ([list, ...others]) => [tuple(list), ...others.map(toLiteral)]],
  [[722], ([dict, ...others]) => [dictOfTuples(dict), ...others.map(toLiteral)]],
  [[252], ([text]) => [`complex(${toLiteral(text)})`]],
  [[580, 615, 791], (args) => args.map(deepTuple)],
];

function conversionOf(id: string): Conversion {
  const task = /^Mbpp\/(\d+)$/.exec(id);
  const found = task && CONVERSIONS.find(([tasks]) => tasks.includes(Number(task[1])));
  return found ? found[1] : (args) => args.map(toLiteral);
}

function asList(value: unknown): unknown[] {
  if (typeof value === 'string') return [...value];
  if (!Array.isArray(value)) throw new TypeError('not a list');
  return value;
}

function tupleOf(value: unknown, source: (item: unknown) => string): string {
  const items = asList(value).map(source);
  return items.length === 1 ? `(${items[0]},)` : `(${items.join(', ')})`;
}

function tuple(value: unknown): string {
  return tupleOf(value, toLiteral);
}

function listOf(value: unknown, source: (item: unknown) => string): string {
  return `[${asList(value).map(source).join(', ')}]`;
}

function deepTuple(value: unknown): string {
  return Array.isArray(value) ? tupleOf(value, deepTuple) : toLiteral(value);
}

function dictOfTuples(value: unknown): string {
  if (!(value instanceof Map)) throw new TypeError('not an object');
  const items = [...value].map(([key, item]) => `${toLiteral(key)}: ${tuple(item)}`);
  return `{${items.join(', ')}}`;
}
