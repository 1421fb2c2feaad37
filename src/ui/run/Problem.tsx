/** The notice of an error, above everything else, until it is dismissed. */
import { useActions, usePage } from '../store/usePage.ts';

export function Problem() {
  const { problem } = usePage('problem');
  const { notices } = useActions();
  if (!problem) return null;
  return (
    <div className="problem" role={problem.calm ? 'status' : 'alert'} data-calm={problem.calm}>
      <p>
        <strong>{problem.message}</strong> {problem.advice}
      </p>
      <button type="button" className="button" onClick={() => notices.dismiss()}>
        Dismiss
      </button>
    </div>
  );
}
