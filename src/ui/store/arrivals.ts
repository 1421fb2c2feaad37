/** The ways on which a session reaches the page: its address, and files that are dropped on it. */
import { findStone } from '../../run/state.ts';
import { bare, type Source, sourceOf } from '../../share/address.ts';
import { type Place, readHash, writeHash } from '../../share/place.ts';
import { PLAIN_SHEETS } from './openSheet.ts';
import type { PageStore } from './pageStore.ts';

/** Milliseconds without a step through time after which the address follows. */
const REST = 250;

/** A session that the address names. */
interface Named {
  key: string;
  /** What of the address is its; null where that was changed on its way: it stays as it is, and nothing is added. */
  base: { search: string; link: string } | null;
  /** Whether it is still what the page shows. */
  holds: () => boolean;
}

/**
 * Follows the address from now on, and keeps it true: it names the run, the moment and the sheet that are shown. What
 * is opened gets an entry of its own in the browser's history, so that Back closes it.
 */
export function followAddress(page: PageStore): void {
  let named: Named | null = null;
  let following = 0;
  /** The sheet was closed, and so its entry in the history is left. */
  let leaving = false;
  /** What the last entry is about. */
  let about = '';

  const openSession = async (source: Source): Promise<Named | null> => {
    const kind = await page.opening.openAddress(source, location.href);
    const { replay } = page.get();
    if (!kind || (kind === 'replay' && !replay)) return null;
    const { link } = readHash(location.hash) ?? {};
    return {
      key: JSON.stringify(source),
      base: source.from === 'sent' || link === undefined ? null : { search: location.search, link },
      holds: () => (kind === 'replay' ? page.get().replay === replay : page.get().open === null),
    };
  };
  const follow = async () => {
    following++;
    leaving = false;
    clearTimeout(replacing);
    try {
      const source = sourceOf(location);
      const place = readHash(location.hash)?.place ?? {};
      if (source && named?.holds() && named.key === JSON.stringify(source)) {
        // Another place in what is shown.
      } else if (source) {
        named = null;
        named = await openSession(source);
      } else {
        named = null;
        await openStored(page, place.run);
      }
      page.moments.ask(place.at ?? null);
      openPlace(page, place);
      about = subject();
    } finally {
      following--;
    }
    write();
  };
  let replacing = 0;
  /** Once a hand rests: a browser takes long for it, and only so many in a while. */
  const replaceSoon = (state: object, url: string) => {
    clearTimeout(replacing);
    replacing = window.setTimeout(() => {
      if (following === 0 && !leaving) history.replaceState(state, '', url);
    }, REST);
  };
  const subject = () => {
    const { open, replay } = page.get();
    return `${named?.key ?? ''} ${open && !replay ? open.run : ''}`;
  };
  const write = () => {
    const { open, replay, sheet, opening } = page.get();
    if (following > 0 || leaving || opening) return;
    if (named && !named.holds()) named = null;
    if (named && !named.base) return;
    const { search, link } = named?.base ?? { search: '', link: '' };
    const place = { ...(open && !replay && { run: open.run }), ...placeIn(page) };
    const url = bare(location.href) + search + writeHash(link, place);
    const wasSheet = (history.state as { sheet?: boolean } | null)?.sheet === true;
    const isSheet = sheet !== null;
    const isSame = about === subject();
    if (url === location.href && isSheet === wasSheet) return;
    about = subject();
    clearTimeout(replacing);
    if (isSame && wasSheet && !isSheet) {
      leaving = true;
      history.back();
    } else if (!isSame || (isSheet && !wasSheet)) history.pushState({ sheet: isSheet }, '', url);
    else replaceSoon({ sheet: isSheet }, url);
  };
  page.subscribe(write);
  window.addEventListener('popstate', () => void follow());
  void follow();
}

/** Shows the stored run that the address names, or the first page. */
async function openStored(page: PageStore, run: string | undefined): Promise<void> {
  const { open, replay } = page.get();
  if (run === undefined) {
    if (open) page.openRun.close();
  } else if (replay || open?.run !== run) {
    const stored = await (await page.shelf.reader()).list();
    if (stored.some((one) => one.run === run)) await page.openRun.show(run);
    else
      page.notices.report(
        new Error('The run in this address is not stored in this browser.'),
        'Whoever has it can send it: Share makes a link or a file of a run.',
      );
  }
}

/** Where in what is open the page is. */
function placeIn(page: PageStore): Place {
  const { open, sheet, shownAt } = page.get();
  const place: Place = open && shownAt !== null ? { at: shownAt } : {};
  if (sheet?.name === 'stone') return sheet.ask.of ? place : { ...place, question: sheet.ask.id };
  if (sheet?.name === 'goalpost') return sheet.ask.of ? place : { ...place, goalpost: sheet.ask.id };
  const plain = PLAIN_SHEETS.find((name) => name === sheet?.name);
  return plain ? { ...place, sheet: plain } : place;
}

/** Opens the sheet that the address names, or closes the one that is open. */
function openPlace(page: PageStore, { question, goalpost, sheet }: Place): void {
  const { open, sheet: shown } = page.get();
  const plain = PLAIN_SHEETS.find((name) => name === sheet);
  if (question !== undefined && open && findStone(open, question)) {
    page.sheets.open('stone', { id: question, of: null });
  } else if (goalpost !== undefined) page.sheets.open('goalpost', { id: goalpost, of: null });
  else if (plain) page.sheets.open(plain);
  else if (shown) page.sheets.close();
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
