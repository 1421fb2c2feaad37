/** A second run on the figures of the open one. */
import { useCallback, useEffect, useMemo, useState } from 'react';
import { foldEvents, type RunState } from '../../run/state.ts';
import { type Ancestor, shiftBetween } from './lineage.ts';
import type { Session } from './session.ts';
import type { Snapshot } from './snapshot.ts';

/** The second run, and by how much its iterations are moved to stand where the open one's stand. */
export interface Other {
  state: RunState;
  shift: number;
  /** Its last iteration, as it stands on the figure. */
  last: number;
}

/** The run that the open one is compared with; another open run is compared with none. */
export function useOther(
  session: Session,
  snapshot: Snapshot,
  past: readonly Ancestor[],
): [Other | null, (run: string | null) => void] {
  const { state, runs } = snapshot;
  const [chosen, setChosen] = useState<{ open: string; run: string } | null>(null);
  const [loaded, setLoaded] = useState<RunState | null>(null);
  const open = state?.run;
  const wanted = chosen && chosen.open === open ? chosen.run : null;
  const version = runs.find(({ run }) => run === wanted)?.updatedAt;
  // `version` is new with each iteration of the other run.
  // biome-ignore lint/correctness/useExhaustiveDependencies: as said
  useEffect(() => {
    if (!wanted) {
      setLoaded(null);
      return;
    }
    let late = false;
    session
      .readRun(wanted)
      .then((events) => {
        if (!late) setLoaded(foldEvents(events));
      })
      .catch((error: unknown) => session.report(error, 'The run is still stored. Try again.'));
    return () => {
      late = true;
    };
  }, [session, wanted, version]);
  const compare = useCallback((run: string | null) => setChosen(run && open ? { open, run } : null), [open]);
  const shift = state && loaded && loaded.run === wanted ? shiftBetween(state, past, loaded) : null;
  const other = useMemo(
    () =>
      loaded && shift !== null
        ? { state: loaded, shift, last: (loaded.iterations.at(-1)?.iteration ?? 0) + shift }
        : null,
    [loaded, shift],
  );
  return [other, compare];
}

export function ComparePicker(props: {
  snapshot: Snapshot;
  other: Other | null;
  onCompare: (run: string | null) => void;
}) {
  const { snapshot, other, onCompare } = props;
  const { runs, state } = snapshot;
  const others = runs.filter(({ run }) => run !== state?.run);
  if (others.length === 0) return null;
  const origin = state?.branchedFrom?.run;
  return (
    <label className="compare-picker">
      <span>Compare with</span>
      <select
        className="field"
        value={other?.state.run ?? ''}
        onChange={(event) => onCompare(event.target.value || null)}
      >
        <option value="">no other run</option>
        {others.map(({ run, name }) => (
          <option key={run} value={run}>
            {name}
            {run === origin ? ' (branched off it)' : ''}
          </option>
        ))}
      </select>
      {other && (
        <span className="compare-key">
          <svg viewBox="0 0 24 6" aria-hidden="true">
            <path d="M0 3h24" />
          </svg>
          {other.state.name}
          {other.last < 1 && ' has gone no further than where this one begins'}
        </span>
      )}
    </label>
  );
}
