import { useCallback } from 'react';
import { useActions } from '../store/usePage.ts';

/** Opens a stored run, and shows it from its top. */
export function useShowRun(): (run: string) => void {
  const { openRun } = useActions();
  return useCallback(
    async (run) => {
      await openRun.show(run);
      // On a narrow page the list of runs stands below all that it changes.
      window.scrollTo(0, 0);
    },
    [openRun],
  );
}
