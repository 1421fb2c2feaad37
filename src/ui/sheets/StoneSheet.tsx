/** Everything about one proposal: program, pairs, each answer with its verdict. */
import { paidByCurve } from '../../gasp/rewards.ts';
import { findStone, type RunState, type Stone } from '../../run/state.ts';
import { RewardFigure } from '../figures/RewardFigure.tsx';
import { axisText, percent, roleNames, short, verdictNames } from '../parts/format.ts';
import { Program } from '../parts/Program.tsx';
import { Term } from '../parts/Term.tsx';
import { useActions, usePage } from '../store/usePage.ts';
import { QuestionText } from './QuestionText.tsx';
import { Sheet } from './Sheet.tsx';
import { TrialView } from './TrialView.tsx';
import './StoneSheet.css';

export function StoneSheet({ id, ...props }: { id: string; of: RunState | null; onClose: () => void }) {
  const { open } = usePage('open');
  const state = props.of ?? open!;
  const stone = findStone(state, id);
  return stone && <StoneView stone={stone} state={state} {...props} />;
}

function StoneView(props: { stone: Stone; state: RunState; of: RunState | null; onClose: () => void }) {
  const { stone, state, of, onClose } = props;
  const { replay } = usePage('replay');
  const { sheets } = useActions();
  const onOpen = (opened: Stone) => sheets.open('stone', { id: opened.id, of });
  // In a replay no student is there to try it, and what belongs to another run can be read, and no more.
  const teaches = !replay && !of;
  const { proposal } = stone;
  const { question, fault } = proposal;
  const relatives =
    state.iterations.find((candidate) => candidate.iteration === stone.iteration)?.stones ?? [];
  const taught = state.taught.some((candidate) => candidate.id === stone.id);
  // A person in the teacher's place is paid by the curve in every run.
  const onCurve = taught || paidByCurve(state.settings);
  const lemma = findStone(state, proposal.parent);
  const lifts = [...relatives, ...state.taught].filter(({ proposal: { parent } }) => parent === stone.id);
  const liftName = (i: number) => (lifts.length > 1 ? `lift ${i + 1}` : 'lift');
  const goalpost = state.goalposts.find((candidate) => candidate.id === proposal.goalpost);
  const axis = proposal.axis ?? 'f';
  const programs = [
    goalpost && { name: 'goalpost', program: goalpost.program },
    lemma?.proposal.question && { name: 'lemma', program: lemma.proposal.question.program },
    question && { name: proposal.role, program: question.program },
    ...lifts.map(
      ({ proposal: { question: made } }, i) => made && { name: liftName(i), program: made.program },
    ),
  ]
    .filter((named) => named !== undefined)
    .filter(({ program: source }) => source !== '');
  const own = programs.findIndex(({ program }) => program === question?.program);
  const answers =
    stone.trials
      .find((trial) => trial.task === 'induction')
      ?.attempts.map(({ text, verdict }, i) => ({
        name: `answer ${i + 1}, ${verdictNames[verdict]}`,
        program: text,
      })) ?? [];
  return (
    <Sheet
      content={stone.id}
      footer={
        question && (
          <>
            <button
              type="button"
              className="button"
              onClick={() => sheets.open('programs', { programs: [...programs, ...answers], shown: own })}
            >
              Compare programs
            </button>
            {teaches && (
              <button
                type="button"
                className="button"
                onClick={() =>
                  sheets.open('teach', {
                    start: {
                      role: proposal.role,
                      axis,
                      from: question,
                      ...(goalpost && { goalpost }),
                      ...(lemma && { parent: lemma }),
                    },
                  })
                }
              >
                Edit and try
              </button>
            )}
            {teaches && proposal.role === 'lemma' && (
              <button
                type="button"
                className="button"
                onClick={() =>
                  sheets.open('teach', {
                    start: {
                      role: 'lift',
                      axis,
                      from: question,
                      parent: stone,
                      ...(goalpost && { goalpost }),
                    },
                  })
                }
              >
                Write a lift
              </button>
            )}
          </>
        )
      }
      className={`of-${proposal.role}`}
      title={
        <span className="stone-role">
          {roleNames[proposal.role]}
          <span className="section-note">
            {taught ? ' of yours, kept after ' : ' of '}
            {taught && stone.iteration === 0 ? 'the start' : `iteration ${stone.iteration}`}
            {proposal.axis && `, ${axisText(proposal.axis, stone.followed)}`}
            {of && `, ${of.name}`}
          </span>
        </span>
      }
      onClose={onClose}
    >
      <nav className="stone-path" aria-label="What it was made from">
        {goalpost && (
          <button
            type="button"
            className="of-goalpost"
            onClick={() => sheets.open('goalpost', { id: goalpost.id, of })}
          >
            goalpost
          </button>
        )}
        {lemma && (
          <button type="button" className="of-lemma" onClick={() => onOpen(lemma)}>
            lemma
          </button>
        )}
        <span className={`of-${proposal.role}`} aria-current="true">
          {proposal.role}
        </span>
        {lifts.map((lift, i) => (
          <button key={lift.id} type="button" className="of-lift" onClick={() => onOpen(lift)}>
            {liftName(i)}
          </button>
        ))}
      </nav>
      {question ? (
        <QuestionText question={question} />
      ) : (
        <>
          <p className="card-title">Never tried</p>
          <p>{fault?.message}</p>
        </>
      )}
      {stone.passRate !== undefined && (
        <div className="stone-paid">
          <dl className="facts">
            <div>
              <dt>
                <Term name="pass rate">pass rate</Term>
              </dt>
              <dd>{percent(stone.passRate)}</dd>
            </div>
            {stone.reward !== undefined && (
              <div>
                <dt>
                  <Term name="reward">reward</Term>
                </dt>
                <dd>{short(stone.reward)}</dd>
              </div>
            )}
            <div>
              <dt>
                <Term name="accepted">verdict</Term>
              </dt>
              <dd>{stone.accepted ? 'accepted' : onCurve ? 'out of its band' : 'not accepted'}</dd>
            </div>
            {proposal.similarity !== undefined && (
              <div>
                <dt>
                  <Term name="similarity">nearest earlier question</Term>
                </dt>
                <dd>similarity {short(proposal.similarity)}</dd>
              </div>
            )}
          </dl>
          {onCurve && <RewardFigure kind={proposal.role} passRate={stone.passRate} />}
        </div>
      )}
      {stone.trials.map((trial) => (
        <TrialView
          key={`${trial.task}/${trial.index ?? ''}/${trial.practisedIn ?? ''}`}
          trial={trial}
          question={question}
        />
      ))}
      <details className="stone-text">
        <summary>What the teacher wrote, word for word</summary>
        <Program source={proposal.text} label="The teacher's text" />
      </details>
    </Sheet>
  );
}
