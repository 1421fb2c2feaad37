/** Earlier runs, newest first: open one to look at it. */
import { memo } from 'react';
import type { RunSummary } from '../../run/journal.ts';
import { ago, bytes } from '../parts/format.ts';
import { useNow } from '../parts/useNow.ts';
import './RunsList.css';

export const RunsList = memo(function RunsList(props: {
  runs: RunSummary[];
  open: string | undefined;
  /** The run that was deleted last, as long as that can be undone. */
  deleted: { name: string } | null;
  onShow: (run: string) => void;
  onManage: () => void;
  onCompare: () => void;
  onUndo: () => void;
}) {
  const { runs, open, deleted, onShow, onManage, onCompare, onUndo } = props;
  const now = useNow();
  if (runs.length === 0 && !deleted) return null;
  return (
    <section aria-labelledby="runs-title">
      <div className="section-head">
        <h2 className="eyebrow" id="runs-title">
          Runs
        </h2>
        <button type="button" className="link runs-manage" onClick={onCompare}>
          compare<span className="visually-hidden"> runs</span>
        </button>
        <button type="button" className="link runs-manage" onClick={onManage}>
          manage<span className="visually-hidden"> runs</span>
        </button>
      </div>
      {deleted && (
        <p className="section-note">
          Deleted {deleted.name}.{' '}
          <button type="button" className="link" onClick={onUndo}>
            Undo
          </button>
        </p>
      )}
      <ol className="runs">
        {runs.map((run) => (
          <li key={run.run} aria-current={run.run === open || undefined}>
            <button type="button" className="runs-name" onClick={() => onShow(run.run)}>
              {run.name}
              <span className="section-note">
                {run.iterations} {run.iterations === 1 ? 'iteration' : 'iterations'}, {bytes(run.bytes)},{' '}
                {ago(run.updatedAt, now)}
              </span>
              {run.notes && <span className="section-note runs-notes">{run.notes}</span>}
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
});
