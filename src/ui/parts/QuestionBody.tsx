/** A question as cards and sheets show it: what is asked, its program where one is known, and what the student sees. */
import { lazy, Suspense } from 'react';
import type { QuestionBodyProps } from './BenchmarkBody.tsx';
import { Examples, Program } from './Program.tsx';

// The first page has no benchmark's problem.
const BenchmarkBody = lazy(async () => ({ default: (await import('./BenchmarkBody.tsx')).BenchmarkBody }));

export function QuestionBody(props: QuestionBodyProps) {
  const { question, program } = props;
  if (question.benchmark) {
    return (
      <Suspense>
        <BenchmarkBody {...props} />
      </Suspense>
    );
  }
  return (
    <>
      {program !== undefined && question.program && <Program source={question.program} label={program} />}
      <Examples inputs={question.inputs} outputs={question.outputs} limit={question.shown} />
    </>
  );
}
