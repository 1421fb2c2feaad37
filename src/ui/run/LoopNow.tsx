/** The loop as it is now: goalpost, lemma and lift side by side, and what the update did. */
import { memo, type ReactNode, type Ref, useCallback, useMemo, useState } from 'react';
import type { Question } from '../../gasp/question.ts';
import { slots } from '../../gasp/methods.ts';
import { paidByCurve } from '../../gasp/rewards.ts';
import type { IterationState, RunState, Stone } from '../../run/state.ts';
import { goalpostStates } from '../../run/state.ts';
import { type Chain, chainsOf, furthest, furthestLift } from '../store/chains.ts';
import { Dots, type Mark, markOf } from '../../figures/Dots.tsx';
import { RewardFigure } from '../figures/RewardFigure.tsx';
import { axisText, percent, roleNames, short } from '../parts/format.ts';
import { Examples, Program } from '../parts/Program.tsx';
import { QuestionBody } from '../parts/QuestionBody.tsx';
import type { Streaming } from '../store/lab.ts';
import { useActions, usePage } from '../store/usePage.ts';
import { Term } from '../parts/Term.tsx';
import { useShown } from './ShownRun.tsx';
import './LoopNow.css';

/** Questions made up without a goalpost that are shown beside one another. */
const TOGETHER = 3;

/** Nothing before the first iteration. */
export function LoopNow() {
  const { time, cards } = useShown();
  return cards && <Loop ref={time.watch.cards} state={cards} past={time.still.cards !== null} />;
}

const Loop = memo(function Loop(props: {
  ref: Ref<HTMLElement>;
  state: RunState;
  /** The page is scrubbed back to an earlier moment. */
  past: boolean;
}) {
  const { state, past } = props;
  const page = usePage('streaming');
  const streaming = past ? null : page.streaming;
  const { sheets } = useActions();
  const onOpen = useCallback((stone: Stone) => sheets.open('stone', { id: stone.id, of: null }), [sheets]);
  const iteration = state.iterations.at(-1);
  // A choice holds for its iteration; the next one starts with whatever got furthest.
  const [picked, setPicked] = useState<{ iteration: number; slot: number } | null>(null);
  const [pickedLift, setPickedLift] = useState<string | null>(null);
  const chains = useMemo(() => (iteration ? chainsOf(state, iteration) : []), [state, iteration]);
  const slot =
    picked && picked.iteration === iteration?.iteration
      ? Math.min(picked.slot, chains.length - 1)
      : furthest(chains);
  const chain = chains[slot];

  const earlier = useMemo(() => {
    const stones = state.iterations.slice(-12).flatMap((recent) => recent.stones);
    const rates = (role: string) =>
      stones.flatMap((stone) =>
        stone.proposal.role === role && stone.passRate !== undefined ? [stone.passRate] : [],
      );
    return { lemma: rates('lemma'), lift: rates('lift'), unguided: rates('unguided') };
  }, [state.iterations]);

  if (!iteration || !chain || (iteration.goalposts.length === 0 && slots(state.settings).unguided === 0))
    return null;
  // Without goalposts there are neither lemmas nor lifts, and questions stand beside one another in their place.
  const alone = iteration.goalposts.length === 0;
  const [step, start] = alone ? [TOGETHER, slot - (slot % TOGETHER)] : [1, slot];
  const together = chains.slice(start, start + step);
  const shown = together.length > 1 ? `${start + 1} to ${start + together.length}` : `${start + 1}`;
  const go = (to: number) =>
    setPicked({ iteration: iteration.iteration, slot: to < 0 ? chains.length - 1 : to % chains.length });
  const what = alone ? 'questions' : 'goalpost';
  // Rows come in the order of the requests: first proposals by slot, lifts by accepted lemma.
  const writing = (role: Streaming['role'], row: number) =>
    streaming?.role === role ? streaming.rows[row]?.text : undefined;
  const answering = (stone: Stone | undefined) =>
    streaming?.role === 'solver' && stone?.proposal.question && stone.passRate === undefined
      ? streaming.rows.find((row) => row.id.startsWith(`${stone.proposal.question!.id}/`))?.text
      : undefined;
  const liftedBefore = chains.slice(0, slot).filter(({ first, goalpost }) => goalpost && first?.accepted);
  const liftRow = liftedBefore.length * state.settings.liftsPerLemma;
  const lift = chain.lifts.find(({ id }) => id === pickedLift) ?? furthestLift(chain);

  const firstCard = ({ first, goalpost }: Chain, at: number) => (
    <StoneCard
      key={at}
      kind={first?.proposal.role === 'unguided' || !goalpost ? 'unguided' : 'lemma'}
      stone={first}
      rollouts={state.settings.rollouts}
      onCurve={paidByCurve(state.settings)}
      earlier={first?.proposal.role === 'unguided' ? earlier.unguided : earlier.lemma}
      writing={
        first
          ? undefined
          : goalpost
            ? writing('lemma', at)
            : writing('unguided', at - iteration.goalposts.length)
      }
      answering={answering(first)}
      waiting={
        goalpost
          ? 'The teacher reads the goalpost, its title and examples, and writes an easier question.'
          : 'The teacher makes a question up.'
      }
      onOpen={onOpen}
    />
  );

  return (
    <section ref={props.ref} className="loop" aria-labelledby="loop-title">
      <div className="section-head">
        <h2 className="eyebrow" id="loop-title">
          {past ? 'The loop then' : 'The loop now'}{' '}
          <span className="section-note">iteration {iteration.iteration}</span>
        </h2>
        <div className="loop-pager">
          <button
            type="button"
            className="button is-quiet"
            aria-label={`Previous ${what}`}
            onClick={() => go(start - step)}
          >
            ‹
          </button>
          <span>
            {shown} of {chains.length}
          </span>
          <button
            type="button"
            className="button is-quiet"
            aria-label={`Next ${what}`}
            onClick={() => go(start + step < chains.length ? start + step : 0)}
          >
            ›
          </button>
        </div>
      </div>
      <div className="loop-cards">
        {alone ? (
          together.map((one, i) => firstCard(one, start + i))
        ) : (
          <>
            <GoalpostCard state={state} {...(chain.goalpost && { question: chain.goalpost })} />
            {firstCard(chain, slot)}
            <StoneCard
              kind="lift"
              stone={lift}
              siblings={chain.lifts}
              onPick={(stone) => setPickedLift(stone.id)}
              rollouts={state.settings.rollouts}
              onCurve={paidByCurve(state.settings)}
              earlier={earlier.lift}
              writing={
                chain.goalpost && chain.first?.accepted && !lift ? writing('lift', liftRow) : undefined
              }
              answering={answering(lift)}
              waiting={liftWaiting(chain, iteration)}
              onOpen={onOpen}
            />
          </>
        )}
      </div>
    </section>
  );
});

function outcome({ passRate, accepted, proposal }: Stone): string {
  if (passRate === undefined) return proposal.fault ? 'never tried' : 'waiting for answers';
  return `${percent(passRate)} pass${accepted ? ', accepted' : ''}`;
}

function liftWaiting({ goalpost, first }: Chain, iteration: IterationState): string {
  if (!goalpost) return 'An unguided question has no lift: no goalpost stands behind it.';
  if (first?.proposal.fault || (first?.passRate !== undefined && !first.accepted))
    return 'No lift here: only a lemma in its band gets one.';
  if (iteration.counters) return 'No lift was written.';
  return 'From an accepted lemma the teacher writes a harder question, without seeing the goalpost.';
}

function GoalpostCard({ state, question }: { state: RunState; question?: Question }) {
  const status = useMemo(
    () => question && goalpostStates(state).find((candidate) => candidate.question.id === question.id),
    [state, question],
  );
  const last = status?.tries.at(-1);
  const first = status?.tries[0];
  return (
    <article className="card of-goalpost">
      <header>
        <h3 className="card-role">
          <Term name="goalpost">Goalpost</Term>
        </h3>
        {status?.solvedAt !== undefined && <span className="card-tag">solved at {status.solvedAt}</span>}
      </header>
      {question ? (
        <>
          <p className="card-title">{question.title || question.id}</p>
          <QuestionBody question={question} program="Program of the goalpost" brief />
          {last && first && (
            <div className="card-result">
              <Dots
                marks={Array.from(
                  { length: last.samples },
                  (_, i): Mark => (i < last.passed ? 'passed' : 'wrong'),
                )}
              />
              <p>
                <strong>
                  {last.passed} of {last.samples}
                </strong>{' '}
                answers pass
                {last === first
                  ? last.iteration === 0
                    ? ' before any training'
                    : ` at iteration ${last.iteration}`
                  : ` at iteration ${last.iteration}; ${first.passed} of ${first.samples} at first`}
              </p>
            </div>
          )}
        </>
      ) : (
        <p className="card-waiting">
          This slot is unguided: the teacher makes a question up, with no goalpost in sight.
        </p>
      )}
    </article>
  );
}

function StoneCard(props: {
  kind: 'lemma' | 'lift' | 'unguided';
  stone: Stone | undefined;
  rollouts: number;
  /** The curve of its role pays it. */
  onCurve: boolean;
  earlier: number[];
  writing: string | undefined;
  answering: string | undefined;
  waiting: string;
  /** Lifts of the same lemma, this one among them. */
  siblings?: Stone[];
  onPick?: (stone: Stone) => void;
  onOpen: (stone: Stone) => void;
}) {
  const { kind, stone, onOpen } = props;
  const siblings = props.siblings ?? [];
  const question = stone?.proposal.question;
  const fault = stone?.proposal.fault;
  const trial = stone?.trials.find((candidate) => candidate.task === 'induction');
  const marks: Mark[] = trial ? trial.attempts.map(markOf) : Array<Mark>(props.rollouts).fill('waiting');
  return (
    <article className={`card of-${kind}`}>
      <header>
        <h3 className="card-role">
          <Term name={kind === 'unguided' ? 'unguided question' : kind}>{roleNames[kind]}</Term>
        </h3>
        {stone?.proposal.axis && (
          <span className="card-tag">
            <Term name="axis">{axisText(stone.proposal.axis, stone.followed)}</Term>
          </span>
        )}
        {stone && (
          <button type="button" className="link card-open" onClick={() => onOpen(stone)}>
            open<span className="visually-hidden"> this {kind}</span>
          </button>
        )}
      </header>
      {stone && siblings.length > 1 && (
        <fieldset className="card-siblings" aria-label={`The ${kind}s of this lemma`}>
          {siblings.map((sibling, i) => (
            <button
              key={sibling.id}
              type="button"
              aria-pressed={sibling === stone}
              aria-label={`${kind} ${i + 1} of ${siblings.length}, ${outcome(sibling)}`}
              className={sibling.accepted ? 'is-accepted' : undefined}
              onClick={() => props.onPick?.(sibling)}
            >
              {sibling.passRate === undefined
                ? sibling.proposal.fault
                  ? '×'
                  : '…'
                : percent(sibling.passRate)}
            </button>
          ))}
        </fieldset>
      )}
      {!stone && props.writing === undefined && <p className="card-waiting">{props.waiting}</p>}
      {props.writing !== undefined && <Writing>{props.writing}</Writing>}
      {question && (
        <>
          <p className="card-title">{question.title || 'Untitled'}</p>
          <Program source={question.program} label={`Program of the ${kind}`} />
          <Examples inputs={question.inputs} outputs={question.outputs} limit={question.shown} />
        </>
      )}
      {stone && fault && (
        <>
          <p className="card-title">Never tried</p>
          <p className="card-fault">{fault.message}</p>
          <Program source={stone.proposal.text} label="What the teacher wrote" />
        </>
      )}
      {props.answering !== undefined && <Writing label="An answer of the student">{props.answering}</Writing>}
      {question && (
        <div className="card-result">
          <Dots marks={marks} />
          <div className="card-paid">
            <p>
              {stone.passRate === undefined ? (
                'waiting for answers'
              ) : (
                <>
                  <strong>{percent(stone.passRate)}</strong> <Term name="pass rate">pass</Term>
                  <br />
                  {stone.reward !== undefined && (
                    <>
                      <Term name="reward">reward</Term> <strong>{short(stone.reward)}</strong>
                      <br />
                      {stone.accepted ? (
                        <>
                          {props.onCurve && 'in its band, '}
                          <Term name="accepted">accepted</Term>
                        </>
                      ) : (
                        <Term name="accepted">{props.onCurve ? 'out of its band' : 'not accepted'}</Term>
                      )}
                    </>
                  )}
                </>
              )}
            </p>
            {props.onCurve && (
              <RewardFigure
                kind={kind}
                earlier={props.earlier}
                {...(stone.passRate !== undefined && { passRate: stone.passRate })}
              />
            )}
          </div>
        </div>
      )}
    </article>
  );
}

/** Text that is being generated. Its end stays in view. */
function Writing({ children, label }: { children: string; label?: string }): ReactNode {
  return (
    <div className="writing" aria-hidden="true">
      {label && <span className="writing-label">{label}</span>}
      <pre translate="no">
        {children}
        <span className="writing-caret" />
      </pre>
    </div>
  );
}
