/** The effect of a run: its goalposts before and after, with fresh samples and equal n. */
import { countPasses } from '../src/gasp/goalposts.ts';
import { drawsOf } from '../src/gasp/settings.ts';
import { deriveSeed } from 'onnx-lora/random';
import type { LabPorts } from '../src/lab/labPorts.ts';
import { currentCounters, finishedIterations, foldEvents, summarizeEvaluation } from '../src/run/state.ts';

export interface GoalpostCount {
  /** Goalposts with at least one right answer among `samples`. */
  solved: number;
  /** Mean over goalposts of the share of right answers. */
  meanPass1: number;
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
}

/** Samples every goalpost `samples` times with the run's first and with its newest checkpoint. */
export async function report(
  ports: Pick<LabPorts, 'journal' | 'loadModel' | 'loadJudge'>,
  run: string,
  samples: number,
  say: (line: string) => void,
): Promise<RunReport> {
  const { journal } = ports;
  const state = foldEvents(await journal.read(run))!;
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
    const count = async (blob: string): Promise<{ count: GoalpostCount; passed: Record<string, number> }> => {
      await policy.restore((await journal.getCheckpoint(run, blob))!);
      const { passed } = await countPasses(
        goalposts,
        {
          ...drawsOf(settings),
          samples,
          seed: deriveSeed(settings.seed, 'report', blob),
          stage: 'evaluating',
        },
        { policy, judge, dialect },
      );
      const { solved, meanPassRate } = summarizeEvaluation({ samples, passed });
      return { count: { solved, meanPass1: meanPassRate }, passed };
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
  return summary;
}
