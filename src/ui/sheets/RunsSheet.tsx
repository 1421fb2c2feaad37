/** All stored runs: names, notes, sizes, in and out, and how much room there is. */
import { useEffect, useState } from 'react';
import type { RunSummary } from '../../run/journal.ts';
import { FILE_ENDING } from '../../share/address.ts';
import { download } from '../parts/download.ts';
import { ago, bytes } from '../parts/format.ts';
import { SessionPicker } from '../parts/SessionPicker.tsx';
import { Sheet } from './Sheet.tsx';
import { SheetProblem } from './SheetProblem.tsx';
import { useActions, usePage } from '../store/usePage.ts';
import { useNow } from '../parts/useNow.ts';
import './RunsSheet.css';

export function RunsSheet({ onClose }: { onClose: () => void }) {
  const page = usePage('runs', 'open', 'replay', 'deleted', 'room', 'opening');
  const { runs, open, replay, deleted, room } = page;
  const { shelf, notices, opening } = useActions();
  const now = useNow();
  // The stored runs change with each of these.
  // biome-ignore lint/correctness/useExhaustiveDependencies: as said
  useEffect(() => void shelf.measure(), [shelf, runs]);

  const exportAll = async () => {
    try {
      const [{ packRuns }, store] = await Promise.all([import('../../share/bundle.ts'), shelf.reader()]);
      const all = [];
      for (const { run } of runs) all.push(await store.exportRun(run));
      download(`foothold-runs${FILE_ENDING}`, await packRuns(all), 'application/octet-stream');
    } catch (error) {
      notices.report(error, 'Export the runs one by one.');
    }
  };

  return (
    <Sheet
      title="Runs"
      onClose={onClose}
      footer={
        <>
          <SessionPicker
            text="Import a file"
            label="File with runs"
            onFile={(file) => void opening.importFile(file)}
          />
          <button
            type="button"
            className="button"
            disabled={runs.length === 0}
            onClick={() => void exportAll()}
          >
            Export all
          </button>
          {page.opening && <span className="section-note">Reading the file.</span>}
        </>
      }
    >
      <SheetProblem />
      <div aria-live="polite">
        {deleted && (
          <p className="runs-undo">
            Deleted {deleted.name}.{' '}
            <button type="button" className="link" onClick={() => void shelf.undoRemove()}>
              Undo
            </button>
          </p>
        )}
      </div>
      {runs.length === 0 && <p className="section-note">No runs are stored here.</p>}
      <ol className="runs-all">
        {runs.map((run) => (
          <Row key={run.run} run={run} open={run.run === open?.run && !replay} now={now} onClose={onClose} />
        ))}
      </ol>
      {room && (
        <section className="runs-room" aria-label="Storage">
          <p>
            This site takes up {bytes(room.used)} of the {bytes(room.quota)} that the browser allows it, model
            and Python included.
          </p>
          <meter min={0} max={room.quota} value={room.used} aria-label="Storage used" />
          {room.kept ? (
            <p className="section-note">The browser keeps it until you delete it yourself.</p>
          ) : (
            <>
              <p className="section-note">
                When the disk fills up, the browser may clear it by itself, runs and all.
              </p>
              <button type="button" className="button" onClick={() => void shelf.keepSafe()}>
                Ask the browser to keep it
              </button>
            </>
          )}
        </section>
      )}
    </Sheet>
  );
}

function Row(props: { run: RunSummary; open: boolean; now: number; onClose: () => void }) {
  const { run, open, now, onClose } = props;
  const { shelf, openRun, notices } = useActions();
  const [notes, setNotes] = useState(run.notes ?? '');
  const exportIt = async () => {
    try {
      const [{ packRuns }, store] = await Promise.all([import('../../share/bundle.ts'), shelf.reader()]);
      const file = await packRuns([await store.exportRun(run.run)]);
      download(`${run.name}${FILE_ENDING}`, file, 'application/octet-stream');
    } catch (error) {
      notices.report(error, 'The run is still stored here.');
    }
  };
  return (
    <li className="runs-row" aria-current={open || undefined}>
      <input
        key={run.name}
        className="field runs-row-name"
        aria-label={`Name of ${run.name}`}
        defaultValue={run.name}
        maxLength={200}
        onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
        onBlur={(event) => {
          const name = event.target.value.trim();
          if (name && name !== run.name) void openRun.rename(run.run, name);
          else event.target.value = run.name;
        }}
      />
      <p className="section-note">
        {run.iterations} {run.iterations === 1 ? 'iteration' : 'iterations'}, {bytes(run.bytes)},{' '}
        {ago(run.updatedAt, now)}
      </p>
      <textarea
        className="field"
        rows={Math.min(6, notes.split('\n').length)}
        placeholder="Notes"
        aria-label={`Notes on ${run.name}`}
        maxLength={10_000}
        value={notes}
        onChange={(event) => setNotes(event.target.value)}
        onBlur={() => notes !== (run.notes ?? '') && void openRun.note(run.run, notes)}
      />
      <p className="runs-row-actions">
        <button
          type="button"
          className="link"
          disabled={open}
          onClick={() => {
            void openRun.show(run.run);
            onClose();
          }}
        >
          open
          <span className="visually-hidden"> {run.name}</span>
        </button>
        <button type="button" className="link" onClick={() => void exportIt()}>
          export<span className="visually-hidden"> {run.name}</span>
        </button>
        <button type="button" className="link" onClick={() => void openRun.remove(run.run)}>
          delete<span className="visually-hidden"> {run.name}</span>
        </button>
      </p>
    </li>
  );
}
