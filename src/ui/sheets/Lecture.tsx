/** The whole run, then each iteration phase by phase, in large type and nothing else: for a lecture. Arrow keys turn the pages. */
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { slots } from '../../gasp/methods.ts';
import type { Attempt } from '../../gasp/question.ts';
import { paidByCurve } from '../../gasp/rewards.ts';
import type { Settings } from '../../gasp/settings.ts';
import { goalpostStates, type IterationState, type RunState, type Stone } from '../../run/state.ts';
import { useShown } from '../run/ShownRun.tsx';
import { useActions, usePage } from '../store/usePage.ts';
import { type Chain, chainsOf, furthest, furthestLift } from '../store/chains.ts';
import { Dots, markOf } from '../../figures/Dots.tsx';
import { RewardFigure } from '../figures/RewardFigure.tsx';
import { axisText, count, percent, roleNames, short } from '../parts/format.ts';
import { Examples, Program } from '../parts/Program.tsx';
import { QuestionBody } from '../parts/QuestionBody.tsx';
import { definitions, rewardSum } from '../parts/terms.ts';
import { wholeRunPages } from './lecturePages.tsx';
import './Lecture.css';

interface Page {
  name: string;
  hue: 'goalpost' | 'lemma' | 'lift' | 'unguided' | 'update';
  content: ReactNode;
}

export function Lecture({ page: asked, onClose }: { page?: string; onClose: () => void }) {
  const state = usePage('open').open!;
  const { state: moment, past, other, span } = useShown();
  const shown = moment?.iterations.at(-1)?.iteration ?? 0;
  // Finished iterations only: a page must not change while it is explained.
  const [iterations] = useState(() => state.iterations.filter((iteration) => iteration.counters));
  // -1 is the whole run, where the lecture of a replay that has not been watched begins.
  const [at, setAt] = useState(() => {
    const [iteration = shown, page = 1] = asked?.split('.').map(Number) ?? [];
    return {
      iteration: iterations.findLastIndex((one) => one.iteration <= iteration),
      page: page - 1,
      turned: false,
    };
  });
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (!dialog.current || dialog.current.open) return;
    dialog.current.showModal();
    // Not the button to leave: space turns the page.
    dialog.current.focus();
  }, []);
  // As the run was when the lecture began: a page must not change while it is explained.
  const [whole] = useState(() => wholeRunPages({ state, past, other, span }));
  const pagesAt = (index: number): Page[] => (iterations[index] ? pagesOf(state, iterations[index]) : whole);
  const iteration = iterations[at.iteration];
  const pages = pagesAt(at.iteration);
  const pageAt = Math.min(at.page, pages.length - 1);
  const page = pages[pageAt]!;
  const { sheets } = useActions();
  const address = `${iteration?.iteration ?? 0}.${pageAt + 1}`;
  useEffect(() => sheets.change('lecture', { page: address }), [sheets, address]);

  const turn = (by: number) => {
    const next = pageAt + by;
    if (next >= 0 && next < pages.length) return setAt({ ...at, page: next, turned: true });
    const other = at.iteration + Math.sign(by);
    if (other < -1 || other >= iterations.length) return;
    const page = by > 0 ? 0 : pagesAt(other).length - 1;
    setAt({ iteration: other, page, turned: true });
  };
  const jump = (to: number) =>
    to >= -1 && to < iterations.length && setAt({ iteration: to, page: 0, turned: true });
  const onKeyDown = (event: KeyboardEvent) => {
    const actions: Record<string, () => void> = {
      ArrowRight: () => turn(1),
      PageDown: () => turn(1),
      ' ': () => turn(1),
      ArrowLeft: () => turn(-1),
      PageUp: () => turn(-1),
      ArrowDown: () => jump(at.iteration + 1),
      ArrowUp: () => jump(at.iteration - 1),
      Home: () => jump(-1),
      End: () => jump(iterations.length - 1),
    };
    const action = actions[event.key];
    // A figure has keys of its own.
    if (!action || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  };

  return (
    <dialog
      ref={dialog}
      className={`lecture of-${page.hue}`}
      aria-label="Lecture"
      tabIndex={-1}
      onClose={onClose}
      onKeyDown={onKeyDown}
      onClick={(event) => turn(event.clientX < window.innerWidth / 3 ? -1 : 1)}
    >
      <div className="lecture-page" key={`${at.iteration}/${at.page}`} aria-live="polite">
        <p className="lecture-place">
          <span className="lecture-name">{page.name}</span>{' '}
          {iteration ? `iteration ${iteration.iteration}` : 'the whole run'}, {pageAt + 1} of {pages.length}
        </p>
        {page.content}
      </div>
      {iteration && (
        <button
          type="button"
          className="button is-quiet lecture-close lecture-whole"
          onClick={(event) => {
            event.stopPropagation();
            jump(-1);
            // The button goes away, and the keys are the dialog's.
            dialog.current?.focus();
          }}
          onKeyDown={(event) => event.key === ' ' && event.stopPropagation()}
        >
          The whole run
        </button>
      )}
      <button
        type="button"
        className="button is-quiet lecture-close"
        onClick={(event) => {
          event.stopPropagation();
          dialog.current?.close();
        }}
        onKeyDown={(event) => event.key === ' ' && event.stopPropagation()}
      >
        Close
      </button>
      <p className={at.turned ? 'visually-hidden' : 'lecture-help'}>
        <span>
          Right and left arrow turn the pages, up and down change the iteration, Home shows the whole run,
          Escape leaves.
        </span>
        <span>Tap on the right to go on, on the left to go back.</span>
      </p>
    </dialog>
  );
}

function pagesOf(state: RunState, iteration: IterationState): Page[] {
  // One with a goalpost shows the whole method.
  const all = chainsOf(state, iteration);
  const guided = all.filter(({ goalpost, first: lemma }) => goalpost && lemma?.proposal.question);
  const chains = guided.length > 0 ? guided : all;
  const chain: Chain = chains[furthest(chains)] ?? { lifts: [] };
  const { goalpost, first } = chain;
  const lift = furthestLift(chain);
  return [
    ...(goalpost ? [goalpostPage(state, goalpost.id)] : []),
    ...(first ? stonePages(first, state.settings) : []),
    ...(lift ? stonePages(lift, state.settings) : []),
    ...(iteration.update ? [updatePage(iteration.update, iteration.hindsight)] : []),
  ];
}

function goalpostPage(state: RunState, id: string): Page {
  const { question, tries } = goalpostStates(state).find((candidate) => candidate.question.id === id)!;
  const start = tries.find((attempt) => attempt.iteration === 0);
  return {
    name: 'Goalpost',
    hue: 'goalpost',
    content: (
      <>
        <h2>{question.title || question.id}</h2>
        <QuestionBody question={question} brief />
        <p className="lecture-say">
          The model {start ? 'could not solve it at the start' : 'cannot solve it yet'}
          {start && `: ${start.passed} of ${start.samples} answers passed`}.
          {slots(state.settings).real === 0 && !state.settings.trainOnGoalposts && ' It never trains on it.'}
        </p>
      </>
    ),
  };
}

const maker = {
  lemma: 'The teacher reads the goalpost and writes an easier question.',
  lift: 'From the lemma alone the teacher writes a harder question. It does not see the goalpost.',
  unguided: 'The teacher makes a question up; no goalpost stands behind it.',
} as const;

function stonePages(stone: Stone, settings: Settings): Page[] {
  const { role, question, fault, axis } = stone.proposal;
  const name = roleNames[role];
  const written: Page = {
    name,
    hue: role,
    content: question ? (
      <>
        <p className="lecture-say">{maker[role]}</p>
        <h2>
          {question.title}
          {axis && <small> {axisText(axis, stone.followed)}</small>}
        </h2>
        <Program source={question.program} />
        <Examples inputs={question.inputs} outputs={question.outputs} limit={question.shown} />
      </>
    ) : (
      <>
        <p className="lecture-say">{maker[role]}</p>
        <h2>Never tried</h2>
        <p className="lecture-say">{fault?.message}</p>
      </>
    ),
  };
  const attempts = stone.trials.find((trial) => trial.task === 'induction')?.attempts;
  const { passRate } = stone;
  if (!question || !attempts || passRate === undefined) return [written];
  const passed = attempts.filter((attempt) => attempt.verdict === 'passed').length;
  const tried: Page = {
    name: `Attempts at the ${role === 'unguided' ? 'question' : role}`,
    hue: role,
    content: (
      <>
        <p className="lecture-say">
          The student sees {question.shown} examples and answers {attempts.length} times.
        </p>
        <p className="lecture-dots">
          <Dots marks={attempts.map(markOf)} />
        </p>
        <h2>
          {passed} of {attempts.length} pass
        </h2>
        <div className="lecture-answers">
          {[attempts.find(isRight), attempts.find((attempt) => !isRight(attempt))].map(
            (attempt) => attempt && <Answer key={attempt.verdict} attempt={attempt} />,
          )}
        </div>
      </>
    ),
  };
  const paid: Page = {
    name: 'Reward',
    hue: role,
    content: (
      <>
        {paidByCurve(settings) ? (
          <>
            <p className="lecture-formula">
              {definitions[role === 'unguided' ? 'unguided question' : role].formula}
            </p>
            <div className="lecture-curve">
              <RewardFigure kind={role} passRate={passRate} tools={false} />
            </div>
            <h2>{rewardSum(role, passRate)}</h2>
          </>
        ) : (
          <h2>{stone.reward === undefined ? '' : short(stone.reward)}</h2>
        )}
        <p className="lecture-say">
          {percent(passRate)} of the answers pass. {stone.accepted ? 'Accepted.' : 'Not accepted.'}
        </p>
      </>
    ),
  };
  return [written, tried, paid];
}

const isRight = (attempt: Attempt) => attempt.verdict === 'passed';

function Answer({ attempt }: { attempt: Attempt }) {
  return (
    <div>
      <Program
        source={attempt.text || '(nothing)'}
        label={isRight(attempt) ? 'A right answer' : 'Another answer'}
      />
      <p className="lecture-reason">{attempt.reason}</p>
    </div>
  );
}

const texts = (n: number) => `${count(n)} ${n === 1 ? 'text' : 'texts'}`;

function updatePage(
  { stats, groups, sequences }: NonNullable<IterationState['update']>,
  hindsight: IterationState['hindsight'],
): Page {
  return {
    name: 'Update',
    hue: 'update',
    content: (
      <>
        <p className="lecture-say">
          One update trains teacher and student together: the same weights, {texts(sequences)},{' '}
          {count(stats.tokens)} tokens.
          {hindsight &&
            ` ${count(hindsight.sequences)} of them are right answers that nobody sampled: proposals’ own programs and earlier answers.`}
        </p>
        <dl className="lecture-numbers">
          {[
            ['loss', short(stats.loss)],
            ['gradient norm', short(stats.gradNorm)],
            ['the weights moved by', percent(stats.moved)],
            ['entropy', short(stats.entropy)],
          ].map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        <table className="lecture-groups">
          <tbody>
            {groups.map((group) => (
              <tr key={`${group.role}/${group.task}`}>
                <th scope="row">
                  {group.role === 'solver' ? `student, ${group.task}` : `teacher, ${group.role}`}
                </th>
                <td>{texts(group.rollouts)}</td>
                <td>mean reward {short(group.meanReward)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </>
    ),
  };
}
