/** Earlier runs, newest first: open one to look at it. */
import { ago, bytes } from '../parts/format.ts';
import { useNow } from '../parts/useNow.ts';
import { useActions, usePage, usePageValue } from '../store/usePage.ts';
import { useShowRun } from './useShowRun.ts';
import './RunsList.css';

export function RunsList() {
  const { runs, deleted } = usePage('runs', 'deleted');
  const open = usePageValue((page) => page.open?.run);
  const { shelf, sheets } = useActions();
  const show = useShowRun();
  const now = useNow();
  if (runs.length === 0 && !deleted) return null;
  return (
    <section aria-labelledby="runs-title">
      <div className="section-head">
        <h2 className="eyebrow" id="runs-title">
          Runs
        </h2>
        <button type="button" className="link runs-manage" onClick={() => sheets.open('compare')}>
          compare<span className="visually-hidden"> runs</span>
        </button>
        <button type="button" className="link runs-manage" onClick={() => sheets.open('runs')}>
          manage<span className="visually-hidden"> runs</span>
        </button>
      </div>
      {deleted && (
        <p className="section-note">
          Deleted {deleted.name}.{' '}
          <button type="button" className="link" onClick={() => void shelf.undoRemove()}>
            Undo
          </button>
        </p>
      )}
      <ol className="runs">
        {runs.map((run) => (
          <li key={run.run} aria-current={run.run === open || undefined}>
            <button type="button" className="runs-name" onClick={() => show(run.run)}>
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
}
