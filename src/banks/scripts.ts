/**
 * Tests that are a script. It runs as it is, with all that it expects, but what the answer defines is not
 * there: it stands in another interpreter, and what the script does with it (calls, attributes, elements) is
 * done there step by step, where nothing else of the script ever comes. So the script sees what a script
 * beside the answer would see, and the answer sees the arguments of its calls.
 *
 * `assert f(x) == y` is the simple case of the same: one step, whose value is compared outside (`kind: 'calls'`).
 */
import type { CallResult, Judge, JudgeOptions, ProgramResult, ProgramRun } from '../gasp/ports.ts';
import { brief } from '../util/text.ts';
import { missingLibrary, missingModule } from './libraries.ts';
import { NUMPY_STAND_IN } from './numpyStandIn.ts';
import { type Outcome, readCall, readFailure } from './outcomes.ts';
import type { Problem, Suite } from './problem.ts';
import { pythonOf } from './pythonOf.ts';

interface Scripted {
  problem: Problem;
  suite: Suite;
  answer: string;
}

type Verdict = { outcome: Outcome; reason: string };

/** How often a script may run again because it asked for a step that was not foreseen. */
const MAX_ROUNDS = 60;
/** Steps beyond these are one too many: a script could ask for ever. */
const MAX_STEPS = 10_000;
const VALUE_CHARS = 5_000_000;

/** Steps of a script, and their results beside one answer. */
interface Known {
  trace: string[];
  results: string[];
}

/** Judges answers, in order. */
export async function gradeScripts(
  answers: readonly Scripted[],
  judge: Judge,
  options: JudgeOptions,
  seconds: number,
): Promise<Verdict[]> {
  const signal: JudgeOptions = options.signal ? { signal: options.signal } : {};
  const unique = [...new Map(answers.map((one) => [one.suite, one])).values()];
  // With the bank's own solution at first: right answers lead the script the same way.
  const first = await runScripts(
    unique.map(({ suite, problem }) => ({ suite, problem, known: null })),
    judge,
    signal,
    seconds,
  );
  const foreseen = new Map(unique.map(({ suite }, i) => [suite, first[i]!]));
  const verdicts = answers.map(({ suite, problem }): Verdict | undefined => {
    const read = foreseen.get(suite)!;
    if (read.kind === 'ask' || read.kind === 'passed') return undefined;
    if (read.kind === 'unjudged') return unjudged(read.why);
    if (read.kind === 'missing') return noLibrary(read.why);
    if (problem.solution === undefined && read.kind !== 'broken') return undefined;
    if (read.kind === 'raised') {
      const module = missingModule(read.why);
      if (module !== undefined) return noLibrary(module);
    }
    const { why } = read;
    return {
      outcome: 'bad-test',
      reason:
        read.kind === 'broken'
          ? `The bank's script fails by itself: ${why}`
          : `The bank's own solution fails its script: ${why}`,
    };
  });
  const known = answers.map(({ suite }): Known => {
    const read = foreseen.get(suite)!;
    return { trace: 'trace' in read ? read.trace : [], results: [] };
  });
  let done = verdicts.filter((verdict) => verdict !== undefined).length;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const open = [...answers.keys()].filter((i) => verdicts[i] === undefined);
    if (open.length === 0) break;
    const ran = await judge.run(
      open.map(
        (i): ProgramRun => ({
          program: answers[i]!.answer,
          inputs: known[i]!.trace,
          how: { kind: 'steps' },
          limits: { seconds, total: 60, valueChars: VALUE_CHARS },
          ...pythonOf(answers[i]!.problem),
        }),
      ),
      signal,
    );
    const going: number[] = [];
    const failures = new Map<number, Verdict>();
    for (const [k, i] of open.entries()) {
      const result = ran[k]!;
      if (result.status !== 'ran') {
        verdicts[i] = readFailure(result);
        continue;
      }
      const failed = failureOf(result, known[i]!.trace);
      if (failed) failures.set(i, failed);
      known[i]!.results = result.calls.flatMap((call) => (call.status === 'returned' ? [call.value] : []));
      going.push(i);
    }
    const replies = await runScripts(
      going.map((i) => ({ ...answers[i]!, known: known[i]! })),
      judge,
      signal,
      seconds,
    );
    for (const [k, i] of going.entries()) {
      const read = replies[k]!;
      if (read.kind !== 'ask') verdicts[i] = verdictOf(read);
      // The step that it waits for is the one that gave nothing.
      else if (
        failures.has(i) &&
        read.trace[known[i]!.results.length] === known[i]!.trace[known[i]!.results.length]
      )
        verdicts[i] = failures.get(i)!;
      else if (read.trace.length > MAX_STEPS) verdicts[i] = unjudged('the script makes too many calls');
      else known[i] = { trace: read.trace, results: [] };
    }
    const now = verdicts.filter((verdict) => verdict !== undefined).length;
    for (; done < now; done++) options.onProgress?.(done + 1, answers.length);
  }
  return verdicts.map((verdict) => verdict ?? unjudged('the script asks for ever more calls'));
}

/** Scripts that one interpreter runs, one after the other: a fresh one takes half a second, most scripts a millisecond. */
const BATCH = 64;

/** Runs scripts with the known results of their steps. */
async function runScripts(
  asked: readonly { suite: Suite; problem: Problem; known: Known | null }[],
  judge: Judge,
  signal: JudgeOptions,
  seconds: number,
): Promise<ScriptEnd[]> {
  const inputs = asked.map(({ suite: { tests }, problem: { solution }, known }) => {
    if (tests.kind !== 'script') throw new Error('not a script');
    const { script, entry, setup } = tests;
    return JSON.stringify({ script, entry, setup, numpy: NUMPY_STAND_IN, ...(known ?? { solution }) });
  });
  const ends: ScriptEnd[] = new Array(asked.length);
  let open = [...asked.keys()];
  /** Scripts of a batch whose interpreter broke down: each runs again in an interpreter of its own, to find the one at fault. */
  let suspects: number[] = [];
  while (open.length + suspects.length > 0) {
    const size = Math.min(BATCH, Math.ceil(open.length / 2));
    const batches = [
      ...Array.from({ length: Math.ceil(open.length / size) || 0 }, (_, b) =>
        open.slice(b * size, (b + 1) * size),
      ),
      ...suspects.map((i) => [i]),
    ];
    const results = await judge.run(
      batches.map(
        (batch): ProgramRun => ({
          program: '',
          inputs: batch.map((i) => inputs[i]!),
          how: { kind: 'tests' },
          limits: { seconds: 2 * seconds, total: 2 * seconds * batch.length, valueChars: VALUE_CHARS },
          // Problems of one file come of one benchmark.
          ...pythonOf(asked[batch[0]!]!.problem),
        }),
      ),
      signal,
    );
    // Where one did not end, those after it have not run.
    open = [];
    suspects = [];
    for (const [b, batch] of batches.entries()) {
      const result = results[b]!;
      if (result.status !== 'ran' && batch.length > 1) {
        suspects.push(...batch);
        continue;
      }
      const reached = result.status === 'ran' ? Math.max(1, result.calls.length) : 1;
      for (const [k, i] of batch.entries()) {
        if (k < reached) ends[i] = readScript(result, k);
        else open.push(i);
      }
    }
  }
  return ends;
}

type ScriptEnd =
  | { kind: 'passed' | 'failed' | 'unjudged' | 'ask'; why: string; trace: string[] }
  /** By what the answer raised in the last step of the trace. */
  | { kind: 'raised'; why: string; line?: number; step: string; trace: string[] }
  /** 'broken': the script could not run. 'missing': the script or the solution needs a library that is not here, named by `why`. */
  | { kind: 'broken' | 'missing'; why: string };

function readScript(result: ProgramResult, index: number): ScriptEnd {
  const call = result.status === 'ran' ? result.calls[index] : result;
  if (call?.status !== 'returned') {
    const why = call && 'error' in call ? call.error : 'it took too long';
    const library = missingLibrary(why);
    return library ? { kind: 'missing', why: library } : { kind: 'broken', why };
  }
  return JSON.parse(call.value) as ScriptEnd;
}

function verdictOf(read: Exclude<ScriptEnd, { kind: 'ask' }>): Verdict {
  switch (read.kind) {
    case 'passed':
      return { outcome: 'passed', reason: 'The script passes.' };
    case 'raised':
      return readCall({ ...read, status: 'raised', error: read.why }, describeStep(read.step), '')!;
    case 'unjudged':
      return unjudged(read.why);
    case 'missing':
      return noLibrary(read.why);
    case 'broken':
      return { outcome: 'bad-test', reason: `The bank's script fails by itself: ${read.why}` };
    default:
      return { outcome: 'wrong', reason: `The script fails: ${read.why}` };
  }
}

function unjudged(why: string): Verdict {
  return { outcome: 'bad-test', reason: `It cannot be judged: ${why}.` };
}

function noLibrary(name: string): Verdict {
  return { outcome: 'no-library', reason: `Its tests need ${name}, which is not here: it can't be judged.` };
}

/** Why the last step gave nothing: out of time, too big. */
function failureOf(
  { calls }: ProgramResult & { status: 'ran' },
  trace: readonly string[],
): Verdict | undefined {
  const last: CallResult | undefined = calls.at(-1);
  if (!last || last.status === 'returned') return undefined;
  return readCall(last, describeStep(trace[calls.length - 1] ?? '{}'), '');
}

/** For a person: `g(...)`, or the attribute or operation that was asked for. */
function describeStep(json: string): string {
  const { do: what, given = [] } = JSON.parse(json) as { do?: string; given?: unknown[] };
  const [of, ...more] = given;
  const name = Array.isArray(of) && of[0] === 'root' ? String(of[1]) : 'what it gave';
  if (what === 'call') return `${name}(${brief(more.map(shown).join(', '))})`;
  return `${what ?? 'a step'} of ${name}`;
}

function shown(sent: unknown): string {
  if (!Array.isArray(sent)) return JSON.stringify(sent);
  return sent[0] === 'at' && Array.isArray(sent[2]) ? shown(sent[2]) : `${sent[0]}`;
}
