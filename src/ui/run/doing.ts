/** The lab's present task, in one line. */
import { activityText } from '../parts/format.ts';
import { isWeightless } from '../store/openRun.ts';
import type { PageState } from '../store/pageStore.ts';
import { usePage } from '../store/usePage.ts';

const FIELDS = ['status', 'activity', 'open', 'replay', 'absent', 'elsewhere'] as const;

export const useDoing = (): string => doing(usePage(...FIELDS));

function doing(page: Pick<PageState, (typeof FIELDS)[number]>): string {
  const { status, activity, open, replay, elsewhere } = page;
  const now = activity ? activityText(activity) : '';
  switch (status) {
    case 'pausing':
      return now ? `Finishing this iteration: ${now}` : 'Finishing this iteration';
    case 'loading':
      return now || 'Getting ready';
    case 'running':
      return elsewhere ? `${elsewhere}: ${now}` : now;
    case 'mining':
      return now || 'Looking for goalposts';
    case 'measuring':
      return now || 'Measuring';
  }
  if (replay) return 'Replay';
  if (isWeightless(page)) return 'Stored without weights; Run repeats it from its seed';
  if (open && elsewhere !== null) return 'Stored; Run goes on with it';
  if (status === 'failed') return 'Stopped by an error';
  return status === 'paused' ? 'Paused' : open ? 'Stored; Run goes on with it' : '';
}
