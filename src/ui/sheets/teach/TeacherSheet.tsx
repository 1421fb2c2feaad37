/** Playing the teacher: write a lemma or a lift, have the student try it, see what it would have earned. */
import { useEffect, useId, useRef, useState } from 'react';
import { METHODS } from '../../../gasp/methods.ts';
import type { Axis, ProposerRole } from '../../../gasp/question.ts';
import { paidByCurve } from '../../../gasp/rewards.ts';
import type { PersonDraft, TeachingTrial } from '../../../gasp/teaching.ts';
import { CodeEditor } from '../../parts/editor/CodeEditor.tsx';
import { RewardFigure } from '../../figures/RewardFigure.tsx';
import { activityShare, axisNames, percent, roleNames, short } from '../../parts/format.ts';
import { Examples } from '../../parts/Program.tsx';
import { QuestionBody } from '../../parts/QuestionBody.tsx';
import { useActions, usePage } from '../../store/usePage.ts';
import { Sheet } from '../Sheet.tsx';
import { SheetProblem } from '../SheetProblem.tsx';
import { TrialView } from '../TrialView.tsx';
import type { TeachStart } from '../../store/teaching.ts';
import { Term } from '../../parts/Term.tsx';
import { useDoing } from '../../run/doing.ts';
import './teach.css';

/** Drafts that were neither kept nor thrown away: closing the sheet loses nothing. */
const drafts = new Map<string, Pick<PersonDraft, 'program' | 'inputs' | 'title' | 'axis'>>();

/** One input a line; blank lines do not count. */
export const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** Another question to begin with begins another sheet. */
export function TeacherSheet({ start, onClose }: { start: TeachStart; onClose: () => void }) {
  return <Teacher key={`${start.role}/${start.from.id}`} start={start} onClose={onClose} />;
}

function Teacher({ start, onClose }: { start: TeachStart; onClose: () => void }) {
  const { role, from, goalpost, parent } = start;
  const { trial, open, status, activity } = usePage('trial', 'open', 'status', 'activity');
  const { teaching } = useActions();
  const doing = useDoing();
  const key = `${open?.run}/${role}/${from.id}`;
  // What the teacher writes is about a function f, whatever the form of a benchmark's problem.
  const begun = from.benchmark ? { program: '', inputs: [] } : from;
  const [program, setProgram] = useState(() => drafts.get(key)?.program ?? begun.program);
  const [inputs, setInputs] = useState(() => (drafts.get(key)?.inputs ?? begun.inputs).join('\n'));
  const [title, setTitle] = useState(() => drafts.get(key)?.title ?? '');
  const [axis, setAxis] = useState<Axis>(() => drafts.get(key)?.axis ?? start.axis);
  const lemma = parent?.proposal.question;
  // An edit stands beside its original; a new text beside the question that it comes from.
  const besides = [
    { name: `the ${roleNames[role].toLowerCase()} as it was`, question: from },
    { name: 'the lemma', question: lemma },
    { name: 'the goalpost', question: goalpost },
  ].filter(
    ({ question }, i) =>
      question?.program && !question.benchmark && (i > 0 || ![lemma?.id, goalpost?.id].includes(question.id)),
  );
  const [beside, setBeside] = useState(0);
  const given = useId();
  const result = useRef<HTMLElement>(null);

  const guided = role !== 'unguided';
  const draft: PersonDraft = {
    role,
    ...(guided && { axis }),
    ...(guided && goalpost && { goalpost: goalpost.id }),
    ...(role === 'lift' && parent && { parent: parent.id }),
    title,
    message: '',
    program,
    inputs: linesOf(inputs),
  };
  useEffect(() => {
    drafts.set(key, { program, inputs: inputs.split('\n'), title, axis });
  }, [key, program, inputs, title, axis]);

  const mine = trial?.about === key ? trial : null;
  // A trial would cancel the lab's present task.
  const occupied = status === 'mining' || status === 'measuring';
  const trying = mine?.phase === 'trying';
  const changed = mine !== null && JSON.stringify(mine.draft) !== JSON.stringify(draft);
  const fault = mine?.result?.proposal.fault;
  const tryIt = () => !trying && !occupied && teaching.try(key, draft);
  const share = activity ? activityShare(activity) : undefined;
  const against = besides[beside]?.question?.program;
  const { rollouts = 0 } = open?.settings ?? {};

  useEffect(() => {
    if (mine?.phase === 'tried') result.current?.scrollIntoView({ block: 'nearest' });
  }, [mine?.phase]);

  return (
    <Sheet
      className={`is-wide of-${role}`}
      title={
        <span className="stone-role">
          You are the teacher <span className="section-note">write a {roleNames[role].toLowerCase()}</span>
        </span>
      }
      onClose={onClose}
      footer={
        <>
          {trying ? (
            <button type="button" className="button" onClick={() => teaching.cancelTry()}>
              Stop
            </button>
          ) : (
            <button type="button" className="button is-primary" disabled={occupied} onClick={tryIt}>
              Try
            </button>
          )}
          {mine?.result?.passRate !== undefined && mine.phase !== 'kept' && !changed && (
            <>
              <button
                type="button"
                className="button"
                disabled={mine.phase === 'keeping'}
                onClick={() => teaching.keep()}
              >
                Keep in the run
              </button>
              <button
                type="button"
                className="button is-quiet"
                onClick={() => {
                  drafts.delete(key);
                  teaching.throwAway();
                  onClose();
                }}
              >
                Throw away
              </button>
            </>
          )}
          <p className="section-note" role="status">
            {trying
              ? status === 'running'
                ? `Tried as soon as this iteration is done. ${doing}`
                : doing
              : occupied
                ? `Busy: ${doing}. Stop that first, or wait.`
                : mine?.phase === 'kept'
                  ? 'Kept: the next iteration trains on it.'
                  : mine?.phase === 'stopped'
                    ? 'Not tried.'
                    : ''}
          </p>
        </>
      }
    >
      {trying && (
        <progress
          className="teach-progress"
          aria-label="Trying"
          {...(share !== undefined && { value: share })}
        />
      )}
      <SheetProblem />
      <div className="teach-lead">
        {role === 'lift' ? (
          <>
            A <Term name="lift">lift</Term> is harder than its lemma: paid best when one answer in ten passes.
          </>
        ) : role === 'lemma' ? (
          <>
            A <Term name="lemma">lemma</Term> is easier than its goalpost: paid best when half of the answers
            pass.
          </>
        ) : (
          'An unguided question: paid best when it is rarely solved, but sometimes.'
        )}{' '}
        The student sees inputs and outputs, never the program.
        {open &&
          !paidByCurve(open.settings) &&
          ` ${METHODS[open.settings.method].title} pays its teacher for all questions of an iteration together; for a single one GASP’s curve stands here.`}
      </div>
      {goalpost?.benchmark && (
        <details>
          <summary>The goalpost</summary>
          <QuestionBody question={goalpost} />
        </details>
      )}
      <div className="teach-choices">
        {besides.length > 0 && (
          <label className="teach-choice">
            <span>Beside it</span>
            <select
              className="field"
              value={beside}
              onChange={(event) => setBeside(Number(event.target.value))}
            >
              {besides.map(({ name }, i) => (
                <option key={name} value={i}>
                  {name}
                </option>
              ))}
              <option value={-1}>nothing</option>
            </select>
          </label>
        )}
        {guided && role === 'lemma' && (
          <label className="teach-choice">
            <span>What changes</span>
            <select className="field" value={axis} onChange={(event) => setAxis(event.target.value as Axis)}>
              <option value="f">the algorithm ({axisNames.f})</option>
              <option value="io">inputs and outputs ({axisNames.io})</option>
            </select>
          </label>
        )}
        <label className="teach-choice is-long">
          <span>Title, for people</span>
          <input
            className="field"
            value={title}
            placeholder={from.title}
            onChange={(event) => setTitle(event.target.value)}
          />
        </label>
      </div>
      <CodeEditor
        value={program}
        against={against}
        label={`Program of your ${roleNames[role].toLowerCase()}`}
        onChange={setProgram}
        onSubmit={tryIt}
        problem={
          fault?.line !== undefined && !changed ? { line: fault.line, message: fault.message } : undefined
        }
      />
      <label className="teach-inputs" htmlFor={given}>
        Inputs, one a line: the arguments of <code translate="no">f</code>. The first {from.shown} are shown
        to the student, all of them judge its answer.
      </label>
      <textarea
        id={given}
        className="field teach-lines"
        spellCheck={false}
        rows={6}
        value={inputs}
        onChange={(event) => setInputs(event.target.value)}
      />
      {mine?.result && !trying && (
        <section className="teach-result" aria-label="How it fared" ref={result}>
          {changed && <p className="section-note">What you tried last; you changed it since.</p>}
          <Verdict role={role} result={mine.result} rollouts={rollouts} />
        </section>
      )}
    </Sheet>
  );
}

function Verdict(props: { role: ProposerRole; result: TeachingTrial; rollouts: number }) {
  const { role, result, rollouts } = props;
  const { proposal, passRate, reward, accepted, attempts, copies } = result;
  const { question, fault } = proposal;
  if (fault || !question || passRate === undefined) {
    return (
      <>
        <p className="card-title">Never tried</p>
        {fault?.line === undefined && <p role="alert">{fault?.message}</p>}
        <p className="section-note">A teacher would have earned {short(reward)}.</p>
      </>
    );
  }
  return (
    <>
      <div className="stone-paid">
        <dl className="facts">
          <div>
            <dt>pass rate, of {rollouts} answers</dt>
            <dd>{percent(passRate)}</dd>
          </div>
          <div>
            <dt>would have earned</dt>
            <dd>{short(reward)}</dd>
          </div>
          <div>
            <dt>verdict</dt>
            <dd>
              {accepted ? 'in its band, accepted' : copies === undefined ? 'out of its band' : 'a copy'}
            </dd>
          </div>
          {proposal.similarity !== undefined && proposal.similarity > 0 && (
            <div>
              <dt>nearest earlier question</dt>
              <dd>similarity {short(proposal.similarity)}</dd>
            </div>
          )}
        </dl>
        <RewardFigure kind={role} passRate={passRate} />
      </div>
      {copies !== undefined && (
        <p className="section-note">
          It is so close to question {copies} that the novelty filter would have turned it away.
        </p>
      )}
      <Examples inputs={question.inputs} outputs={question.outputs} limit={question.inputs.length} />
      <TrialView trial={{ task: 'induction', attempts, passRate }} question={question} />
    </>
  );
}
