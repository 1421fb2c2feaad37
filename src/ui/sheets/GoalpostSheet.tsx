/** One goalpost: its question, and how often it was tried and solved until the moment shown. */
import { Curve } from '../../figures/Curve.tsx';
import { log10 } from '../../gasp/distance.ts';
import { wilson } from '../../gasp/passAtK.ts';
import { flagsDown, goalpostStates, type GoalpostState, type RunState } from '../../run/state.ts';
import { FigureTools } from '../figures/FigureTools.tsx';
import { percent } from '../parts/format.ts';
import { Program } from '../parts/Program.tsx';
import { Term } from '../parts/Term.tsx';
import { whoReads } from '../parts/terms.ts';
import { useShown } from '../run/ShownRun.tsx';
import { stepsTo } from '../store/chains.ts';
import { isOwn } from '../store/ownGoalposts.ts';
import { useActions, usePage } from '../store/usePage.ts';
import { QuestionText } from './QuestionText.tsx';
import { Sheet } from './Sheet.tsx';
import './StoneSheet.css';

export function GoalpostSheet({ id, ...props }: { id: string; of: RunState | null; onClose: () => void }) {
  const { climb } = useShown();
  const state = props.of ?? climb;
  const goalpost = goalpostStates(state).find(({ question }) => question.id === id);
  const place = flagsDown(state).findIndex((flag) => flag.id === id) + 1;
  return goalpost && <Goalpost key={id} goalpost={goalpost} state={state} place={place} {...props} />;
}

/** The newest steps; a long run has hundreds. */
const SHOWN_STEPS = 8;

/** A goalpost of another run can only be read. */
function Goalpost(props: {
  goalpost: GoalpostState;
  state: RunState;
  /** Of its flag among those that came down, from 1. */
  place: number;
  of: RunState | null;
  onClose: () => void;
}) {
  const { goalpost, state, place, of, onClose } = props;
  const { question, tries, distances, solvedAt, answer, drawn } = goalpost;
  const steps = stepsTo(state, question.id, solvedAt ?? Infinity);
  const { open, replay } = usePage('open', 'replay');
  const { sheets, choices } = useActions();
  // Without a run of one's own there is no student to try a lemma on.
  const teaches = open && !replay && !of;
  const actions = teaches ? (
    <button
      type="button"
      className="button"
      onClick={() =>
        sheets.open('teach', { start: { role: 'lemma', axis: 'f', from: question, goalpost: question } })
      }
    >
      Write a lemma for it
    </button>
  ) : (
    isOwn(question) &&
    !of && (
      <>
        <button
          type="button"
          className="button"
          onClick={() => sheets.open('writeGoalpost', { from: question })}
        >
          Edit
        </button>
        <button type="button" className="button" onClick={() => choices.removeGoalpost(question.id)}>
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
              onClick={() =>
                sheets.open('programs', {
                  programs: [{ name: 'goalpost', program: question.program }],
                  shown: 0,
                })
              }
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
            {solvedAt === undefined
              ? ' not solved yet'
              : ` solved at iteration ${solvedAt}, flag ${place} to come down`}
          </span>
        </span>
      }
      onClose={onClose}
    >
      <QuestionText question={question} />
      <p className="stone-label">
        {question.benchmark ? 'Teacher and student read the statement and the shown tests.' : whoReads}
      </p>
      <dl className="facts">
        <div>
          <dt>drawn for a lemma</dt>
          <dd>{drawn === 0 ? 'not yet' : drawn === 1 ? 'once' : `${drawn} times`}</dd>
        </div>
      </dl>
      {answer !== undefined && (
        <>
          <p className="stone-label">The answer that solved it</p>
          <Program source={answer} label="The answer that solved it" />
        </>
      )}
      {steps.length > 0 && (
        <>
          <p className="stone-label">
            {solvedAt === undefined
              ? 'Steps towards it so far'
              : 'Steps that the student had trained on by then'}
          </p>
          <ol className="goalpost-steps" start={Math.max(0, steps.length - SHOWN_STEPS) + 1}>
            {steps.slice(-SHOWN_STEPS).map(({ lemma, lifts }) => (
              <li key={lemma.id} className="stone-path">
                {[lemma, ...lifts].map((stone) => (
                  <button
                    key={stone.id}
                    type="button"
                    className={`of-${stone.proposal.role}`}
                    onClick={() => sheets.open('stone', { id: stone.id, of })}
                  >
                    {stone.proposal.question?.title || stone.id}
                  </button>
                ))}
                <span className="section-note">iteration {lemma.iteration}</span>
              </li>
            ))}
          </ol>
        </>
      )}
      {distances.length > 0 && (
        <Curve
          title="Distance"
          heading={<Term name="distance">Distance</Term>}
          note="log₁₀ of the probability that the student answers with this goalpost’s own program; up is nearer"
          series={[
            {
              name: 'log₁₀ p',
              className: 'of-goalpost',
              points: distances.map(({ iteration, logprob }) => ({ iteration, value: log10(logprob) })),
            },
          ]}
          format={(value) => value.toFixed(2).replace('-', '−')}
          to={0}
          lastIteration={distances.at(-1)!.iteration}
          tools={(title, figure, table) => (
            <FigureTools title={`${title} of ${question.id}`} figure={figure} table={table} />
          )}
        />
      )}
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
              <th scope="col">95 % interval</th>
            </tr>
          </thead>
          <tbody>
            {tries.map((attempt) => (
              <tr key={attempt.iteration}>
                <td>{attempt.iteration === 0 ? 'start' : attempt.iteration}</td>
                <td>{attempt.passed}</td>
                <td>{attempt.samples}</td>
                <td>{percent(attempt.passed / attempt.samples)}</td>
                <td>{wilson(attempt.passed, attempt.samples).map(percent).join(' to ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Sheet>
  );
}
