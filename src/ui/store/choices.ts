/** What a person chooses for the next run: settings, model, backend, and goalposts out of a bank that grows. */
import type { Bank } from '../../gasp/bank.ts';
import { DEFAULT_SETTINGS } from '../../gasp/defaults.ts';
import { slots } from '../../gasp/methods.ts';
import type { Question } from '../../gasp/question.ts';
import type { Settings } from '../../gasp/settings.ts';
import type { AdapterFiles } from '../../lab/adapters.ts';
import { HUB_SETTINGS } from '../../lab/hubRun.ts';
import { EMBEDDED_MODEL, isEmbedded, modelSource } from '../../lab/models.ts';
import type { BackendChoice } from '../../lab/protocol.ts';
import type { Recipe } from '../../share/schema.ts';
import { defaultsFor, type Kept, keepChoices, keptChoices, sameChoices } from './keptChoices.ts';
import type { Notices } from './notices.ts';
import { isKept, ownGoalposts, storeOwnGoalposts } from './ownGoalposts.ts';
import type { Store } from './store.ts';

export interface ChoicesState extends Kept {
  /** With the person's own questions; null until it is loaded. */
  bank: Bank | null;
  /** The LoRA adapter that the next run starts from, in place of one that changes nothing yet. */
  adapter: AdapterFiles | null;
}

export const FIRST_CHOICES: ChoicesState = {
  bank: null,
  settings: DEFAULT_SETTINGS,
  model: EMBEDDED_MODEL,
  chosen: new Set(),
  backendChoice: 'auto',
  adapter: null,
};

/** Guided methods need something to aim at. */
export function canStart({
  bank,
  chosen,
  settings,
}: Pick<ChoicesState, 'bank' | 'chosen' | 'settings'>): boolean {
  return bank !== null && (chosen.size > 0 || slots(settings).guided === 0);
}

export interface Choices {
  setSettings(settings: Settings): void;
  /** The model of the next run. Between the embedded one and others, settings change with it. */
  setModel(model: string): void;
  /** What the next run starts from; with it come the rank and the scale under which it goes on as it is. */
  setAdapter(adapter: AdapterFiles, tuning: Settings['tuning']): void;
  dropAdapter(): void;
  setBackend(backendChoice: BackendChoice): void;
  choose(ids: Iterable<string>): void;
  /** Takes over what somebody else chose. Throws for a model that nobody has; null where there is no bank. */
  taking(recipe: Recipe): Promise<(() => void) | null>;
  /** Adds a goalpost that a person wrote, in the place of `instead`, and chooses it for the next run. */
  addGoalpost(question: Question, instead?: string): void;
  removeGoalpost(id: string): void;
  /** Imported questions join the bank; those of an earlier import with the same ids give way. */
  addQuestions(added: Question[]): void;
}

export function createChoices(
  store: Store<ChoicesState>,
  loadBank: () => Promise<Bank>,
  notices: Notices,
): Choices {
  const bankLoaded = loadBank().then(
    (loaded) => {
      const bank = { ...loaded, questions: [...ownGoalposts(), ...loaded.questions] };
      store.set({ bank, ...keptChoices(bank) });
      let before = store.get();
      store.subscribe(() => {
        const now = store.get();
        const same = sameChoices(now, before);
        before = now;
        if (!same && now.bank) keepChoices(now, now.bank);
      });
    },
    (error: unknown) =>
      notices.report(
        error,
        'Without it there are no goalposts. Check that the whole site was copied, then reload.',
      ),
  );
  /** Stores those of the bank's questions that are the person's own, as long as the browser keeps anything. */
  const setOwn = (bank: Bank, questions: Question[], chosen: ReadonlySet<string>) => {
    store.set({ bank: { ...bank, questions }, chosen });
    if (!storeOwnGoalposts(questions.filter(isKept))) {
      notices.report('This browser does not keep your goalposts.', 'They are here until the page is closed.');
    }
  };
  return {
    setSettings: (settings) => store.set({ settings }),
    setModel(model) {
      const { model: before, settings: now } = store.get();
      if (model === before) return;
      const change = isEmbedded(model) !== isEmbedded(before);
      const settings = isEmbedded(model) ? defaultsFor(model) : { ...now, ...HUB_SETTINGS };
      // An adapter belongs to its model.
      store.set({ model, adapter: null, ...(change && { settings }) });
    },
    setAdapter: (adapter, tuning) => store.set({ adapter, settings: { ...store.get().settings, tuning } }),
    dropAdapter: () => store.set({ adapter: null }),
    setBackend: (backendChoice) => store.set({ backendChoice }),
    choose: (ids) => store.set({ chosen: new Set(ids) }),
    async taking(recipe) {
      modelSource(recipe.model);
      await bankLoaded;
      const { bank } = store.get();
      if (!bank) return null;
      const ids = new Set(recipe.goalposts.map(({ id }) => id));
      return () =>
        store.set({
          model: recipe.model,
          adapter: null,
          settings: recipe.settings,
          chosen: ids,
          // First, in its order and its own words: all of that decides how its run goes.
          bank: {
            ...bank,
            goalposts: [...recipe.goalposts, ...bank.goalposts.filter(({ id }) => !ids.has(id))],
          },
        });
    },
    addGoalpost(question, instead) {
      const { bank, chosen } = store.get();
      if (!bank) return;
      const others = bank.questions.filter(({ id }) => id !== instead);
      const next = new Set(chosen).add(question.id);
      if (instead !== undefined) next.delete(instead);
      setOwn(bank, [question, ...others], next);
    },
    removeGoalpost(id) {
      const { bank, chosen } = store.get();
      if (!bank) return;
      const next = new Set(chosen);
      next.delete(id);
      setOwn(
        bank,
        bank.questions.filter((question) => question.id !== id),
        next,
      );
    },
    addQuestions(added) {
      const { bank, chosen } = store.get();
      if (!bank || added.length === 0) return;
      const ids = new Set(added.map(({ id }) => id));
      setOwn(bank, [...added, ...bank.questions.filter(({ id }) => !ids.has(id))], chosen);
    },
  };
}
