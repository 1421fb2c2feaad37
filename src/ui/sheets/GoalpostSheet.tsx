/** One goalpost: its question, and how often it was tried and solved until the moment shown. */
import { goalpostStates, type GoalpostState, type RunState } from '../../run/state.ts';
import { percent } from '../parts/format.ts';
import { Term } from '../parts/Term.tsx';
import { whoReads } from '../parts/terms.ts';
import { useShown } from '../run/ShownRun.tsx';
import { isOwn } from '../store/ownGoalposts.ts';
import { useActions, usePage } from '../store/usePage.ts';
import { QuestionText } from './QuestionText.tsx';
import { Sheet } from './Sheet.tsx';
import './StoneSheet.css';

export function GoalpostSheet({ id, ...props }: { id: string; of: RunState | null; onClose: () => void }) {
  const { climb } = useShown();
  const goalpost = goalpostStates(props.of ?? climb).find(({ question }) => question.id === id);
  return goalpost && <Goalpost key={id} goalpost={goalpost} {...props} />;
}

/** A goalpost of another run can only be read. */
function Goalpost(props: { goalpost: GoalpostState; of: RunState | null; onClose: () => void }) {
  const { goalpost, of, onClose } = props;
  const { question, tries, solvedAt, drawn } = goalpost;
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
