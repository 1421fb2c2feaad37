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
import { missingLibrary } from './libraries.ts';
import { NUMPY_STAND_IN } from './numpyStandIn.ts';
import { type Outcome, readCall, readFailure } from './outcomes.ts';
import type { Problem, Suite } from './problem.ts';
import { pythonOf } from './pythonOf.ts';

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
            ...pythonOf(problem),
          })),
          options.signal && { signal: options.signal },
        )
      : [];
  const known = new Map(unique.map(({ suite }, i) => [suite, readScript(first[i]!)]));
  const verdicts: ({ outcome: Outcome; reason: string } | undefined)[] = answers.map(({ suite, problem }) => {
    const read = known.get(suite)!;
    if (read.kind === 'missing') return noLibrary(read.why);
    if (read.kind === 'broken')
      return { outcome: 'bad-test', reason: `The bank's script fails by itself: ${read.why}` };
    if (read.kind === 'failed' && problem.solution) {
      return { outcome: 'bad-test', reason: `The bank's own solution fails its script: ${read.why}` };
    }
    return undefined;
  });
  const calls = answers.map(({ suite }) => {
    const read = known.get(suite)!;
    return 'calls' in read ? read.calls : [];
  });
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const open = [...answers.keys()].filter((i) => verdicts[i] === undefined);
    if (open.length === 0) break;
    const ran = await judge.run(
      open.map((i): ProgramRun => {
        const { answer, suite, problem } = answers[i]!;
        if (suite.tests.kind !== 'script') throw new Error('not a script');
        return {
          program: answer,
          inputs: calls[i]!,
          how: { kind: 'once', entry: suite.tests.entry },
          limits: { seconds, total: 60, valueChars: 1_000_000 },
          ...pythonOf(problem),
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
        ...pythonOf(answers[i]!.problem),
      })),
      options.signal && { signal: options.signal },
    );
    for (const [k, { i, failure }] of going.entries()) {
      const read = readScript(replies[k]!);
      if (read.kind === 'passed') verdicts[i] = { outcome: 'passed', reason: 'The script passes.' };
      else if (read.kind === 'ask' && !failure && read.calls.length <= MAX_CALLS) calls[i] = read.calls;
      // The script was told that the call failed, or never got there.
      else if (read.kind === 'missing') verdicts[i] = noLibrary(read.why);
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

_solved = globals().get(${stringLiteral(entry)})
import builtins as _builtins, collections as _collections, decimal as _decimal, fractions as _fractions
import random as _random
${NUMPY_STAND_IN}
_import = vars(_builtins)['__import__']
_stand_in = _numpy()

# Only the script gets NumPy's stand-in: an answer that needs NumPy needs all of it.
def _import_for_script(name, globals=None, locals=None, fromlist=(), level=0):
    if name == 'numpy':
        return _stand_in
    if name == 'numpy.testing':
        return _stand_in.testing if fromlist else _stand_in
    if name.startswith('numpy.'):
        raise _NotHere(name)
    try:
        return _import(name, globals, locals, fromlist, level)
    except ModuleNotFoundError as error:
        raise _NotHere(error.name or name)

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
    known = None if answers is not None else _solved
    def stand_in(*args, **kwargs):
        calls.append('*' + repr(args) + ', **' + repr(kwargs))
        if known is not None:
            try:
                return known(*args, **kwargs)
            except ModuleNotFoundError as error:
                raise _NotHere(error.name)
        if len(calls) > len(answers):
            raise _Ask
        answer = answers[len(calls) - 1]
        if answer is None:
            raise _Failed
        return _read(answer)
    _random.seed(0)
    scope = dict(globals())
    scope['__builtins__'] = dict(vars(_builtins), **{'__import__': _import_for_script})
    scope.update({'candidate': stand_in, ${stringLiteral(entry)}: stand_in})
    try:
        exec(compile(${stringLiteral(script)}, '<script>', 'exec'), scope)
    except _Ask:
        return ('ask', '', calls)
    except _NotHere as error:
        return ('missing', str(error), calls)
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
  /** It could not run at all; or it, or the solution, needs what is not here: `why` is its name. */
  | { kind: 'broken' | 'missing'; why: string };

function noLibrary(name: string): { outcome: Outcome; reason: string } {
  return { outcome: 'no-library', reason: `Its tests need ${name}, which is not here: it can't be judged.` };
}

function readScript(result: Awaited<ReturnType<Judge['run']>>[number]): ScriptEnd {
  if (result.status !== 'ran') {
    const library = missingLibrary(result.error);
    return library ? { kind: 'missing', why: library } : { kind: 'broken', why: result.error };
  }
  const call = result.calls[0]!;
  if (call.status !== 'returned')
    return { kind: 'broken', why: 'error' in call ? call.error : 'it took too long' };
  const items = readValue(call.value)?.items;
  const kind = items?.[0]?.text;
  if (kind === 'missing') return { kind, why: items![1]!.text ?? '' };
  if (kind !== 'passed' && kind !== 'failed' && kind !== 'ask')
    return { kind: 'broken', why: 'it gave no result' };
  const calls = items![2]!.items!.map(({ text }) => text ?? '');
  return { kind, why: items![1]!.text ?? '', calls };
}
