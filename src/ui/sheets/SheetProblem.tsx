/** The notice of an error within a sheet, which covers the page's own notice. */
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
