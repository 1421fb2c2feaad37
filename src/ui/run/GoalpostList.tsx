/** The goalposts of the open run, or those chosen for the next one. */
import { memo, useMemo, useState } from 'react';
import { type GoalpostState, goalpostStates, type RunState, summarizeEvaluation } from '../../run/state.ts';
import { type Bank, chosenQuestions, firstGoalposts } from '../../gasp/bank.ts';
import { log10 } from '../../gasp/distance.ts';
import { Term } from '../parts/Term.tsx';
import { useActions, usePage } from '../store/usePage.ts';
import { useShown } from './ShownRun.tsx';
import './GoalpostList.css';

/** Whether exactly the goalposts of a first run are chosen. */
function isFew(bank: Bank, chosen: ReadonlySet<string>): boolean {
  const few = firstGoalposts(bank);
  return (
    few.length < bank.goalposts.length && few.length === chosen.size && few.every(({ id }) => chosen.has(id))
  );
}

/** A goalpost's way so far, as a line in a word's place, from log₁₀ p = −8 at its foot to 0 at its top. */
function Nearing({ distances }: Pick<GoalpostState, 'distances'>) {
  const last = distances.at(-1);
  if (!last) return null;
  const end = Math.max(1, last.iteration);
  const height = (logprob: number) => 12 - 11 * Math.max(0, Math.min(1, 1 + log10(logprob) / 8));
  const points = distances.map(
    ({ iteration, logprob }) => `${2 + (20 * iteration) / end},${height(logprob).toFixed(1)}`,
  );
  const words = log10(last.logprob).toFixed(1).replace('-', '−');
  return (
    <span className="goalposts-near" title="log₁₀ of the probability of its own program">
      <svg className="goalposts-way" viewBox="0 0 24 13" aria-hidden="true">
        <polyline points={points.join(' ')} />
        <circle cx={distances.length > 1 ? 22 : 2} cy={height(last.logprob)} r="1.6" />
      </svg>
      <span className="visually-hidden">distance </span>
      {words}
    </span>
  );
}

/** On a narrow page the list would hide what stands below it. */
const few = 8;

export function GoalpostList() {
  const { curves } = useShown();
  return <List state={curves} />;
}

const List = memo(function List({ state }: { state: RunState | null }) {
  const { bank, chosen: ids } = usePage('bank', 'chosen');
  const { sheets } = useActions();
  const chosen = useMemo(() => chosenQuestions(bank, ids), [bank, ids]);
  const goalposts = useMemo(
    () =>
      state
        ? goalpostStates(state)
        : chosen.map((question): GoalpostState => ({ question, tries: [], distances: [], drawn: 0 })),
    [state, chosen],
  );
  const [all, setAll] = useState(false);
  const current = new Set(state?.iterations.at(-1)?.goalposts);
  const evaluated = state?.evaluations.at(-1);
  const start = state?.evaluations.find((evaluation) => evaluation.iteration === 0);
  const nearest = bank?.distances && !state && isFew(bank, ids);
  return (
    <section className="goalposts" aria-labelledby="goalposts-title">
      <div className="section-head">
        <h2 className="eyebrow" id="goalposts-title">
          <Term name="goalpost">Goalposts</Term> <span className="section-note">{goalposts.length}</span>
        </h2>
        {evaluated && evaluated !== start && (
          <p className="section-note">
            {summarizeEvaluation(evaluated).solved} solved with {evaluated.samples} answers each at iteration{' '}
            {evaluated.iteration}
            {start && `; by luck, before training: ${summarizeEvaluation(start).solved}`}
          </p>
        )}
      </div>
      {current.size > 0 && current.size < goalposts.length && (
        <p className="goalposts-key">drawn in iteration {state?.iterations.at(-1)?.iteration}</p>
      )}
      {nearest && (
        <p className="goalposts-key">
          The nearest of the {bank.goalposts.length} questions that the shipped model missed in all of 100
          answers. Luck solves some all the same: the first trial counts how many.
        </p>
      )}
      {!state && (
        <p className="goalposts-choose">
          <button type="button" className="button" onClick={() => sheets.open('bank')}>
            Choose goalposts
          </button>
          <button type="button" className="button is-quiet" onClick={() => sheets.open('writeGoalpost')}>
            Write one
          </button>
        </p>
      )}
      <ol className="goalposts-list" data-all={all || goalposts.length <= few + 3 || undefined}>
        {goalposts.map((goalpost) => {
          const last = goalpost.tries.at(-1);
          const isSolved = goalpost.solvedAt !== undefined;
          return (
            <li key={goalpost.question.id}>
              <button
                type="button"
                title={goalpost.question.title}
                data-current={current.has(goalpost.question.id) || undefined}
                onClick={() => sheets.open('goalpost', { id: goalpost.question.id, of: null })}
              >
                <svg viewBox="0 0 12 14" aria-hidden="true" data-solved={isSolved || undefined}>
                  <path className="pole" d="M3 14V1" />
                  <path d="M3 1l7 2.8L3 6.6z" />
                </svg>
                <span className="goalposts-title">{goalpost.question.title || goalpost.question.id}</span>
                {last && (
                  <span className="goalposts-count">
                    <Nearing distances={goalpost.distances} />
                    {last.passed}/{last.samples}
                  </span>
                )}
                <span className="visually-hidden">
                  {isSolved ? `, solved at iteration ${goalpost.solvedAt}` : state ? ', not solved yet' : ''}
                </span>
              </button>
            </li>
          );
        })}
      </ol>
      {!all && goalposts.length > few + 3 && (
        <button type="button" className="button goalposts-more" onClick={() => setAll(true)}>
          Show all {goalposts.length}
        </button>
      )}
    </section>
  );
});
