/**
 * Sessions that come from elsewhere, in a link or a file: read, shown, offered, stored. What reads them is loaded
 * when there is one to read. Nothing that comes this way is run or stored before somebody presses a button.
 */
import type { RecordedRun } from '../../run/journal.ts';
import type { Source } from '../../share/address.ts';
import type { Shared } from '../../share/bundle.ts';
import type { Recipe } from '../../share/schema.ts';
import type { Choices } from './choices.ts';
import type { Notices } from './notices.ts';
import type { OpenRun } from './openRun.ts';
import type { Shelf } from './shelf.ts';
import type { Store } from './store.ts';

export interface OpeningState {
  /** A session is being fetched or read. */
  opening: boolean;
  /** Runs from a file, to be stored if the person wants that. */
  offered: RecordedRun[] | null;
}

export const FIRST_OPENING: OpeningState = { opening: false, offered: null };

export interface Opening {
  /** Opens what the page's address names. Gives its kind; null where there is none that can be opened. */
  openAddress(source: Source, address: string): Promise<Shared['kind'] | null>;
  /** Opens a file that was dropped. */
  openFile(file: Blob): Promise<void>;
  /** Stores the runs of a file that was picked for that. */
  importFile(file: Blob): Promise<void>;
  /** Shows a run, and offers to store several. */
  take(shared: Shared): Promise<void>;
  /** Stores the runs that were offered, or lets go of them. */
  answerOffer(store: boolean): Promise<void>;
}

export function createOpening(
  store: Store<OpeningState>,
  choices: Pick<Choices, 'taking'>,
  openRun: Pick<OpenRun, 'showReplay' | 'close'>,
  shelf: Pick<Shelf, 'adopt'>,
  notices: Notices,
): Opening {
  /** What the next run starts with. It is not started. Throws for a model that nobody has. */
  const takeRecipe = async (recipe: Recipe) => {
    const take = await choices.taking(recipe);
    if (!take) return;
    openRun.close();
    take();
  };
  const storeRuns = async (runs: RecordedRun[]) => {
    try {
      await shelf.adopt(runs);
    } catch (error) {
      notices.report(
        error,
        'The runs before it in the file are stored, this one and those after it are not.',
      );
    }
  };
  /** `act` gives null where there was nothing to open. */
  const during = async <T>(act: () => Promise<T | null>): Promise<T | null> => {
    store.set({ opening: true });
    try {
      return await act();
    } catch (error) {
      notices.reportByCode(error, 'Nothing was changed.');
      return null;
    } finally {
      store.set({ opening: false });
    }
  };
  const read = () => import('../../share/link.ts');

  const opening: Opening = {
    openAddress: (source, address) =>
      during(async () => {
        const shared = await (await read()).openSource(source, address);
        // Two runs at an address are there to be looked at side by side; those of a file are offered.
        if (shared?.kind === 'replay' && source.from === 'address' && shared.runs.length === 2)
          openRun.showReplay(shared.runs[0]!, shared.runs[1]);
        else if (shared) await opening.take(shared);
        return shared?.kind ?? null;
      }),
    async openFile(file) {
      await during(async () => opening.take(await (await read()).openFile(file)));
    },
    async importFile(file) {
      await during(async () => {
        const shared = await (await read()).openFile(file);
        await (shared.kind === 'replay' ? storeRuns(shared.runs) : takeRecipe(shared.recipe));
      });
    },
    async take(shared) {
      if (shared.kind === 'recipe') await takeRecipe(shared.recipe);
      else if (shared.runs.length === 1) openRun.showReplay(shared.runs[0]!);
      else store.set({ offered: shared.runs });
    },
    async answerOffer(wanted) {
      const { offered } = store.get();
      store.set({ offered: null });
      if (wanted && offered) await storeRuns(offered);
    },
  };
  return opening;
}
