/** The effect of a run: its goalposts before and after, with fresh samples and equal n. */
import { expectedSolved, log10, scoreReferences, summarizeDistances } from '../src/gasp/distance.ts';
import { countPasses } from '../src/gasp/goalposts.ts';
import { drawsOf } from '../src/gasp/settings.ts';
import { deriveSeed } from 'onnx-lora/random';
import { gradeWhenNeeded } from '../src/lab/gradeWhenNeeded.ts';
import type { LabPorts } from '../src/lab/labPorts.ts';
import {
  currentCounters,
  finishedIterations,
  flagsDown,
  foldEvents,
  summarizeEvaluation,
} from '../src/run/state.ts';

export interface GoalpostCount {
  /** Goalposts with at least one right answer among `samples`. */
  solved: number;
  /** Mean over goalposts of the share of right answers. */
  meanPass1: number;
  /** Goalposts with a reference answer, and the mean decimal logarithm of its probability; absent where none has one. */
  scored?: number;
  meanLog10?: number;
  /** Goalposts solved in expectation with `samples` answers, were the reference the only right one: a lower bound. */
  expectedSolved?: number;
}

/** One goalpost before and after: the decimal logarithm of its reference answer's probability, and right answers. */
export interface GoalpostDistance {
  id: string;
  title: string;
  before?: number;
  after?: number;
  passed: [before: number, after: number];
}

export interface RunReport {
  run: string;
  method: string;
  seed: number;
  backend: string;
  iterations: number;
  /** Seconds of self-play, without this report's sampling. */
  seconds: number;
  tokensSampled: number;
  tokensTrained: number;
  acceptedLemmas: number;
  acceptedLifts: number;
  acceptedUnguided: number;
  goalposts: number;
  /** Answers to each goalpost, with the starting weights and with the newest; 0: not sampled. */
  samples: number;
  before?: GoalpostCount;
  after?: GoalpostCount;
  /** Ids of goalposts that only the newest weights solve. */
  newlySolved?: string[];
  /** In the order of the run's list. */
  distances?: GoalpostDistance[];
  /** Goalposts whose flags came down in trials during the run, in that order, with the iteration. */
  flagsDown: { id: string; title: string; iteration: number }[];
}

interface Counted {
  count: GoalpostCount;
  passed: Record<string, number>;
  logprobs: Record<string, number>;
}

/**
 * Samples every goalpost `wanted` times with the run's first and with its newest checkpoint; not at all where it came
 * from elsewhere without its first.
 */
export async function report(
  ports: Pick<LabPorts, 'journal' | 'loadModel' | 'loadJudge'>,
  run: string,
  wanted: number,
  say: (line: string) => void,
): Promise<RunReport> {
  const { journal } = ports;
  const state = foldEvents(await journal.read(run))!;
  const hasStart = (await journal.checkpoints(run)).includes(state.checkpoints[0]!.blob);
  const samples = hasStart ? wanted : 0;
  if (!hasStart) say('The weights that the run started from did not come along: goalposts are not sampled.');
  const { settings, goalposts } = state;
  const accepted = (role: string) =>
    state.iterations.flatMap((i) => i.stones).filter((s) => s.accepted && s.proposal.role === role).length;
  const summary: RunReport = {
    run,
    method: settings.method,
    seed: settings.seed,
    backend: state.policy?.backend ?? '',
    iterations: finishedIterations(state),
    ...currentCounters(state),
    acceptedLemmas: accepted('lemma'),
    acceptedLifts: accepted('lift'),
    acceptedUnguided: accepted('unguided'),
    goalposts: goalposts.length,
    samples,
    flagsDown: flagsDown(state),
  };
  if (samples > 0) {
    const load = { signal: new AbortController().signal, onProgress: () => {} };
    const { policy, dialect } = await ports.loadModel(state.model, {
      ...load,
      tuning: settings.tuning,
      backend: 'auto',
      seed: deriveSeed(settings.seed, 'weights'),
    });
    const judge = await ports.loadJudge(load);
    const count = async (blob: string): Promise<Counted> => {
      await policy.restore((await journal.getCheckpoint(run, blob))!);
      const { passed } = await countPasses(
        goalposts,
        {
          ...drawsOf(settings),
          samples,
          seed: deriveSeed(settings.seed, 'report', blob),
          stage: 'evaluating',
        },
        { policy, judge, dialect, grade: gradeWhenNeeded },
      );
      const { solved, meanPassRate } = summarizeEvaluation({ samples, passed });
      const logprobs = await scoreReferences(goalposts, { policy, dialect });
      const { scored, meanLog10 } = summarizeDistances(logprobs);
      const near = scored > 0 && { scored, meanLog10, expectedSolved: expectedSolved(logprobs, samples) };
      return { count: { solved, meanPass1: meanPassRate, ...near }, passed, logprobs };
    };
    try {
      say(`Sampling ${goalposts.length} goalposts ${samples} times, before and after ...`);
      const before = await count(state.checkpoints[0]!.blob);
      const after = await count(state.checkpoints.at(-1)!.blob);
      summary.before = before.count;
      summary.after = after.count;
      summary.newlySolved = goalposts
        .map((g) => g.id)
        .filter((id) => after.passed[id]! > 0 && before.passed[id] === 0);
      summary.distances = goalposts.map(({ id, title }) => {
        const [first, last] = [before.logprobs[id], after.logprobs[id]];
        return {
          id,
          title,
          ...(first !== undefined && { before: log10(first) }),
          ...(last !== undefined && { after: log10(last) }),
          passed: [before.passed[id]!, after.passed[id]!],
        };
      });
    } finally {
      await judge.dispose();
      await policy.dispose();
    }
  }
  const { before, after } = summary;
  say(
    `${summary.iterations} iterations in ${(summary.seconds / 60).toFixed(1)} minutes; accepted ` +
      `${summary.acceptedLemmas} lemmas, ${summary.acceptedLifts} lifts, ${summary.acceptedUnguided} unguided; ` +
      `${summary.tokensSampled} tokens sampled, ${summary.tokensTrained} trained on ${summary.backend}`,
  );
  if (before && after) {
    say(
      `goalposts solved with ${samples} fresh samples: before ${before.solved}, after ${after.solved} of ` +
        `${goalposts.length}; mean pass@1 ${before.meanPass1.toFixed(4)}, then ${after.meanPass1.toFixed(4)}`,
    );
  }
  if (before?.meanLog10 !== undefined && after?.meanLog10 !== undefined) {
    const nearer = (summary.distances ?? []).filter(
      (d) => d.before !== undefined && d.after !== undefined && d.after - d.before >= Math.log10(5),
    ).length;
    say(
      `their reference answers, ${after.scored} of them: mean log10 p ${before.meanLog10.toFixed(2)}, then ` +
        `${after.meanLog10.toFixed(2)}, ${nearer} of them at least five times as likely; at least ` +
        `${before.expectedSolved!.toFixed(1)}, then ${after.expectedSolved!.toFixed(1)} expected solved with ${samples} answers`,
    );
  }
  if (summary.flagsDown.length > 0) {
    const flags = summary.flagsDown.map(({ id, iteration }) => `${id} (${iteration})`).join(', ');
    say(`flags that came down in trials, with their iteration: ${flags}`);
  }
  return summary;
}
