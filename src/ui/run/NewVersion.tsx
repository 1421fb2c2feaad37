/** Announces a newer version, and leaves it to the person when it takes over. */
import { useState, useSyncExternalStore } from 'react';
import { getOffline, subscribeOffline, takeNewer } from '../../offline/offlineState.ts';
import { isBusy } from '../store/lab.ts';
import { usePage } from '../store/usePage.ts';
import './ReplayNote.css';

export function NewVersion() {
  const page = usePage('status', 'live', 'elsewhere');
  const busy = isBusy(page.status);
  const holdsRun = page.live || page.elsewhere !== null;
  const { newer } = useSyncExternalStore(subscribeOffline, getOffline);
  const [elsewhere, setElsewhere] = useState(false);
  if (!newer) return null;
  const take = async () => {
    // The worker is the same for all tabs: a run in another one would lose the files it may still need.
    const { held = [] } = (await navigator.locks?.query()) ?? {};
    const runs = held.filter(({ name }) => name?.startsWith('foothold/')).length;
    if (runs > (holdsRun ? 1 : 0)) setElsewhere(true);
    else takeNewer();
  };
  return (
    <section className="replay-note" aria-label="New version" role="status">
      <p>
        A new version of Foothold is ready.{' '}
        {busy
          ? 'It waits until what runs now is paused.'
          : elsewhere
            ? 'Another tab has a run open: pause it and close that tab first.'
            : 'Stored runs stay.'}
      </p>
      {!busy && (
        <p className="replay-buttons">
          <button type="button" className="button" onClick={() => void take()}>
            Reload to use it
          </button>
        </p>
      )}
    </section>
  );
}
