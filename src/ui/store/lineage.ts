/** Where a branch comes from: the runs that its weights went through before it began. */
import { useEffect, useMemo, useState } from 'react';
import { foldEvents, type RunState } from '../../run/state.ts';
import { useActions, usePage } from './usePage.ts';

/** A run up to where the next one branched off it. */
export interface Ancestor {
  /** As it was then: nothing in it is later than the branch. */
  state: RunState;
  /** Its last iteration before the branch; at least 1. */
  upTo: number;
  /** What is added to its iterations so that this one stands right before the first of its branch. */
  shift: number;
}

/** Iterations that lie before the first one of the open run. */
export const pastLength = (past: readonly Ancestor[]): number => -(past.at(-1)?.shift ?? 0);

/** The run as it was when another one branched off it after iteration `upTo`. */
export function cutOff(state: RunState, upTo: number): RunState {
  return {
    ...state,
    iterations: state.iterations.filter(({ iteration }) => iteration <= upTo),
    // What a person kept after an iteration is trained on in the next one.
    taught: state.taught.filter(({ iteration }) => iteration < upTo),
    evaluations: state.evaluations.filter(({ iteration }) => iteration <= upTo),
    checkpoints: state.checkpoints.filter(({ iteration }) => iteration <= upTo),
  };
}

/**
 * The runs that `open` goes back to, nearest first, as far as `read` finds them: null for one that is
 * not stored. A branch from a start has nothing before it.
 */
export async function ancestorsOf(
  open: Pick<RunState, 'run' | 'branchedFrom'>,
  read: (run: string) => Promise<RunState | null>,
): Promise<Ancestor[]> {
  const past: Ancestor[] = [];
  const seen = new Set([open.run]);
  let from = open.branchedFrom;
  while (from && from.iteration > 0 && !seen.has(from.run)) {
    seen.add(from.run);
    const state = await read(from.run);
    if (!state) break;
    const shift = (past.at(-1)?.shift ?? 0) - from.iteration;
    past.push({ state: cutOff(state, from.iteration), upTo: from.iteration, shift });
    from = state.branchedFrom;
  }
  return past;
}

/** None for a replay: what a stranger's run calls its origin need not be the run of that id here. */
export function useAncestors(): Ancestor[] {
  const { open: openRun, runs, replay } = usePage('open', 'runs', 'replay');
  const { shelf, notices } = useActions();
  const [loaded, setLoaded] = useState<{ run: string; past: Ancestor[] } | null>(null);
  const open = replay ? undefined : openRun?.run;
  const from = openRun?.branchedFrom;
  // It comes back when its deletion is undone.
  const here = runs.some(({ run }) => run === from?.run);
  // A run's origin never changes, nor does what came before the branch.
  // biome-ignore lint/correctness/useExhaustiveDependencies: as said
  useEffect(() => {
    if (!open || !from || !here) return;
    let late = false;
    const stored = new Set(runs.map(({ run }) => run));
    ancestorsOf({ run: open, branchedFrom: from }, async (run) =>
      stored.has(run) ? foldEvents(await shelf.readRun(run)) : null,
    )
      .then((past) => {
        if (!late) setLoaded({ run: open, past });
      })
      .catch((error: unknown) => notices.report(error, 'The run is still stored. Try again.'));
    return () => {
      late = true;
    };
  }, [shelf, notices, open, from?.run, here]);
  return useMemo(() => {
    if (!loaded || loaded.run !== open) return [];
    const names = new Map(runs.map(({ run, name }) => [run, name]));
    const lost = loaded.past.findIndex(({ state }) => !names.has(state.run));
    return loaded.past
      .slice(0, lost < 0 ? undefined : lost)
      .map((one) => ({ ...one, state: { ...one.state, name: names.get(one.state.run)! } }));
  }, [loaded, open, runs]);
}

/**
 * What is added to another run's iterations: a branch begins where it left its origin, and two branches
 * of one origin stand at their own distance from it. 0 where the two have nothing to do with each other.
 */
export function shiftBetween(
  open: Pick<RunState, 'run' | 'branchedFrom'>,
  past: readonly Ancestor[],
  other: Pick<RunState, 'run' | 'branchedFrom'>,
): number {
  const shifts = new Map([[open.run, 0]]);
  if (open.branchedFrom) shifts.set(open.branchedFrom.run, -open.branchedFrom.iteration);
  for (const { state, shift } of past) shifts.set(state.run, shift);
  const itself = shifts.get(other.run);
  if (itself !== undefined) return itself;
  const origin = other.branchedFrom && shifts.get(other.branchedFrom.run);
  return origin === undefined ? 0 : origin + other.branchedFrom!.iteration;
}
