/** Says what does not work in this browser as it should, and what to do about it. */
import { cannotRun } from '../store/platform.ts';
import { usePage } from '../store/usePage.ts';
import { PAGE_ADVICE, problemOf } from '../parts/wording.ts';
import './ReplayNote.css';

export function Limits() {
  const { memoryReason } = usePage('memoryReason');
  const memory = memoryReason && problemOf(memoryReason, PAGE_ADVICE['storage-missing'] as string);
  return (
    <>
      {cannotRun && (
        <section className="replay-note" aria-label="Nothing can run here" role="status">
          <p>
            <strong>Nothing can run here.</strong> {cannotRun} Replays and stored runs open all the same.
          </p>
        </section>
      )}
      {memory && (
        <section className="replay-note" aria-label="Kept in memory only" role="status">
          <p>
            <strong>{memory.message}</strong> {memory.advice}
          </p>
        </section>
      )}
    </>
  );
}
