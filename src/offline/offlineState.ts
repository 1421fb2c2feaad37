/** The page's end of working offline: which files are kept, and whether a newer version waits. */
import type { KeepReport, OfflineCommand } from './serviceWorkerMessages.ts';

export interface Offline {
  /** Everything is here: the page works without network. */
  kept: boolean;
  /** A newer version is here and waits. */
  newer: boolean;
}

/** Milliseconds of quiet after which the large files are fetched: a visitor's own first steps come first. */
const QUIET = 4000;
/** Milliseconds between two looks for a newer version, in a page that is left open. */
const LOOK = 3_600_000;

let current: Offline = { kept: false, newer: false };
const listeners = new Set<() => void>();
let registration: ServiceWorkerRegistration | undefined;

export const getOffline = (): Offline => current;
export function subscribeOffline(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
function change(part: Partial<Offline>): void {
  current = { ...current, ...part };
  for (const listener of listeners) listener();
}

/**
 * Installs the service worker. `wanted` says whether the large files are to be fetched now: who only
 * looks at a replay on a phone has no use for them.
 */
export async function workOffline(address: string, wanted: () => boolean): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  const { serviceWorker } = navigator;
  try {
    registration = await serviceWorker.register(address, { updateViaCache: 'none' });
  } catch {
    return; // Private windows and pages over plain http have none; all but this works there.
  }
  if (!registration) return; // Where a browser is told to allow none.
  const look = () => change({ newer: Boolean(registration?.waiting && serviceWorker.controller) });
  registration.addEventListener('updatefound', () => {
    registration?.installing?.addEventListener('statechange', look);
  });
  look();
  setInterval(() => void registration?.update().catch(() => {}), LOOK);

  serviceWorker.addEventListener('message', ({ data }: MessageEvent<KeepReport>) => {
    if (!data.failed && data.kept === data.of) change({ kept: true });
  });
  const { active } = await serviceWorker.ready;
  const saving = (navigator as { connection?: { saveData?: boolean } }).connection?.saveData;
  if (saving) return;
  const ask = () => {
    if (wanted()) tell(active, 'keep-all');
    else setTimeout(ask, QUIET);
  };
  setTimeout(ask, QUIET);
}

/** Reloads the page with the newer version. */
export function takeNewer(): void {
  const waiting = registration?.waiting;
  if (!waiting) return;
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  tell(waiting, 'take-over');
}

const tell = (worker: ServiceWorker | null | undefined, command: OfflineCommand) =>
  worker?.postMessage(command);
