/** What did not work, said in the sheet too: it covers the page's own notice. */
import { usePage } from '../store/usePage.ts';

export function SheetProblem() {
  const { problem } = usePage('problem');
  if (!problem) return null;
  return (
    <p className="sheet-problem" role="alert">
      <strong>{problem.message}</strong> {problem.advice}
    </p>
  );
}
