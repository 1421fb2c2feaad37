/** Which goalposts the runs of a comparison solve, checkpoint by checkpoint. */
import type { GridBlock } from '../figures/GoalpostGrid.tsx';
import { log10 } from '../gasp/distance.ts';
import { passesOf } from '../gasp/measuring.ts';
import type { RunDigest, Tried } from './digest.ts';
import { byLabel } from './summary.ts';

export interface GoalpostTrials {
  /** Answers at each checkpoint that count. */
  samples: number;
  /** Goalposts that were tried. */
  tried: number;
  /** The goalposts that some run solves at some checkpoint, the most often solved first. */
  rows: { id: string; title: string }[];
  blocks: GridBlock[];
  /** With all answers of each trial. */
  table: (string | number)[][];
}

/** Undefined where nothing was tried, or none solved. */
export function goalpostTrials(runs: readonly RunDigest[]): GoalpostTrials | undefined {
  const groups = [...byLabel(runs)].map(([label, own]) => ({
    label,
    runs: own.map((run) => ({ seed: run.seed, trials: trialsOf(run) })),
  }));
  const all = groups.flatMap(({ label, runs }) =>
    runs.flatMap(({ seed, trials }) => trials.map((trial) => ({ label, seed, trial }))),
  );
  if (all.length === 0) return undefined;
  // Fewer answers on the way than at the end would make progress out of nothing: the first so many count.
  const samples = Math.min(...all.map(({ trial }) => trial.samples));
  const passed = ({ answers }: Tried, id: string) => passesOf(answers[id] ?? '', samples);
  const titles = new Map(runs.flatMap((run) => run.goalposts.map(({ id, title }) => [id, title])));
  const tried = [...new Set(all.flatMap(({ trial }) => Object.keys(trial.answers)))];
  const rows = tried
    .map((id) => ({
      id,
      title: titles.get(id) ?? id,
      count: all.filter(({ trial }) => passed(trial, id) > 0).length,
    }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || (a.id < b.id ? -1 : 1));
  if (rows.length === 0) return undefined;
  return {
    samples,
    tried: tried.length,
    rows,
    blocks: groups.map(({ label, runs }) => ({
      label,
      runs: runs.map(({ trials }) =>
        trials.map((trial) => ({
          iteration: trial.iteration,
          passed: new Map(rows.map(({ id }) => [id, passed(trial, id)])),
        })),
      ),
    })),
    table: all.flatMap(({ label, seed, trial: { iteration, answers, samples: n, logprobs } }) =>
      rows.map(({ id }) => [
        id,
        titles.get(id) ?? '',
        label,
        seed,
        iteration,
        passesOf(answers[id] ?? ''),
        n,
        log10(logprobs?.[id] ?? Number.NaN),
      ]),
    ),
  };
}

/** A run's trials by iteration, one each. */
function trialsOf(run: RunDigest): Tried[] {
  const byIteration = new Map<number, Tried>();
  for (const tried of run.tries) {
    const known = byIteration.get(tried.iteration);
    if (!known || known.samples < tried.samples) byIteration.set(tried.iteration, tried);
  }
  return [...byIteration.values()].sort((a, b) => a.iteration - b.iteration);
}
