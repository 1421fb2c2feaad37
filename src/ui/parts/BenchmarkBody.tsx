/** A benchmark's problem: its statement, the form of its answers, its tests. */
import type { Question } from '../../gasp/question.ts';
import { Examples, Program } from './Program.tsx';
import './BenchmarkBody.css';

export interface QuestionBodyProps {
  question: Question;
  /** Only the beginning of a long statement. */
  brief?: boolean;
  /** The program's name, for those who do not see where it stands; absent: programs are not shown. */
  program?: string;
}

/** Characters of a statement on a card: its first sentences. */
const BRIEF = 280;

export function BenchmarkBody({ question, brief = false, program }: QuestionBodyProps) {
  const { message, inputs, outputs, shown } = question;
  const { entry, cases } = question.benchmark!;
  const statement = brief && message.length > BRIEF ? `${message.slice(0, BRIEF - 1).trimEnd()}…` : message;
  return (
    <>
      <p className="statement" translate="no">
        {statement}
      </p>
      <p className="section-note">
        Asked for: {entry ? `the function ${entry}` : 'a program that reads standard input'}. Judged by{' '}
        {cases} {cases === 1 ? 'test' : 'tests'}, of which{' '}
        {shown === 0 ? 'none is' : shown === 1 ? '1 is' : `${shown} are`} shown.
      </p>
      {program !== undefined && question.program && <Program source={question.program} label={program} />}
      {entry ? (
        <Examples inputs={inputs} outputs={outputs} limit={shown} />
      ) : (
        <div className="of-printed">
          <Examples
            inputs={inputs.map((text) => text.trimEnd())}
            outputs={outputs.map((text) => text.trimEnd())}
            limit={shown}
          />
        </div>
      )}
    </>
  );
}
