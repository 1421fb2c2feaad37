/** The ways on which a session reaches the page: its address, and files that are dropped on it. */
import { bare, sourceOf } from '../../share/address.ts';
import type { Shared } from '../../share/bundle.ts';
import type { PageStore } from './pageStore.ts';

/** Follows the address from now on, and keeps it true: it names what is shown, or nothing. */
export function followAddress(page: PageStore): void {
  let opened: Shared['kind'] | null = null;
  const follow = async () => {
    const source = sourceOf(location);
    opened = null;
    if (source) opened = await page.opening.openAddress(source, location.href);
    else if (page.get().replay) page.openRun.close();
  };
  page.subscribe(() => {
    const { replay, open } = page.get();
    if (!opened || (opened === 'replay' ? replay !== null : open === null)) return;
    opened = null;
    history.pushState(null, '', bare(location.href));
  });
  window.addEventListener('popstate', () => void follow());
  void follow();
}

/** Opens files that are dropped anywhere on the page. */
export function acceptDrops(page: PageStore): void {
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
    if (file) void page.opening.openFile(file);
  });
}
