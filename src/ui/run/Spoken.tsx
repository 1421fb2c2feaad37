/**
 * What a screen reader says of the lab by itself: that it begins, pauses or fails, and what was learned. The line beside
 * the buttons changes several times a second, and is there to be read.
 */
import { unseenGain } from '../../run/gains.ts';
import { tenths } from '../../run/gainWords.ts';
import type { PageState } from '../store/pageStore.ts';
import { usePageValue } from '../store/usePage.ts';

export function Spoken() {
  const words = usePageValue(spoken);
  return (
    <p className="visually-hidden" aria-live="polite">
      {words}
    </p>
  );
}

function spoken({ status, open, live }: PageState): string {
  switch (status) {
    case 'loading':
      return 'The lab gets ready.';
    case 'running': {
      const now = live && open ? unseenGain(open)?.now : undefined;
      return now
        ? `After iteration ${now.iteration}, ${tenths(now.rate)} of answers to unseen questions are right.`
        : 'The run goes on.';
    }
    case 'pausing':
      return 'The run pauses after this iteration.';
    case 'paused':
      return 'The run is paused.';
    case 'failed':
      return 'The run has stopped.';
    case 'mining':
      return 'The lab looks for goalposts.';
    case 'measuring':
      return 'The lab measures.';
    default:
      return '';
  }
}
