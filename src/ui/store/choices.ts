/** What a person chooses for the next run: settings, model, backend, and goalposts out of a bank that grows. */
import { type Bank, firstGoalposts } from '../../gasp/bank.ts';
import { DEFAULT_SETTINGS } from '../../gasp/defaults.ts';
import type { Question } from '../../gasp/question.ts';
import type { Settings } from '../../gasp/settings.ts';
import type { AdapterFiles } from '../../lab/adapters.ts';
import { HUB_SETTINGS } from '../../lab/hubRun.ts';
import { EMBEDDED_MODEL, modelSource } from '../../lab/models.ts';
import type { BackendChoice } from '../../lab/protocol.ts';
import type { Recipe } from '../../share/schema.ts';
import { isKept, ownGoalposts, storeOwnGoalposts } from './ownGoalposts.ts';
import type { Snapshot } from './snapshot.ts';

export type Chosen = Pick<Snapshot, 'bank' | 'settings' | 'model' | 'chosen' | 'backendChoice' | 'adapter'>;

export class Choices {
  private readonly bankLoaded: Promise<void>;

  constructor(
    loadBank: () => Promise<Bank>,
    private readonly now: () => Chosen,
    private readonly change: (part: Partial<Chosen>) => void,
    private readonly report: (error: unknown, advice: string) => void,
  ) {
    this.bankLoaded = loadBank().then(
      (bank) =>
        change({
          bank: { ...bank, questions: [...ownGoalposts(), ...bank.questions] },
          chosen: new Set(firstGoalposts(bank).map(({ id }) => id)),
        }),
      (error: unknown) =>
        report(
          error,
          'Without it there are no goalposts. Check that the whole site was copied, then reload.',
        ),
    );
  }

  setSettings(settings: Settings): void {
    this.change({ settings });
  }
  /** The model of the next run. Between the embedded one and others, settings change with it. */
  setModel(model: string): void {
    const before = this.now().model;
    if (model === before) return;
    const change = (model === EMBEDDED_MODEL) !== (before === EMBEDDED_MODEL);
    const settings =
      model === EMBEDDED_MODEL ? DEFAULT_SETTINGS : { ...this.now().settings, ...HUB_SETTINGS };
    // An adapter belongs to its model.
    this.change({ model, adapter: null, ...(change && { settings }) });
  }
  /** What the next run starts from; with it come the rank and the scale under which it goes on as it is. */
  setAdapter(adapter: AdapterFiles, tuning: Settings['tuning']): void {
    this.change({ adapter, settings: { ...this.now().settings, tuning } });
  }
  dropAdapter(): void {
    this.change({ adapter: null });
  }
  setBackend(backendChoice: BackendChoice): void {
    this.change({ backendChoice });
  }
  choose(ids: Iterable<string>): void {
    this.change({ chosen: new Set(ids) });
  }

  /** Takes over what somebody else chose. Throws for a model that nobody has; null where there is no bank. */
  async taking(recipe: Recipe): Promise<(() => void) | null> {
    modelSource(recipe.model);
    await this.bankLoaded;
    const { bank } = this.now();
    if (!bank) return null;
    const ids = new Set(recipe.goalposts.map(({ id }) => id));
    return () =>
      this.change({
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
  }

  /** Adds a goalpost that a person wrote, in the place of `instead`, and chooses it for the next run. */
  addGoalpost(question: Question, instead?: string): void {
    const { bank, chosen } = this.now();
    if (!bank) return;
    const others = bank.questions.filter(({ id }) => id !== instead);
    const next = new Set(chosen).add(question.id);
    if (instead !== undefined) next.delete(instead);
    this.setOwn([question, ...others], next);
  }

  removeGoalpost(id: string): void {
    const { bank, chosen } = this.now();
    if (!bank) return;
    const next = new Set(chosen);
    next.delete(id);
    this.setOwn(
      bank.questions.filter((question) => question.id !== id),
      next,
    );
  }

  /** Imported questions join the bank; those of an earlier import with the same ids give way. */
  addQuestions(added: Question[]): void {
    const { bank, chosen } = this.now();
    if (!bank || added.length === 0) return;
    const ids = new Set(added.map(({ id }) => id));
    this.setOwn([...added, ...bank.questions.filter(({ id }) => !ids.has(id))], new Set(chosen));
  }

  private setOwn(questions: Question[], chosen: Set<string>): void {
    const { bank } = this.now();
    this.change({ bank: { ...bank!, questions }, chosen });
    if (!storeOwnGoalposts(questions.filter(isKept))) {
      this.report('This browser does not keep your goalposts.', 'They are here until the page is closed.');
    }
  }
}
