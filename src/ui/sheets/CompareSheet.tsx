/** Runs side by side: their budgets, the goalposts that they solve, and their curves. */
import { useEffect, useMemo, useState } from 'react';
import { compareRuns } from '../../compare/comparison.ts';
import { digestRun, type RunDigest, startingModel } from '../../compare/digest.ts';
import { BINS, comparisonFigures, type Smoothing } from '../../compare/comparisonFigures.tsx';
import { ComparisonTable } from '../../compare/ComparisonTable.tsx';
import { FigureGroups } from '../../compare/FigureGroups.tsx';
import { byLabel } from '../../compare/summary.ts';
import { overBaseline } from '../../compare/overBaseline.ts';
import { unseenColumns } from '../../compare/unseenRates.ts';
import { CursorContext } from '../../figures/cursor.ts';
import { figureStyle } from '../../figures/figureStyle.ts';
import { summaryTable } from '../../compare/summaryTable.ts';
import { methodSettings } from '../../gasp/methods.ts';
import { SETTING_NAMES, type SettingName, SETTINGS } from '../../gasp/settings.ts';
import { settingWords } from '../../gasp/settingWords.ts';
import type { RunSummary } from '../../run/journal.ts';
import { foldEvents } from '../../run/state.ts';
import { FigureTools } from '../figures/FigureTools.tsx';
import { activityShare } from '../parts/format.ts';
import { CompareQueue } from './CompareQueue.tsx';
import { Sheet } from './Sheet.tsx';
import { SheetProblem } from './SheetProblem.tsx';
import { isResting } from '../store/lab.ts';
import { useActions, usePage } from '../store/usePage.ts';
import { useDoing } from '../run/doing.ts';
import './CompareSheet.css';

/** Runs that are compared at first: the newest ones. */
const AT_FIRST = 4;

export function CompareSheet({ runs: asked, onClose }: { runs?: readonly string[]; onClose: () => void }) {
  const { runs, bank, status, activity } = usePage('runs', 'bank', 'status', 'activity');
  const { lab, measure, sheets } = useActions();
  const doing = useDoing();
  const chosen = useMemo<ReadonlySet<string>>(() => new Set(asked ?? newest(runs)), [asked, runs]);
  const [together, setTogether] = useState(false);
  const [baseline, setBaseline] = useState('');
  const [smoothing, setSmoothing] = useState<Smoothing>('some');
  const [x, moveCursor] = useState<number | null>(null);
  const cursor = useMemo(() => ({ x, move: moveCursor }), [x]);
  const wanted = useMemo(() => runs.filter(({ run }) => chosen.has(run)), [runs, chosen]);
  const { digests, reading } = useDigests(wanted);
  // What was chosen stands in the page's address alone, so that Back and a sent address change it.
  useEffect(() => {
    if (!asked && chosen.size > 0) sheets.change('compare', { runs: [...chosen] });
  }, [sheets, asked, chosen]);
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
    const labels = [...byLabel(all).keys()];
    const base = labels.includes(baseline) ? baseline : undefined;
    const [unseen, over] = [unseenColumns(all, base), overBaseline(comparison, base)];
    const others = differences(own, labels);
    return {
      all,
      labels,
      table: {
        head: [
          together ? 'Method' : 'Run',
          ...head.slice(1, 5),
          ...unseen.head,
          ...over.head,
          ...head.slice(5),
          ...others.head,
        ],
        rows: rows.map((row, i) => [
          ...row.slice(0, 5),
          ...unseen.cells(labels[i]!),
          ...over.cells(labels[i]!),
          ...row.slice(5),
          ...others.cells(labels[i]!),
        ]),
      },
      groups: comparisonFigures(comparison, all, smoothing),
    };
  }, [wanted, digests, together, bank, baseline, smoothing]);

  const toggle = (run: string) => {
    const next = new Set(chosen);
    if (!next.delete(run)) next.add(run);
    sheets.change('compare', { runs: [...next] });
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
      <CompareQueue onCompare={(ids) => sheets.change('compare', { runs: ids })} />
      <div className="compare-tools">
        <label>
          <input type="checkbox" checked={together} onChange={() => setTogether(!together)} /> average runs of
          the same method
        </label>
        <label>
          Baseline{' '}
          <select className="field" value={baseline} onChange={(event) => setBaseline(event.target.value)}>
            <option value="">none</option>
            {shown.labels.map((label) => (
              <option key={label}>{label}</option>
            ))}
          </select>
        </label>
        <label>
          Smoothing{' '}
          <select
            className="field"
            value={smoothing}
            onChange={(event) => setSmoothing(event.target.value as Smoothing)}
          >
            {Object.keys(BINS).map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
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
      <CursorContext value={cursor}>
        <FigureGroups
          groups={shown.groups}
          level={3}
          tools={({ id, title, table }, drawn) => (
            <FigureTools title={title} name={id} figure={drawn} style={figureStyle} table={() => table} />
          )}
        />
      </CursorContext>
    </Sheet>
  );
}

function newest(runs: readonly RunSummary[]): string[] {
  const begun = runs.filter(({ iterations }) => iterations > 0);
  return begun.slice(0, AT_FIRST).map(({ run }) => run);
}

/** Columns for the settings in which the runs differ; a label's runs together where it has several. */
function differences(runs: readonly RunDigest[], labels: readonly string[]) {
  const wordsOf = (name: SettingName, own: readonly RunDigest[]) => [
    ...new Set(own.map(({ settings }) => settingWords(name, methodSettings(settings)))),
  ];
  const all = byLabel(runs);
  // The method and the seed have columns of their own.
  const names = SETTING_NAMES.filter((name) => {
    return name !== 'method' && name !== 'seed' && labels.length > 1 && wordsOf(name, runs).length > 1;
  });
  return {
    head: names.map((name) => SETTINGS[name].label),
    cells: (label: string) => names.map((name) => wordsOf(name, all.get(label) ?? []).join(', ') || '–'),
  };
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
