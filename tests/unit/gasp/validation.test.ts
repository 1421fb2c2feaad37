import { expect, test } from 'vitest';
import type { CallResult, Judge, Parsed, ProgramResult, ProposalDraft } from '../../../src/gasp/ports.ts';
import { validateDraft } from '../../../src/gasp/validation.ts';

/** Gives the listed results, in order, and remembers what it ran. */
function judge(results: ProgramResult[]): Judge & { programs: string[] } {
  const programs: string[] = [];
  return {
    programs,
    run: async (runs) => {
      programs.push(...runs.map((r) => r.program));
      return results.splice(0, runs.length);
    },
    sameValue: (a, b) => Number(a) === Number(b),
    dispose: async () => {},
  };
}
const values = (...list: string[]): ProgramResult => ({
  status: 'ran',
  calls: list.map((value): CallResult => ({ status: 'returned', value })),
});
const draft = (program: string, inputs = ['1', '2', '3', '4']): Parsed<ProposalDraft> => ({
  ok: true,
  value: { title: program, message: 'm', program, inputs },
});
const dialect = { inputs: 4, shown: 2 };

const validateDrafts = (
  drafts: readonly Parsed<ProposalDraft>[],
  ids: readonly string[],
  ...[port, asked]: [Judge, Parameters<typeof validateDraft>[3]]
) => Promise.all(drafts.map((d, i) => validateDraft(d, ids[i]!, port, asked)));

test('each draft becomes a question or the first fault found', async () => {
  const unsafe: ProgramResult = { status: 'unsafe', error: 'imports os', line: 1 };
  const raised: ProgramResult = {
    status: 'ran',
    calls: [
      { status: 'returned', value: '1' },
      { status: 'raised', error: 'ZeroDivisionError: division by zero' },
    ],
  };
  const slow: ProgramResult = { status: 'ran', calls: [{ status: 'timeout' }] };
  const pairs: [Parsed<ProposalDraft>, ProgramResult[]][] = [
    [draft('good'), [values('1', '2', '3', '4'), values('1.0', '2', '3', '4')]],
    [{ ok: false, reason: 'No program.' }, []],
    [draft('few inputs', ['1', '2', '3']), []],
    [draft('repeated inputs', ['1', '2', '2', '1']), []],
    [
      draft('syntax'),
      [
        { status: 'syntax', error: 'invalid', line: 2 },
        { status: 'syntax', error: 'invalid', line: 2 },
      ],
    ],
    [draft('unsafe'), [unsafe, unsafe]],
    [draft('raises'), [raised, raised]],
    [draft('slow'), [slow, slow]],
    [draft('random'), [values('1', '2', '3', '4'), values('1', '2', '9', '4')]],
    [draft('flaky'), [values('1', '2', '3', '4'), raised]],
    [draft('constant'), [values('0', '0', '0', '0'), values('0', '0', '0', '0')]],
    [
      draft('yes or no'),
      [values('True', 'False', 'False', 'False'), values('True', 'False', 'False', 'False')],
    ],
    [
      draft('crash'),
      [
        { status: 'crashed', error: 'out of memory' },
        { status: 'crashed', error: 'out of memory' },
      ],
    ],
  ];
  const port = judge(pairs.flatMap(([, results]) => results));
  const validated = await validateDrafts(
    pairs.map(([d]) => d),
    pairs.map((_, i) => `q${i}`),
    port,
    dialect,
  );
  expect(validated.map((v) => ('fault' in v ? v.fault.kind : v.question.id))).toEqual([
    'q0',
    'unparsable',
    'unparsable',
    'degenerate',
    'syntax',
    'unsafe',
    'raises',
    'timeout',
    'nondeterministic',
    'nondeterministic',
    'degenerate',
    'q11',
    'raises',
  ]);
  expect(validated[0]).toEqual({
    question: {
      id: 'q0',
      title: 'good',
      message: 'm',
      program: 'good',
      inputs: ['1', '2', '3', '4'],
      // The interpreter's outputs of the first run.
      outputs: ['1', '2', '3', '4'],
      shown: 2,
    },
  });
  expect(validated[6]).toMatchObject({ fault: { message: 'f(2): ZeroDivisionError: division by zero' } });
  expect(validated[8]).toMatchObject({ fault: { message: 'f(3) gave 3, then 9.' } });
  expect(port.programs.filter((p) => p === 'good')).toHaveLength(2);
});

test('inputs given twice are used once, and surplus ones not at all', async () => {
  const port = judge([values('1', '2', '3'), values('1', '2', '3')]);
  const [validated] = await validateDrafts([draft('p', ['1', '1', '2', '3', '4'])], ['q'], port, dialect);
  expect(validated).toMatchObject({ question: { inputs: ['1', '2', '3'] } });
});

test('a question that the model has no tokens for is turned away', async () => {
  const port = judge([values('1', '2', '3', '400'), values('1', '2', '3', '400')]);
  const unreadable = () => '400 is outside -99..99';
  const [validated] = await validateDrafts([draft('p')], ['q'], port, { ...dialect, unreadable });
  expect(validated).toEqual({
    fault: { kind: 'degenerate', message: 'The model cannot read it: 400 is outside -99..99.' },
  });
});

test('where a dialect says so, a few inputs less than asked for are taken', async () => {
  const drafts = [draft('fewer', ['1', '2', '3']), draft('too few', ['1', '2'])];
  const results = [values('1', '2', '3'), values('1', '2', '3')];
  const [fewer, tooFew] = await validateDrafts(drafts, ['a', 'b'], judge(results), {
    ...dialect,
    leastInputs: 3,
  });
  expect(fewer).toMatchObject({ question: { inputs: ['1', '2', '3'] } });
  expect(tooFew).toMatchObject({ fault: { message: 'It gives 2 inputs; 3 are needed.' } });
});
