/** A goalpost of one's own: a function and inputs, its outputs computed by Python or given. */
import { useId, useState } from 'react';
import type { Question } from '../../../gasp/question.ts';
import { modelSource } from '../../../lab/models.ts';
import { type GoalpostDraft, SHOWN_PAIRS } from '../../../gasp/teaching.ts';
import { CodeEditor } from '../../parts/editor/CodeEditor.tsx';
import { useActions, usePage } from '../../store/usePage.ts';
import { Sheet } from '../Sheet.tsx';
import { SheetProblem } from '../SheetProblem.tsx';
import { QuestionText } from '../QuestionText.tsx';
import { useDoing } from '../../run/doing.ts';
import { linesOf } from './TeacherSheet.tsx';
import './teach.css';

interface Written {
  title: string;
  program: string;
  inputs: string;
  outputs: string;
  given: boolean;
}
const blank: Written = {
  title: '',
  program: 'def f(x):\n    x = sorted(x)\n    x = x[::-1]\n    return x\n',
  inputs: '[3, -1, 2]\n[0, 5, 5, 1]\n[7, 2]\n[4, 9, -6, 2]\n[1, 8, 3]',
  outputs: '',
  given: false,
};
/** Closing the sheet loses nothing. */
let left: Written | undefined;

export function GoalpostEditor(props: {
  /** One's own goalpost, to change it. */
  from?: Question | undefined;
  onClose: () => void;
}) {
  const { from, onClose } = props;
  const page = usePage('examined', 'model');
  const { examined } = page;
  const { teaching, choices } = useActions();
  const doing = useDoing();
  const [written, setWritten] = useState<Written>(() =>
    from
      ? {
          title: from.title,
          program: from.program,
          inputs: from.inputs.join('\n'),
          outputs: from.outputs.join('\n'),
          given: from.program === '',
        }
      : (left ?? blank),
  );
  const ids = { title: useId(), inputs: useId(), outputs: useId() };
  const change = (part: Partial<Written>) => {
    const next = { ...written, ...part };
    if (!from) left = next;
    setWritten(next);
  };
  const draft: GoalpostDraft = {
    title: written.title.trim(),
    program: written.program,
    inputs: linesOf(written.inputs),
    ...(written.given && { outputs: linesOf(written.outputs) }),
  };
  const current = examined && JSON.stringify(examined.draft) === JSON.stringify(draft) ? examined : null;
  const running = examined !== null && !examined.result;
  const fault = current?.result && 'fault' in current.result ? current.result.fault : undefined;
  const question = current?.result && 'question' in current.result ? current.result.question : undefined;
  const run = () => !running && teaching.examine(draft);
  const model = modelSource(page.model);
  const unreadable = question && model.kind === 'embedded' ? model.dialect.unreadable?.(question) : null;
  return (
    <Sheet
      className="is-wide of-goalpost"
      title={<span className="stone-role">{from ? 'Your goalpost' : 'A goalpost of your own'}</span>}
      onClose={onClose}
      footer={
        <>
          <button
            type="button"
            className={`button ${question ? '' : 'is-primary'}`}
            disabled={running}
            onClick={run}
          >
            Run it
          </button>
          <button
            type="button"
            className={`button ${question ? 'is-primary' : ''}`}
            disabled={!question}
            onClick={() => {
              choices.addGoalpost({ ...question!, title: question!.title || 'A goalpost of mine' }, from?.id);
              left = undefined;
              onClose();
            }}
          >
            {from ? 'Save it' : 'Add it'}
          </button>
          <p className="section-note" role="status">
            {running
              ? doing || 'Python runs it'
              : question
                ? 'It runs. Once added, the next run aims at it.'
                : 'Run it first; then it can be added.'}
          </p>
        </>
      }
    >
      <SheetProblem />
      <div className="teach-choices">
        <label className="teach-choice is-long" htmlFor={ids.title}>
          <span>Title: the teacher reads it, the student does not</span>
          <input
            id={ids.title}
            className="field"
            value={written.title}
            placeholder="sort, then reverse"
            onChange={(event) => change({ title: event.target.value })}
          />
        </label>
        <label className="teach-choice">
          <span>Outputs</span>
          <select
            className="field"
            value={written.given ? 'given' : 'computed'}
            onChange={(event) => change({ given: event.target.value === 'given' })}
          >
            <option value="computed">what the program gives</option>
            <option value="given">given below</option>
          </select>
        </label>
      </div>
      <CodeEditor
        value={written.program}
        label="Program of your goalpost"
        onChange={(program) => change({ program })}
        onSubmit={run}
        problem={fault?.line !== undefined ? { line: fault.line, message: fault.message } : undefined}
      />
      {written.given && (
        <p className="section-note">
          With outputs given the program may stay empty; if there is one, it must agree.
        </p>
      )}
      <div className="teach-pairs">
        <div>
          <label className="teach-inputs" htmlFor={ids.inputs}>
            Inputs, one a line: the arguments of <code translate="no">f</code>. The first {SHOWN_PAIRS} are
            shown to the student.
          </label>
          <textarea
            id={ids.inputs}
            className="field teach-lines"
            spellCheck={false}
            rows={6}
            value={written.inputs}
            onChange={(event) => change({ inputs: event.target.value })}
          />
        </div>
        {written.given && (
          <div>
            <label className="teach-inputs" htmlFor={ids.outputs}>
              Outputs, one a line, as Python prints them.
            </label>
            <textarea
              id={ids.outputs}
              className="field teach-lines"
              spellCheck={false}
              rows={6}
              value={written.outputs}
              onChange={(event) => change({ outputs: event.target.value })}
            />
          </div>
        )}
      </div>
      {fault && fault.line === undefined && (
        <p className="code-problem" role="alert">
          {fault.message}
        </p>
      )}
      {unreadable && (
        <p className="code-problem" role="alert">
          The embedded model cannot read it: {unreadable}. Only a run with another model can aim at it.
        </p>
      )}
      {question && (
        <section className="teach-result" aria-label="What it asks">
          <QuestionText question={question} />
        </section>
      )}
    </Sheet>
  );
}
