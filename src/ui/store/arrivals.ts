/** The ways on which a session reaches the page: its address, and files that are dropped on it. */
import { chosenQuestions } from '../../gasp/bank.ts';
import { findStone } from '../../run/state.ts';
import { bare, type Source, sourceOf } from '../../share/address.ts';
import { damagedParts, type Place, readHash, writeHash } from '../../share/place.ts';
import { PLAIN_SHEETS, type PlainSheetName, type SheetAsks, type SheetName } from './openSheet.ts';
import type { PageState, PageStore } from './pageStore.ts';

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

/** Whether there is something that a sheet of this name would show. */
type IsThere = (sheet: SheetName, page: PageState) => boolean;

/**
 * Follows the address from now on, and keeps it true: it names the run, the moment and the sheet that are shown. What
 * is opened gets an entry of its own in the browser's history, so that Back closes it. What the address asks for and
 * is not there is said.
 */
export function followAddress(page: PageStore, isThere: IsThere): void {
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
    drop();
    if (leaving) {
      // The sheet was closed here: what it stood over is as it is now, not as it was when the sheet opened.
      leaving = false;
      return write();
    }
    following++;
    try {
      const source = sourceOf(location);
      const read = readHash(location.hash);
      const place: Place = read?.place ?? {};
      if (source && named?.holds() && named.key === JSON.stringify(source)) {
        // Another place in what is shown.
      } else if (source) {
        named = null;
        named = await openSession(source);
      } else {
        named = null;
        await openStored(page, place.run);
      }
      const end = page.get().timeline?.length ?? 0;
      page.moments.ask(place.at === undefined ? null : Math.min(place.at, end));
      openPlace(page, place, isThere);
      if (read) reportDamage(page, damagedParts(read), place.at ?? 0, end);
      about = subject();
    } finally {
      following--;
    }
    write(true);
  };
  /** What the entry that the page stands at is to become. */
  let due: { state: object; url: string; timer: number } | null = null;
  const drop = () => {
    clearTimeout(due?.timer);
    due = null;
  };
  /** Before the entry is left, so that Back comes to the place that was left. */
  const replaceNow = () => {
    if (due) history.replaceState(due.state, '', due.url);
    drop();
  };
  /** Once a hand rests: a browser takes long for it, and only so many in a while. */
  const replaceSoon = (state: object, url: string) => {
    drop();
    due = { state, url, timer: window.setTimeout(replaceNow, REST) };
  };
  const subject = () => {
    const { open, replay } = page.get();
    return `${named?.key ?? ''} ${open && !replay ? open.run : ''}`;
  };
  /** `arrived`: from outside, so that the entry the page stands at may be one of an open sheet already. */
  const write = (arrived = false) => {
    const { open, replay, sheet, opening } = page.get();
    if (following > 0 || leaving || opening) return;
    if (named && !named.holds()) named = null;
    if (named && !named.base) return;
    const { search, link } = named?.base ?? { search: '', link: '' };
    const urlOf = (place: Place) =>
      bare(location.href) + search + writeHash(link, { ...(open && !replay && { run: open.run }), ...place });
    const url = urlOf(placeIn(page, isThere));
    const wasSheet = (history.state as { sheet?: boolean } | null)?.sheet === true;
    const isSheet = sheet !== null && isThere(sheet.name, page.get());
    const isSame = about === subject();
    if (url === location.href && isSheet === wasSheet) return drop();
    about = subject();
    if (isSame && wasSheet && !isSheet) {
      drop();
      leaving = true;
      history.back();
    } else if (!isSame || (isSheet && !wasSheet)) {
      replaceNow();
      // Its entry becomes what the sheet stands over: Back closes the sheet, and does not open it once more.
      if (arrived && isSheet) history.replaceState({ sheet: false }, '', urlOf(momentIn(page)));
      history.pushState({ sheet: isSheet }, '', url);
    } else replaceSoon({ sheet: isSheet }, url);
  };
  page.subscribe(() => write());
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

function momentIn(page: PageStore): Place {
  const { open, shownAt } = page.get();
  return open && shownAt !== null ? { at: shownAt } : {};
}

/** Where in what is open the page is. */
function placeIn(page: PageStore, isThere: IsThere): Place {
  const { sheet } = page.get();
  const place = momentIn(page);
  if (sheet && !isThere(sheet.name, page.get())) return place;
  if (sheet?.name === 'stone') return sheet.ask.of ? place : { ...place, question: sheet.ask.id };
  if (sheet?.name === 'goalpost') return sheet.ask.of ? place : { ...place, goalpost: sheet.ask.id };
  const plain = PLAIN_SHEETS.find((name) => name === sheet?.name);
  if (sheet?.name === 'lecture') return { ...place, sheet: sheet.name, ...sheet.ask };
  const runs = sheet?.name === 'compare' ? sheet.ask.runs : undefined;
  return plain ? { ...place, sheet: plain, ...(runs && runs.length > 0 && { runs: runs.join() }) } : place;
}

/** Opens the sheet that the address names, or closes the one that is open. */
function openPlace(page: PageStore, place: Place, isThere: IsThere): void {
  const { question, goalpost, sheet } = place;
  const { open, sheet: shown } = page.get();
  const plain = PLAIN_SHEETS.find((name) => name === sheet);
  if (question !== undefined && open && findStone(open, question)) {
    page.sheets.open('stone', { id: question, of: null });
  } else if (goalpost !== undefined) {
    page.sheets.open('goalpost', { id: goalpost, of: null });
    whenBankIsThere(page, () => closeUnknown(page, goalpost));
  } else if (plain && (isThere(plain, page.get()) || plain === 'bank')) {
    page.sheets.open(plain, askOf(plain, place));
    if (plain === 'compare') void reportMissing(page, place.runs?.split(',') ?? []);
  } else {
    if (shown) page.sheets.close();
    if (question !== undefined) reportUnknown(page, `question ${question}`);
    else if (sheet !== undefined) reportUnknown(page, `sheet “${sheet}”`);
  }
}

function askOf(sheet: PlainSheetName, { page, runs }: Place): SheetAsks[PlainSheetName] {
  if (sheet === 'lecture' && page !== undefined) return { page };
  return sheet === 'compare' && runs !== undefined ? { runs: runs.split(',') } : {};
}

/** Of a comparison's runs those that are not stored here. */
async function reportMissing(page: PageStore, runs: readonly string[]): Promise<void> {
  if (runs.length === 0) return;
  const stored = new Set((await (await page.shelf.reader()).list()).map(({ run }) => run));
  const missing = runs.filter((run) => !stored.has(run)).length;
  if (missing === 0) return;
  page.notices.report(
    new Error(
      `${missing === 1 ? 'A run' : `${missing} runs`} of this comparison ${missing === 1 ? 'is' : 'are'} not stored in this browser.`,
    ),
    'The others are compared. Whoever has it can send it: Share makes a link or a file of a run.',
  );
}

/** The first page has the goalposts of the bank, which comes later. */
function whenBankIsThere(page: PageStore, act: () => void): void {
  const look = () => {
    if (!page.get().open && !page.get().bank) return;
    stop();
    act();
  };
  const stop = page.subscribe(look);
  look();
}

function closeUnknown(page: PageStore, goalpost: string): void {
  const { open, bank, chosen, sheet } = page.get();
  if (sheet?.name !== 'goalpost' || sheet.ask.id !== goalpost) return;
  const goalposts = open?.goalposts ?? chosenQuestions(bank, chosen);
  if (goalposts.some(({ id }) => id === goalpost)) return;
  page.sheets.close('goalpost');
  reportUnknown(page, `goalpost ${goalpost}`);
}

const reportUnknown = (page: PageStore, what: string): void =>
  page.notices.report(
    new Error(`The ${what} of this address is not here.`),
    'What the rest of the address names is shown. Ask whoever sent it for the address of their page, copied whole.',
  );

/** Parts that cannot be read, and a moment `at` after the `end` of the run. */
function reportDamage(page: PageStore, damaged: readonly string[], at: number, end: number): void {
  if (damaged.length > 0) {
    const parts = damaged.map((part) => `“${part.slice(0, 60)}”`).join(', ');
    page.notices.report(
      new Error(`A part of this address cannot be read: ${parts}.`),
      'What the rest of it names is shown. Ask whoever sent it for the address of their page, copied whole.',
    );
  } else if (at > end && end > 0)
    page.notices.report(
      new Error(`This address is of a later moment: ${at} things had happened in the run, ${end} have here.`),
      'The run is shown as it is. Whoever has more of it can send it: Share makes a link or a file of a run.',
    );
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
