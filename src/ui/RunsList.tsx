/** Earlier runs, newest first: open one to look at it, or forget it. */
import { memo } from 'react';
import type { RunSummary } from '../run/journal.ts';
import { ago, bytes } from './format.ts';
import { useNow } from './useNow.ts';
import './RunsList.css';

export const RunsList = memo(function RunsList(props: {
  runs: RunSummary[];
  open: string | undefined;
  onShow: (run: string) => void;
  onRemove: (run: string) => void;
}) {
  const { runs, open, onShow, onRemove } = props;
  const now = useNow();
  if (runs.length === 0) return null;
  return (
    <section aria-labelledby="runs-title">
      <div className="section-head">
        <h2 className="eyebrow" id="runs-title">
          Runs
        </h2>
      </div>
      <ol className="runs">
        {runs.map((run) => (
          <li key={run.run} aria-current={run.run === open || undefined}>
            <button type="button" className="runs-name" onClick={() => onShow(run.run)}>
              {run.name}
              <span className="section-note">
                {run.iterations} {run.iterations === 1 ? 'iteration' : 'iterations'}, {bytes(run.bytes)},{' '}
                {ago(run.updatedAt, now)}
              </span>
            </button>
            <button
              type="button"
              className="link"
              onClick={() => {
                if (window.confirm(`Delete ${run.name} with its checkpoints for good?`)) onRemove(run.run);
              }}
            >
              delete<span className="visually-hidden"> {run.name}</span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
});
