/**
 * What just happened that is worth a look, told once and quietly: goalposts solved for the first time, with the way to
 * the answer; and what a question of the person's own did once the student had trained on it.
 */
import { useState } from 'react';
import { wilson } from '../../gasp/passAtK.ts';
import { newlySolved, type GoalpostState, type RunState, type Stone } from '../../run/state.ts';
import { percent, times } from '../parts/format.ts';
import { Term } from '../parts/Term.tsx';
import { useActions } from '../store/usePage.ts';
import { useShown } from './ShownRun.tsx';
import './Moment.css';

/** Until the next trial of goalposts, or until it is put away. */
export function Moment() {
  const { cards } = useShown();
  const [away, setAway] = useState('');
  if (!cards) return null;
  const trial = cards.evaluations.findLast(({ iteration }) => iteration > 0);
  const solved = trial ? newlySolved(cards, trial.iteration) : [];
  const learned = newestLearned(cards);
  const key = `${cards.run} ${trial?.iteration} ${learned.map(({ id }) => id).join()}`;
  if ((solved.length === 0 && learned.length === 0) || away === key) return null;
  return (
    <section className="moment" aria-label="Just happened" aria-live="polite">
      <div>
        {solved.length > 0 && <Solved goalposts={solved} state={cards} />}
        {learned.map((stone) => (
          <Learned key={stone.id} stone={stone} />
        ))}
      </div>
      <button type="button" className="button is-quiet" onClick={() => setAway(key)}>
        Put away
      </button>
    </section>
  );
}

/** Kept questions that the last finished iteration trained on. */
function newestLearned({ taught, iterations }: RunState): Stone[] {
  const last = iterations.findLast(({ counters }) => counters)?.iteration;
  return taught.filter(({ learned }) => learned !== undefined && learned.iteration === last);
}

const SHOWN = 3;

function Solved({ goalposts, state }: { goalposts: GoalpostState[]; state: RunState }) {
  const { sheets } = useActions();
  const { iteration, samples } = state.evaluations.findLast((trial) => trial.iteration > 0)!;
  const start = state.evaluations.find((trial) => trial.iteration === 0);
  const lucky = start && Object.values(start.passed).filter((passed) => passed > 0).length;
  const tried = start && Object.keys(start.passed).length;
  return (
    <p className="of-goalpost">
      Solved for the first time, at iteration {iteration}:{' '}
      {goalposts.slice(0, SHOWN).map(({ question, tries }, i) => (
        <span key={question.id}>
          {i > 0 && ', '}
          <button
            type="button"
            className="link"
            onClick={() => sheets.open('goalpost', { id: question.id, of: null })}
          >
            {question.title || question.id}
          </button>{' '}
          ({tries.at(-1)?.passed} of {samples})
        </span>
      ))}
      {goalposts.length > SHOWN && ` and ${goalposts.length - SHOWN} more`}.
      <span className="moment-chance">
        {' '}
        {lucky === undefined
          ? 'Luck solves some, too.'
          : `Luck alone solved ${lucky} of ${tried} by the starting model in as many answers.`}
      </span>
    </p>
  );
}

const share = (passed: number, of: number) =>
  `${passed} of ${of} (95% interval ${wilson(passed, of).map(percent).join(' to ')})`;

function Learned({ stone }: { stone: Stone }) {
  const { sheets } = useActions();
  const { learned, proposal, trials } = stone;
  const before = trials[0]?.attempts ?? [];
  const { samples, passed, goalpost } = learned!;
  return (
    <p className={`of-${proposal.role}`}>
      Your question{' '}
      <button type="button" className="link" onClick={() => sheets.open('stone', { id: stone.id, of: null })}>
        {proposal.question?.title || stone.id}
      </button>{' '}
      was trained on: {share(passed, samples)} right now, before{' '}
      {share(before.filter(({ verdict }) => verdict === 'passed').length, before.length)}.
      {goalpost && (
        <span className="moment-chance">
          {' '}
          Its goalpost’s own program is {times(Math.exp(goalpost.after - goalpost.before))} as{' '}
          <Term name="distance">likely</Term> as before that iteration, in which it trained on more than this.
        </span>
      )}
    </p>
  );
}
