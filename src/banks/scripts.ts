/**
 * Tests that are a script. The script and the answer never share an interpreter: the script runs with a
 * stand-in that notes how it is called, the answer is called the same way elsewhere, and the script runs
 * again with what the answer gave. So an answer sees the arguments of its calls and nothing else, as
 * everywhere; what it changes in its arguments is not seen by the script.
 */
import type { Judge, JudgeOptions, ProgramRun } from '../gasp/ports.ts';
import { brief } from '../util/text.ts';
import { readValue } from '../pytext/sameValue.ts';
import { stringLiteral } from '../pytext/toLiteral.ts';
import { type Outcome, readCall, readFailure } from './outcomes.ts';
import type { Problem, Suite } from './problem.ts';

interface Scripted {
  problem: Problem;
  suite: Suite;
  answer: string;
}

/** Calls beyond these are one too many: a script could ask for ever. */
const MAX_ROUNDS = 40;
const MAX_CALLS = 5000;

/** Judges answers, in order. */
export async function gradeScripts(
  answers: readonly Scripted[],
  judge: Judge,
  options: JudgeOptions,
  seconds: number,
): Promise<{ outcome: Outcome; reason: string }[]> {
  const unique = [...new Map(answers.map((one) => [one.suite, one])).values()];
  const limits = { seconds: seconds * 2, total: seconds * 2, valueChars: 5_000_000 };
  // With the bank's own solution at first: right answers lead the script the same way.
  const first =
    unique.length > 0
      ? await judge.run(
          unique.map(({ problem, suite }) => ({
            program: scriptProgram(problem, suite),
            inputs: [problem.solution ? 'None' : '[]'],
            limits,
          })),
          options.signal && { signal: options.signal },
        )
      : [];
  const known = new Map(unique.map(({ suite }, i) => [suite, readScript(first[i]!)]));
  const verdicts: ({ outcome: Outcome; reason: string } | undefined)[] = answers.map(({ suite, problem }) => {
    const read = known.get(suite)!;
    if (read.kind === 'broken')
      return { outcome: 'bad-test', reason: `The bank's script fails by itself: ${read.why}` };
    if (read.kind === 'failed' && problem.solution) {
      return { outcome: 'bad-test', reason: `The bank's own solution fails its script: ${read.why}` };
    }
    return undefined;
  });
  const calls = answers.map(({ suite }) => {
    const read = known.get(suite)!;
    return read.kind === 'broken' ? [] : read.calls;
  });
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const open = [...answers.keys()].filter((i) => verdicts[i] === undefined);
    if (open.length === 0) break;
    const ran = await judge.run(
      open.map((i): ProgramRun => {
        const { answer, suite } = answers[i]!;
        if (suite.tests.kind !== 'script') throw new Error('not a script');
        return {
          program: answer,
          inputs: calls[i]!,
          how: { kind: 'once', entry: suite.tests.entry },
          limits: { seconds, total: 60, valueChars: 1_000_000 },
        };
      }),
      options.signal && { signal: options.signal },
    );
    const going: { i: number; source: string; failure: { outcome: Outcome; reason: string } | undefined }[] =
      [];
    for (const [k, i] of open.entries()) {
      const result = ran[k]!;
      if (result.status !== 'ran') {
        verdicts[i] = readFailure(result);
        continue;
      }
      const { suite } = answers[i]!;
      const entry = suite.tests.kind === 'script' ? suite.tests.entry : '';
      const last = result.calls.length - 1;
      const failed = readCall(
        result.calls[last] ?? { status: 'returned', value: '' },
        `${entry}(${brief(calls[i]![last] ?? '')})`,
        '',
      );
      const source = result.calls.map((call) =>
        call.status === 'returned' ? stringLiteral(call.value) : 'None',
      );
      going.push({ i, source: `[${source.join(', ')}]`, failure: failed });
    }
    const replies = await judge.run(
      going.map(({ i, source }) => ({
        program: scriptProgram(answers[i]!.problem, answers[i]!.suite),
        inputs: [source],
        limits,
      })),
      options.signal && { signal: options.signal },
    );
    for (const [k, { i, failure }] of going.entries()) {
      const read = readScript(replies[k]!);
      if (read.kind === 'passed') verdicts[i] = { outcome: 'passed', reason: 'The script passes.' };
      else if (read.kind === 'ask' && !failure && read.calls.length <= MAX_CALLS) calls[i] = read.calls;
      // The script was told that the call failed, or never got there.
      else if (failure) verdicts[i] = failure;
      else if (read.kind === 'ask')
        verdicts[i] = { outcome: 'bad-test', reason: 'The script makes too many calls.' };
      else verdicts[i] = { outcome: 'wrong', reason: `The script fails: ${read.why}` };
    }
  }
  return verdicts.map(
    (verdict) => verdict ?? { outcome: 'bad-test', reason: 'The script asks for ever more calls.' },
  );
}

/**
 * A program whose `f(answers)` runs the script with `answers[i]` as the value of its i-th call; each is the
 * text of a literal. `f(None)` calls the bank's solution instead. It gives how the script ended and its calls.
 */
function scriptProgram({ solution = '' }: Problem, { tests }: Suite): string {
  if (tests.kind !== 'script') throw new Error('not a script');
  const { entry, script } = tests;
  return `${solution}

import collections as _collections, decimal as _decimal, fractions as _fractions, random as _random

class _Ask(BaseException):
    pass

class _Failed(BaseException):
    pass

class _Opaque:
    """A value that no literal stands for: it equals nothing."""

def _read(text):
    try:
        return eval(text, {'__builtins__': {'set': set, 'frozenset': frozenset, 'bytearray': bytearray,
            'inf': float('inf'), 'nan': float('nan'), 'range': range, 'deque': _collections.deque,
            'Decimal': _decimal.Decimal, 'Fraction': _fractions.Fraction}})
    except Exception:
        return _Opaque()

def f(answers):
    calls = []
    known = None if answers is not None else globals()[${stringLiteral(entry)}]
    def stand_in(*args, **kwargs):
        calls.append('*' + repr(args) + ', **' + repr(kwargs))
        if known is not None:
            return known(*args, **kwargs)
        if len(calls) > len(answers):
            raise _Ask
        answer = answers[len(calls) - 1]
        if answer is None:
            raise _Failed
        return _read(answer)
    _random.seed(0)
    scope = dict(globals())
    scope.update({'candidate': stand_in, ${stringLiteral(entry)}: stand_in})
    try:
        exec(compile(${stringLiteral(script)}, '<script>', 'exec'), scope)
    except _Ask:
        return ('ask', '', calls)
    except _Failed:
        return ('failed', 'the call failed', calls)
    except AssertionError as error:
        line = error.__traceback__
        while line.tb_next is not None:
            line = line.tb_next
        return ('failed', 'an assertion of it does not hold' + (': ' + str(error) if str(error) else ''), calls)
    except Exception as error:
        return ('failed', type(error).__name__ + ': ' + str(error), calls)
    return ('passed', '', calls)
`;
}

type ScriptEnd =
  | { kind: 'passed' | 'failed' | 'ask'; why: string; calls: string[] }
  | { kind: 'broken'; why: string };

function readScript(result: Awaited<ReturnType<Judge['run']>>[number]): ScriptEnd {
  if (result.status !== 'ran') return { kind: 'broken', why: result.error };
  const call = result.calls[0]!;
  if (call.status !== 'returned')
    return { kind: 'broken', why: 'error' in call ? call.error : 'it took too long' };
  const items = readValue(call.value)?.items;
  const kind = items?.[0]?.text;
  if (kind !== 'passed' && kind !== 'failed' && kind !== 'ask')
    return { kind: 'broken', why: 'it gave no result' };
  const calls = items![2]!.items!.map(({ text }) => text ?? '');
  return { kind, why: items![1]!.text ?? '', calls };
}
