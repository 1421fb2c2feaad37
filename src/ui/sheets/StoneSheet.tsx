/** Everything about one proposal or goalpost: program, pairs, each answer with its verdict. */
import type { Question } from '../../gasp/question.ts';
import { findStone, type GoalpostState, type RunState, type Stone, type Trial } from '../../run/state.ts';
import { Dot, Dots, markOf } from '../../figures/Dots.tsx';
import { RewardFigure } from '../figures/RewardFigure.tsx';
import { axisNames, percent, roleNames, short, verdictNames } from '../parts/format.ts';
import { Examples, Program } from '../parts/Program.tsx';
import { Sheet } from './Sheet.tsx';
import { Term } from '../parts/Term.tsx';
import { whoReads } from '../parts/terms.ts';
import type { NamedProgram } from './teach/ProgramsSheet.tsx';
import type { TeachStart } from '../store/teachingStore.ts';
import './StoneSheet.css';

const taskTitles = {
  induction: 'Write the program from its examples',
  deduction: 'Give the output for an input',
  abduction: 'Find an input for an output',
} as const;

export function StoneSheet(props: {
  stone: Stone;
  state: RunState;
  /** Name of its run, where that is not the open one. */
  of?: string | undefined;
  onOpen: (stone: Stone) => void;
  onOpenGoalpost: (id: string) => void;
  /** Absent in a replay: no student is there to try it. */
  onTeach?: ((start: TeachStart) => void) | undefined;
  /** `shown` is the place of the one to begin with. */
  onRead: (programs: NamedProgram[], shown: number) => void;
  onClose: () => void;
}) {
  const { stone, state, onOpen, onTeach, onClose } = props;
  const { proposal } = stone;
  const { question, fault } = proposal;
  const relatives =
    state.iterations.find((candidate) => candidate.iteration === stone.iteration)?.stones ?? [];
  const taught = state.taught.some((candidate) => candidate.id === stone.id);
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
  ].filter((program) => program !== undefined);
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
              onClick={() => props.onRead([...programs, ...answers], own)}
            >
              Compare programs
            </button>
            {onTeach && (
              <button
                type="button"
                className="button"
                onClick={() =>
                  onTeach({
                    role: proposal.role,
                    axis,
                    from: question,
                    ...(goalpost && { goalpost }),
                    ...(lemma && { parent: lemma }),
                  })
                }
              >
                Edit and try
              </button>
            )}
            {onTeach && proposal.role === 'lemma' && (
              <button
                type="button"
                className="button"
                onClick={() =>
                  onTeach({
                    role: 'lift',
                    axis,
                    from: question,
                    parent: stone,
                    ...(goalpost && { goalpost }),
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
            {proposal.axis && `, ${axisNames[proposal.axis]}`}
            {props.of && `, ${props.of}`}
          </span>
        </span>
      }
      onClose={onClose}
    >
      <nav className="stone-path" aria-label="What it was made from">
        {goalpost && (
          <button type="button" className="of-goalpost" onClick={() => props.onOpenGoalpost(goalpost.id)}>
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
              <dd>{stone.accepted ? 'accepted' : 'out of its band'}</dd>
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
          <RewardFigure kind={proposal.role} passRate={stone.passRate} />
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

export function QuestionText({ question }: { question: Question }) {
  return (
    <>
      <p className="card-title">{question.title || 'Untitled'}</p>
      {question.message && <p className="section-note">The student is told: {question.message}</p>}
      {question.program && <Program source={question.program} />}
      <p className="stone-label">
        {question.shown} examples for the student
        {question.inputs.length > question.shown && ', then the hidden ones'}
      </p>
      <Examples inputs={question.inputs} outputs={question.outputs} limit={question.shown} />
      {question.inputs.length > question.shown && (
        <div className="stone-hidden">
          <Examples
            inputs={question.inputs.slice(question.shown)}
            outputs={question.outputs.slice(question.shown)}
            limit={question.inputs.length}
          />
        </div>
      )}
    </>
  );
}

export function TrialView({ trial, question }: { trial: Trial; question: Question | undefined }) {
  const given =
    trial.index === undefined || !question
      ? undefined
      : trial.task === 'deduction'
        ? `f(${question.inputs[trial.index]})`
        : `f(…) = ${question.outputs[trial.index]}`;
  return (
    <section className="trial">
      <h3>
        {taskTitles[trial.task]}{' '}
        <span className="section-note">
          {trial.practisedIn === undefined ? trial.task : `practised in iteration ${trial.practisedIn}`}
        </span>
      </h3>
      {given && (
        <pre className="trial-given" translate="no">
          {given}
        </pre>
      )}
      <p className="trial-rate">
        <Dots marks={trial.attempts.map(markOf)} /> {percent(trial.passRate)} pass
      </p>
      <ol className="attempts">
        {trial.attempts.map((attempt, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: answers are known by their place
          <li key={i}>
            <details>
              <summary>
                <Dot mark={markOf(attempt)} />
                <span className="attempt-verdict">{verdictNames[attempt.verdict]}</span>
                <span className="attempt-reason">{attempt.reason}</span>
                <span className="attempt-reward">{short(attempt.reward)}</span>
              </summary>
              <Program source={attempt.text || '(nothing)'} label={`Answer ${i + 1}`} />
            </details>
          </li>
        ))}
      </ol>
    </section>
  );
}

export function GoalpostSheet(props: {
  goalpost: GoalpostState;
  /** Absent while no run is open: there is no student to try it on. */
  onTeach?: ((start: TeachStart) => void) | undefined;
  onRead: (programs: NamedProgram[], shown: number) => void;
  /** For a person's own goalpost, as long as no run has it. */
  onEdit?: (() => void) | undefined;
  onRemove?: (() => void) | undefined;
  onClose: () => void;
}) {
  const { goalpost, onTeach, onRead, onEdit, onRemove, onClose } = props;
  const { question, tries, solvedAt, drawn } = goalpost;
  const actions = onTeach ? (
    <button
      type="button"
      className="button"
      onClick={() => onTeach({ role: 'lemma', axis: 'f', from: question, goalpost: question })}
    >
      Write a lemma for it
    </button>
  ) : (
    onEdit && (
      <>
        <button type="button" className="button" onClick={onEdit}>
          Edit
        </button>
        <button type="button" className="button" onClick={onRemove}>
          Delete
        </button>
      </>
    )
  );
  return (
    <Sheet
      footer={
        <>
          {question.program !== '' && (
            <button
              type="button"
              className="button"
              onClick={() => onRead([{ name: 'goalpost', program: question.program }], 0)}
            >
              Open the program
            </button>
          )}
          {actions}
        </>
      }
      className="of-goalpost"
      title={
        <span className="stone-role">
          Goalpost
          <span className="section-note">
            {solvedAt === undefined ? ' not solved yet' : ` solved at iteration ${solvedAt}`}
          </span>
        </span>
      }
      onClose={onClose}
    >
      <QuestionText question={question} />
      <p className="stone-label">{whoReads}</p>
      <dl className="facts">
        <div>
          <dt>drawn for a lemma</dt>
          <dd>{drawn === 0 ? 'not yet' : drawn === 1 ? 'once' : `${drawn} times`}</dd>
        </div>
      </dl>
      {tries.length > 0 && (
        <table className="tries">
          <caption className="stone-label">Fresh answers, never trained on</caption>
          <thead>
            <tr>
              <th scope="col">iteration</th>
              <th scope="col">passed</th>
              <th scope="col">of</th>
              <th scope="col">
                <Term name="pass@1">pass@1</Term>
              </th>
            </tr>
          </thead>
          <tbody>
            {tries.map((attempt) => (
              <tr key={attempt.iteration}>
                <td>{attempt.iteration === 0 ? 'start' : attempt.iteration}</td>
                <td>{attempt.passed}</td>
                <td>{attempt.samples}</td>
                <td>{percent(attempt.passed / attempt.samples)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Sheet>
  );
}
