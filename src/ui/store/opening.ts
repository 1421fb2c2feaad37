/**
 * Opens what the page's address asks for and what is dropped on it. What reads sessions is loaded when
 * there is one to read. Nothing that comes this way is run or stored before somebody presses a button.
 */
import { bare, sourceOf } from '../../share/address.ts';
import type { Shared } from '../../share/bundle.ts';
import type { Session } from './session.ts';

/** Follows the address from now on, and keeps it true: it names what is shown, or nothing. */
export function followAddress(session: Session): void {
  let opened: Shared['kind'] | null = null;
  const follow = async () => {
    const source = sourceOf(location);
    if (!source) {
      if (session.getSnapshot().replay) session.close();
      opened = null;
      return;
    }
    opened = null;
    opened = await open(session, async () =>
      (await import('../../share/link.ts')).openSource(source, location.href),
    );
  };
  session.subscribe(() => {
    const { replay, state } = session.getSnapshot();
    if (!opened || (opened === 'replay' ? replay !== null : state === null)) return;
    opened = null;
    history.pushState(null, '', bare(location.href));
  });
  window.addEventListener('popstate', () => void follow());
  void follow();
}

/** Opens files that are dropped anywhere on the page. */
export function acceptDrops(session: Session): void {
  const holdsFile = (event: DragEvent) => event.dataTransfer?.types.includes('Files');
  window.addEventListener('dragover', (event) => {
    if (!holdsFile(event)) return;
    event.preventDefault();
    document.body.dataset.drop = '';
  });
  window.addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) delete document.body.dataset.drop;
  });
  window.addEventListener('drop', (event) => {
    if (!holdsFile(event)) return;
    event.preventDefault();
    delete document.body.dataset.drop;
    const [file] = event.dataTransfer?.files ?? [];
    if (file) void openDropped(session, file);
  });
}

export async function openDropped(session: Session, file: Blob): Promise<void> {
  await open(session, async () => (await import('../../share/link.ts')).openFile(file));
}

/** A file that was picked to be stored: its runs are stored at once. */
export async function importFile(session: Session, file: Blob): Promise<void> {
  session.setOpening(true);
  try {
    const { openFile } = await import('../../share/link.ts');
    const shared = await openFile(file);
    if (shared.kind === 'replay') await session.importRuns(shared.runs);
    else await session.takeRecipe(shared.recipe);
  } catch (error) {
    session.reportByCode(error, 'Nothing was changed.');
  } finally {
    session.setOpening(false);
  }
}

/** `read` gives null where there is nothing to open. */
async function open(session: Session, read: () => Promise<Shared | null>): Promise<Shared['kind'] | null> {
  session.setOpening(true);
  try {
    const shared = await read();
    if (!shared) return null;
    if (shared.kind === 'recipe') await session.takeRecipe(shared.recipe);
    else if (shared.runs.length === 1) session.showReplay(shared.runs[0]!);
    else session.offer(shared.runs);
    return shared.kind;
  } catch (error) {
    session.reportByCode(error, 'Nothing was changed.');
    return null;
  } finally {
    session.setOpening(false);
  }
}
