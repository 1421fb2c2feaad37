/** Runs side by side: their budgets, the goalposts that they solve, and their curves. */
import { useEffect, useMemo, useState } from 'react';
import { compareRuns } from '../../compare/comparison.ts';
import { digestRun, type RunDigest, startingModel } from '../../compare/digest.ts';
import { comparisonFigures } from '../../compare/comparisonFigures.tsx';
import { ComparisonTable } from '../../compare/ComparisonTable.tsx';
import { FigureGroups } from '../../compare/FigureGroups.tsx';
import { figureStyle } from '../../figures/figureStyle.ts';
import { summaryTable } from '../../compare/summaryTable.ts';
import type { RunSummary } from '../../run/journal.ts';
import { foldEvents } from '../../run/state.ts';
import { FigureTools } from '../figures/FigureTools.tsx';
import { activityShare } from '../parts/format.ts';
import { Sheet } from './Sheet.tsx';
import { SheetProblem } from './SheetProblem.tsx';
import { isResting } from '../store/lab.ts';
import { useActions, usePage } from '../store/usePage.ts';
import { useDoing } from '../run/doing.ts';
import './CompareSheet.css';

/** Runs that are compared at first: the newest ones. */
const AT_FIRST = 4;

export function CompareSheet({ onClose }: { onClose: () => void }) {
  const { runs, bank, status, activity } = usePage('runs', 'bank', 'status', 'activity');
  const { lab, measure } = useActions();
  const doing = useDoing();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(
    () =>
      new Set(
        runs
          .filter(({ iterations }) => iterations > 0)
          .slice(0, AT_FIRST)
          .map(({ run }) => run),
      ),
  );
  const [together, setTogether] = useState(false);
  const wanted = useMemo(() => runs.filter(({ run }) => chosen.has(run)), [runs, chosen]);
  const { digests, reading } = useDigests(wanted);
  const [samples, setSamples] = useState(20);
  const [questions, setQuestions] = useState(48);
  const [split, setSplit] = useState<'heldout' | 'validation'>('heldout');

  const shown = useMemo(() => {
    const own = wanted.flatMap(({ run, name }) => {
      const digest = digests.get(run);
      return digest ? [{ ...digest, label: together ? digest.method : name }] : [];
    });
    // One row stands for what all of them started from.
    const start = own.map((run) => startingModel(run)).find((digest) => digest !== undefined);
    const all = start ? [start, ...own] : own;
    const comparison = compareRuns(all, { budget: {}, bank: bank?.title ?? '' });
    const { head, rows } = summaryTable(comparison);
    return {
      all,
      comparison,
      table: { head: [together ? 'Method' : 'Run', ...head.slice(1)], rows },
      groups: comparisonFigures(comparison, all),
    };
  }, [wanted, digests, together, bank]);

  const toggle = (run: string) => {
    const next = new Set(chosen);
    if (!next.delete(run)) next.add(run);
    setChosen(next);
  };
  // The model and Python load first; that takes a while too, and can be called off as well.
  const measuring = status === 'measuring' || status === 'loading';
  const resting = isResting(status);
  const share = activity ? activityShare(activity) : undefined;

  return (
    <Sheet title="Compare runs" className="compare" onClose={onClose}>
      <style>{figureStyle}</style>
      <SheetProblem />
      <fieldset className="compare-runs">
        <legend className="eyebrow">Runs</legend>
        {runs.map(({ run, name, iterations }) => (
          <label key={run}>
            <input type="checkbox" checked={chosen.has(run)} onChange={() => toggle(run)} /> {name}{' '}
            <span className="section-note">
              {iterations} {iterations === 1 ? 'iteration' : 'iterations'}
            </span>
          </label>
        ))}
      </fieldset>
      {runs.length === 0 && <p className="section-note">No runs are stored here.</p>}
      <div className="compare-tools">
        <label>
          <input type="checkbox" checked={together} onChange={() => setTogether(!together)} /> average runs of
          the same method
        </label>
        <span className="compare-measure">
          {bank?.validation && (
            <label>
              On{' '}
              <select
                className="field"
                value={split}
                onChange={(event) => setSplit(event.target.value as 'heldout' | 'validation')}
              >
                <option value="heldout">held-out questions and goalposts</option>
                <option value="validation">validation questions</option>
              </select>
            </label>
          )}
          <label>
            Answers{' '}
            <input
              className="field"
              type="number"
              min={1}
              max={1000}
              value={samples}
              onChange={(event) => setSamples(between(event.target.valueAsNumber, 1000))}
            />
          </label>
          <label>
            Questions{' '}
            <input
              className="field"
              type="number"
              min={1}
              max={1000}
              value={questions}
              onChange={(event) => setQuestions(between(event.target.valueAsNumber, 1000))}
            />
          </label>
          {measuring ? (
            <button type="button" className="button" onClick={() => lab.pause()}>
              Stop
            </button>
          ) : (
            <button
              type="button"
              className="button"
              disabled={!resting || wanted.length === 0 || !bank}
              onClick={() =>
                void measure(
                  wanted.map(({ run }) => run),
                  split,
                  { samples, questions },
                )
              }
            >
              Measure
            </button>
          )}
        </span>
      </div>
      <p className="section-note">
        {split === 'heldout'
          ? 'Measuring tries held-out questions, which nobody trains on, and each run’s goalposts, with the weights that did best on validation questions (else the newest) and with those that it started from.'
          : 'Validation questions are for choosing: settings, and of each run the checkpoint that is reported. They are tried with its start, its end and up to three checkpoints between, so that held-out ones still say how well the choice does.'}{' '}
        What is measured is stored with the run.
      </p>
      {measuring && (
        <>
          <progress aria-label="Measuring" {...(share !== undefined && { value: share })} />
          <p className="section-note">{doing}</p>
        </>
      )}
      {reading && <p className="section-note">Reading the runs.</p>}
      {shown.all.length > 0 && (
        <>
          <ComparisonTable name="Methods compared" {...shown.table} />
          <p className="section-note">
            These runs may have spent different budgets: compare at equal tokens. “By it alone”: goalposts
            that no other row solves, rows of methods that contain this one aside.
          </p>
        </>
      )}
      <FigureGroups
        groups={shown.groups}
        level={3}
        tools={({ id, title, table }, drawn) => (
          <FigureTools title={title} name={id} figure={drawn} style={figureStyle} table={() => table} />
        )}
      />
    </Sheet>
  );
}

const between = (value: number, most: number) => Math.max(1, Math.min(most, Math.round(value || 1)));

/** Digests of stored runs; one that changed is read again. */
function useDigests(runs: readonly RunSummary[]): {
  digests: ReadonlyMap<string, RunDigest>;
  reading: boolean;
} {
  const { shelf, notices } = useActions();
  const [digests, setDigests] = useState<ReadonlyMap<string, RunDigest>>(new Map());
  const [read, setRead] = useState<ReadonlyMap<string, number>>(new Map());
  const stale = runs.filter(({ run, updatedAt }) => read.get(run) !== updatedAt);
  const [next] = stale;
  const [run, updatedAt] = [next?.run, next?.updatedAt];
  useEffect(() => {
    if (run === undefined || updatedAt === undefined) return;
    let current = true;
    void (async () => {
      const digest = await shelf
        .readRun(run)
        .then((events) => digestRun(foldEvents(events)!))
        .catch((error: unknown) => notices.report(error, 'Leave this run out, or reload the page.'));
      if (!current) return;
      if (digest) setDigests((before) => new Map(before).set(run, digest));
      setRead((before) => new Map(before).set(run, updatedAt));
    })();
    return () => {
      current = false;
    };
  }, [shelf, notices, run, updatedAt]);
  return { digests, reading: stale.length > 0 };
}
