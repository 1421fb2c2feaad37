/** What a person chooses for the next run: settings, model, backend, and goalposts out of a bank that grows. */
import type { Bank } from '../../gasp/bank.ts';
import { checkSettings, DEFAULT_SETTINGS, type SettingsErrors } from '../../gasp/defaults.ts';
import { slots } from '../../gasp/methods.ts';
import type { Question } from '../../gasp/question.ts';
import type { SettingName, Settings } from '../../gasp/settings.ts';
import type { AdapterFiles } from '../../lab/adapters.ts';
import { HUB_SETTINGS } from '../../lab/hubRun.ts';
import { EMBEDDED_MODEL, isEmbedded, modelSource } from '../../lab/models.ts';
import type { BackendChoice } from '../../lab/protocol.ts';
import type { Recipe } from '../../share/schema.ts';
import {
  defaultsFor,
  type Kept,
  keepChoices,
  keptChoices,
  keptGoalposts,
  sameChoices,
} from './keptChoices.ts';
import type { Notices } from './notices.ts';
import { keptIn, ownGoalposts, storeOwnGoalposts, withKept } from './ownGoalposts.ts';
import type { Store } from './store.ts';

export interface ChoicesState extends Kept {
  /** Values that a person typed and no run can have; `settings` holds the last usable ones of theirs. */
  unusable: Partial<Settings>;
  /** With the person's own questions; null until it is loaded. */
  bank: Bank | null;
  /** The LoRA adapter that the next run starts from, in place of one that changes nothing yet. */
  adapter: AdapterFiles | null;
}

export const FIRST_CHOICES: ChoicesState = {
  bank: null,
  settings: DEFAULT_SETTINGS,
  unusable: {},
  model: EMBEDDED_MODEL,
  chosen: new Set(),
  backendChoice: 'auto',
  adapter: null,
};

type SettingsState = Pick<ChoicesState, 'settings' | 'unusable'>;

/** The settings of the next run as they were typed: some of them may be unusable. */
export const typedSettings = ({ settings, unusable }: SettingsState): Settings => ({
  ...settings,
  ...unusable,
});

/** Why the next run cannot have its settings, by setting. */
export const settingsErrors = (state: SettingsState): SettingsErrors => checkSettings(typedSettings(state));

/** With these settings changed, and whatever else was typed as it is. */
function changed(state: SettingsState, changes: Partial<Settings>): SettingsState {
  const typed = { ...typedSettings(state), ...changes };
  const wrong = Object.keys(checkSettings(typed)) as SettingName[];
  const of = (from: Settings) => Object.fromEntries(wrong.map((name) => [name, from[name]]));
  return { settings: { ...typed, ...of(state.settings) }, unusable: of(typed) };
}

/** Guided methods need something to aim at, and all need usable settings. */
export function canStart({
  bank,
  chosen,
  ...state
}: Pick<ChoicesState, 'bank' | 'chosen'> & SettingsState): boolean {
  const aims = chosen.size > 0 || slots(state.settings).guided === 0;
  return bank !== null && aims && Object.keys(settingsErrors(state)).length === 0;
}

export interface Choices {
  /** Changes these; a value that no run can have is kept as it was typed, until another takes its place. */
  setSettings(changes: Partial<Settings>): void;
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
  /** Imported questions join the bank, each the part that its tag `split` names; earlier ones with the same ids give way. */
  addQuestions(added: Question[]): void;
}

export function createChoices(
  store: Store<ChoicesState>,
  loadBank: () => Promise<Bank>,
  notices: Notices,
): Choices {
  // At once: what a person chooses while the bank loads stays as it is.
  store.set(keptChoices());
  let before = store.get();
  const keepChanges = () => {
    const now = store.get();
    if (!now.bank || sameChoices(now, before)) return;
    before = now;
    keepChoices(now, now.bank);
  };
  const bankLoaded = Promise.all([loadBank(), ownGoalposts()]).then(
    ([loaded, own]) => {
      const bank = withKept(loaded, own);
      const chosen = keptGoalposts(bank);
      before = { ...before, chosen };
      store.set({ bank, chosen });
      keepChanges();
      store.subscribe(keepChanges);
    },
    (error: unknown) =>
      notices.report(
        error,
        'Without it there are no goalposts. Check that the whole site was copied, then reload.',
      ),
  );
  /** Stores those of the bank's questions that are the person's own, as long as the browser keeps anything. */
  const setOwn = (bank: Bank, chosen: ReadonlySet<string>) => {
    store.set({ bank, chosen });
    void storeOwnGoalposts(keptIn(bank)).then((stored) => {
      if (!stored)
        notices.report(
          'This browser does not keep your goalposts.',
          'They are here until the page is closed.',
        );
    });
  };
  return {
    setSettings: (changes) => store.set(changed(store.get(), changes)),
    setModel(model) {
      const { model: before } = store.get();
      if (model === before) return;
      const other = isEmbedded(model) !== isEmbedded(before);
      const its = isEmbedded(model) ? defaultsFor(model) : HUB_SETTINGS;
      // An adapter belongs to its model.
      store.set({ model, adapter: null, ...(other && changed(store.get(), its)) });
    },
    setAdapter: (adapter, tuning) => store.set({ adapter, ...changed(store.get(), { tuning }) }),
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
          unusable: {},
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
      setOwn({ ...bank, questions: [question, ...others] }, next);
    },
    removeGoalpost(id) {
      const { bank, chosen } = store.get();
      if (!bank) return;
      const next = new Set(chosen);
      next.delete(id);
      const questions = bank.questions.filter((question) => question.id !== id);
      setOwn({ ...bank, questions }, next);
    },
    addQuestions(added) {
      const { bank, chosen } = store.get();
      if (!bank || added.length === 0) return;
      setOwn(withKept(bank, added), chosen);
    },
  };
}
