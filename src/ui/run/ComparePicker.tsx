/** Chooses a second run for the figures of the open one, and says how it is drawn. */
import { usePage } from '../store/usePage.ts';
import { useShown } from './ShownRun.tsx';

export function ComparePicker() {
  const { runs, open, beside } = usePage('runs', 'open', 'beside');
  const { other, compare } = useShown();
  const stored = runs.filter(({ run }) => run !== open?.run);
  const others = beside && stored.every(({ run }) => run !== beside.run) ? [beside, ...stored] : stored;
  if (others.length === 0) return null;
  const origin = open?.branchedFrom?.run;
  return (
    <label className="compare-picker">
      <span>Compare with</span>
      <select
        className="field"
        value={other?.state.run ?? ''}
        onChange={(event) => compare(event.target.value || null)}
      >
        {!beside && <option value="">no other run</option>}
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
