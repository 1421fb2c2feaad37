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
  const { entry } = question.benchmark!;
  const statement = brief && message.length > BRIEF ? `${message.slice(0, BRIEF - 1).trimEnd()}…` : message;
  return (
    <>
      <p className="statement" translate="no">
        {statement}
      </p>
      <p className="section-note">{formOf(question)}</p>
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

function formOf({ shown, benchmark }: Question): string {
  const { entry, cases } = benchmark!;
  const asked = entry ? `the function ${entry}` : 'a program that reads standard input';
  const tests = cases === 1 ? '1 test' : `${cases} tests`;
  const open = shown === 0 ? 'none is' : shown === 1 ? '1 is' : `${shown} are`;
  return `Asked for: ${asked}. Judged by ${tests}, of which ${open} shown.`;
}
