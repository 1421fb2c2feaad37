/** A question as a person reads it: title, program, examples, hidden pairs; of a benchmark's problem its statement. */
import type { Question } from '../../gasp/question.ts';
import { Examples, Program } from '../parts/Program.tsx';
import { QuestionBody } from '../parts/QuestionBody.tsx';
import './StoneSheet.css';

export function QuestionText({ question }: { question: Question }) {
  if (question.benchmark) {
    return (
      <>
        <p className="card-title">{question.title || 'Untitled'}</p>
        <QuestionBody question={question} program="Program" />
      </>
    );
  }
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
