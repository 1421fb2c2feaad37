/** A second run on the figures of the open one. */
import { useCallback, useEffect, useMemo, useState } from 'react';
import { foldEvents, type RunState } from '../../run/state.ts';
import { type Ancestor, shiftBetween } from './lineage.ts';
import { useActions, usePage } from './usePage.ts';

/** The second run, and by how much its iterations are moved to stand where the open one's stand. */
export interface Other {
  state: RunState;
  shift: number;
  /** Its last iteration, as it stands on the figure. */
  last: number;
}

/** The run that the open one is compared with; another open run is compared with none. */
export function useOther(past: readonly Ancestor[]): [Other | null, (run: string | null) => void] {
  const { open: openRun, runs, beside } = usePage('open', 'runs', 'beside');
  const { shelf, notices } = useActions();
  const [chosen, setChosen] = useState<{ open: string; run: string } | null>(null);
  const [loaded, setLoaded] = useState<RunState | null>(null);
  const open = openRun?.run;
  const wanted = chosen && chosen.open === open && chosen.run !== beside?.run ? chosen.run : null;
  const version = runs.find(({ run }) => run === wanted)?.updatedAt;
  // `version` is new with each iteration of the other run.
  // biome-ignore lint/correctness/useExhaustiveDependencies: as said
  useEffect(() => {
    if (!wanted) {
      setLoaded(null);
      return;
    }
    let late = false;
    shelf
      .readRun(wanted)
      .then((events) => {
        if (!late) setLoaded(foldEvents(events));
      })
      .catch((error: unknown) => notices.report(error, 'The run is still stored. Try again.'));
    return () => {
      late = true;
    };
  }, [shelf, notices, wanted, version]);
  const compare = useCallback((run: string | null) => setChosen(run && open ? { open, run } : null), [open]);
  // A run that came with the replay stands beside it until another one is chosen.
  const second = wanted ? (loaded?.run === wanted ? loaded : null) : beside;
  const shift = openRun && second ? shiftBetween(openRun, past, second) : null;
  const other = useMemo(
    () =>
      second && shift !== null
        ? { state: second, shift, last: (second.iterations.at(-1)?.iteration ?? 0) + shift }
        : null,
    [second, shift],
  );
  return [other, compare];
}
