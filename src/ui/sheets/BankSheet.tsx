/** Browsing a bank: which questions the next run takes as goalposts, and finding out which qualify. */
import { useMemo, useState } from 'react';
import type { Question } from '../../gasp/question.ts';
import { type Bank, bankQuestions, firstGoalposts } from '../../gasp/bank.ts';
import { download } from '../parts/download.ts';
import { activityShare } from '../parts/format.ts';
import { isEmbedded, modelTitle } from '../../lab/models.ts';
import { ImportQuestions } from './ImportQuestions.tsx';
import { QuestionBody } from '../parts/QuestionBody.tsx';
import { isMining } from '../store/mining.ts';
import { useActions, usePage } from '../store/usePage.ts';
import { Sheet } from './Sheet.tsx';
import { SheetProblem } from './SheetProblem.tsx';
import { whoReads } from '../parts/terms.ts';
import { useDoing } from '../run/doing.ts';
import './BankSheet.css';

export function BankSheet({ onClose }: { onClose: () => void }) {
  const page = usePage('bank', 'chosen', 'mined', 'status', 'settings', 'activity', 'runs', 'model');
  const { chosen, mined, status, settings, activity, runs, model } = page;
  const bank = page.bank!;
  const { choices, mining: miningStore } = useActions();
  const doing = useDoing();
  const [words, setWords] = useState('');
  const [depth, setDepth] = useState('');
  const [only, setOnly] = useState<'all' | 'chosen' | 'shipped' | 'imported'>('shipped');
  const [samples, setSamples] = useState(64);
  /** The run whose weights mine; empty: the model of the next run. */
  const [miner, setMiner] = useState('');
  // Mined goalposts stay in view after the mining.
  const [miningOpen, setMiningOpen] = useState(false);
  const trained = runs.filter(({ iterations }) => iterations > 0);
  const questions = useMemo(() => bankQuestions(bank), [bank]);
  const shipped = useMemo(() => new Set(bank.goalposts.map((question) => question.id)), [bank]);
  const depths = useMemo(
    () =>
      [
        ...new Set(
          questions.flatMap((question) =>
            question.tags?.depth === undefined ? [] : [String(question.tags.depth)],
          ),
        ),
      ].sort(),
    [questions],
  );
  const found = questions.filter(
    (question) =>
      (only === 'all' ||
        (only === 'imported'
          ? question.tags?.source === 'imported'
          : (only === 'chosen' ? chosen : shipped).has(question.id))) &&
      (depth === '' || String(question.tags?.depth) === depth) &&
      words
        .toLowerCase()
        .split(/\s+/)
        .every((word) =>
          `${question.title}\n${question.benchmark ? question.message : ''}\n${question.program}`
            .toLowerCase()
            .includes(word),
        ),
  );
  const toggle = (question: Question) => {
    const next = new Set(chosen);
    if (!next.delete(question.id)) next.add(question.id);
    choices.choose(next);
  };
  const imported = questions.filter(({ tags }) => tags?.source === 'imported').length;
  const few = firstGoalposts(bank);
  const mining = isMining(page);
  const share = activity ? activityShare(activity) : undefined;
  const unsolved = mined?.finished
    ? [...mined.results.values()].filter(({ passed }) => passed === 0).map(({ question }) => question)
    : [];
  return (
    <Sheet
      className="of-goalpost bank"
      title="Choose goalposts"
      onClose={onClose}
      footer={
        <>
          <span className="section-note">{chosen.size} chosen</span>
          <button
            type="button"
            className="button"
            onClick={() => choices.choose([...chosen, ...found.map((q) => q.id)])}
          >
            Add these {found.length}
          </button>
          {few.length < shipped.size && (
            <button
              type="button"
              className="button"
              onClick={() => choices.choose(few.map((question) => question.id))}
            >
              {bank.distances ? 'The nearest' : 'A few'} ({few.length})
            </button>
          )}
          <button type="button" className="button" onClick={() => choices.choose(shipped)}>
            All shipped ({shipped.size})
          </button>
          <button type="button" className="button is-quiet" onClick={() => choices.choose([])}>
            Clear
          </button>
          <button
            type="button"
            className="button is-quiet"
            disabled={chosen.size === 0}
            onClick={() => {
              const mined: Bank = { ...bank, goalposts: questions.filter(({ id }) => chosen.has(id)) };
              download(`${bank.name}-goalposts.json`, JSON.stringify(mined), 'application/json');
            }}
          >
            Save as a bank
          </button>
        </>
      }
    >
      <p className="section-note">{bank.description}</p>
      <p className="section-note bank-reads">
        {whoReads}
        {settings.evaluateEvery > 0 &&
          ` All chosen goalposts are tried every ${settings.evaluateEvery} iterations, so many of them take time.`}
      </p>
      <div className="bank-filters">
        <label className="visually-hidden" htmlFor="bank-words">
          Search titles and programs
        </label>
        <input
          id="bank-words"
          className="field"
          type="search"
          placeholder="Search titles and programs"
          value={words}
          onChange={(event) => setWords(event.target.value)}
        />
        <label>
          <span className="visually-hidden">Which questions</span>
          <select
            className="field"
            value={only}
            onChange={(event) => setOnly(event.target.value as typeof only)}
          >
            <option value="shipped">shipped goalposts ({shipped.size})</option>
            <option value="chosen">chosen ({chosen.size})</option>
            {imported > 0 && <option value="imported">imported ({imported})</option>}
            <option value="all">whole bank ({questions.length})</option>
          </select>
        </label>
        {depths.length > 1 && (
          <label>
            <span className="visually-hidden">Lines of program</span>
            <select className="field" value={depth} onChange={(event) => setDepth(event.target.value)}>
              <option value="">any depth</option>
              {depths.map((value) => (
                <option key={value} value={value}>
                  depth {value}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      <ImportQuestions onImported={() => setOnly('imported')} />
      <details
        className="bank-mining"
        open={miningOpen || mining}
        onToggle={(event) => setMiningOpen(event.currentTarget.open)}
      >
        <summary>Find goalposts among these {found.length}</summary>
        <p className="section-note">
          A goalpost is a question that none of n answers of the model solves. Each question here is tried up
          to n times, in rounds, and leaves with the first that solves it; those without a success can then be
          chosen, and tried again with the weights of a run.
        </p>
        <div className="bank-mine">
          {(trained.length > 0 || !isEmbedded(model)) && (
            <label>
              with{' '}
              <select className="field" value={miner} onChange={(event) => setMiner(event.target.value)}>
                <option value="">{isEmbedded(model) ? 'the shipped model' : modelTitle(model)}</option>
                {trained.map(({ run, name }) => (
                  <option key={run} value={run}>
                    {name}, newest weights
                  </option>
                ))}
              </select>
            </label>
          )}
          <label>
            n{' '}
            <input
              className="field"
              type="number"
              min={1}
              max={1024}
              value={samples}
              onChange={(event) =>
                setSamples(Math.max(1, Math.min(1024, Math.round(Number(event.target.value) || 1))))
              }
            />
          </label>
          {mining ? (
            <button type="button" className="button" onClick={() => miningStore.cancel()}>
              Stop
            </button>
          ) : (
            <button
              type="button"
              className="button"
              disabled={found.length === 0 || ['running', 'loading', 'pausing', 'measuring'].includes(status)}
              onClick={() => miningStore.start(found, samples, miner || undefined)}
            >
              Try them
            </button>
          )}
          {mined?.finished && (
            <span className="section-note" role="status">
              {mined.stopped && 'Stopped early: '}
              {mined.results.size === 0
                ? 'none was decided'
                : `${mined.results.size} tried, ${unsolved.length} without a success`}
            </span>
          )}
          {unsolved.length > 0 && (
            <button type="button" className="button" onClick={() => choices.choose(unsolved)}>
              Choose those {unsolved.length}
            </button>
          )}
        </div>
        {mining && (
          <>
            <progress
              className="bank-progress"
              aria-label="Looking for goalposts"
              {...(share !== undefined && { value: share })}
            />
            <p className="section-note">{doing}</p>
          </>
        )}
        <SheetProblem />
      </details>
      <ul className="bank-list">
        {found.slice(0, 300).map((question) => {
          const result = mined?.results.get(question.id);
          return (
            <li key={question.id}>
              <input
                type="checkbox"
                aria-label={question.title}
                checked={chosen.has(question.id)}
                onChange={() => toggle(question)}
              />
              <details>
                <summary>
                  {question.title}
                  {result && (
                    <span className="section-note">
                      {' '}
                      {result.passed}/{result.tried}
                    </span>
                  )}
                </summary>
                <QuestionBody question={question} program="Program" />
              </details>
            </li>
          );
        })}
      </ul>
      {found.length > 300 && (
        <p className="section-note">The first 300 of {found.length}; search to narrow them down.</p>
      )}
    </Sheet>
  );
}
