/**
 * What a person chose for the next run, kept in this browser over a reload. Only what differs from the defaults is
 * stored, so that the rest follows later versions of the page.
 */
import { type Bank, bankQuestions, firstGoalposts } from '../../gasp/bank.ts';
import { changedSettings } from '../../gasp/changedSettings.ts';
import { checkSettings, DEFAULT_SETTINGS } from '../../gasp/defaults.ts';
import { METHODS } from '../../gasp/methods.ts';
import type { Settings } from '../../gasp/settings.ts';
import { HUB_SETTINGS } from '../../lab/hubRun.ts';
import { EMBEDDED_MODEL, isEmbedded, modelSource } from '../../lab/models.ts';
import type { BackendChoice } from '../../lab/protocol.ts';

const KEY = 'foothold-choices';
const BACKENDS: readonly string[] = ['auto', 'webgpu', 'wasm'] satisfies BackendChoice[];

/** The settings that a run of such a model starts with where nobody changes any. */
export const defaultsFor = (model: string): Settings =>
  isEmbedded(model) ? DEFAULT_SETTINGS : { ...DEFAULT_SETTINGS, ...HUB_SETTINGS };

/** Choices that a reload leaves as they are. */
export interface Kept {
  settings: Settings;
  /** As `lab/models.ts` names it. */
  model: string;
  /** Ids of the goalposts chosen out of the bank. */
  chosen: ReadonlySet<string>;
  backendChoice: BackendChoice;
}
const FIELDS = ['settings', 'model', 'chosen', 'backendChoice'] as const satisfies (keyof Kept)[];

export const sameChoices = (a: Kept, b: Kept): boolean => FIELDS.every((field) => a[field] === b[field]);

const sameIds = (a: ReadonlySet<string>, b: ReadonlySet<string>) =>
  a.size === b.size && [...a].every((id) => b.has(id));

const firstChosen = (bank: Bank) => new Set(firstGoalposts(bank).map(({ id }) => id));

/** Stores the choices; forgets them where all are the defaults, or where this browser keeps nothing. */
export function keepChoices({ settings, model, chosen, backendChoice }: Kept, bank: Bank): void {
  // A folder has to be chosen again after a reload: the page may read it no longer.
  const isFolder = model.startsWith('folder:');
  const defaults = defaultsFor(model);
  const changed = isFolder
    ? {}
    : Object.fromEntries(changedSettings(settings, defaults).map((name) => [name, settings[name]]));
  const kept = {
    ...(Object.keys(changed).length > 0 && { settings: changed }),
    ...(!isFolder && model !== EMBEDDED_MODEL && { model }),
    ...(!sameIds(chosen, firstChosen(bank)) && { chosen: [...chosen] }),
    ...(backendChoice !== 'auto' && { backendChoice }),
  };
  try {
    if (Object.keys(kept).length === 0) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // They last as long as the page.
  }
}

/** What was kept and needs no bank, as far as it can still be used: each part by itself. */
export function keptChoices(): Omit<Kept, 'chosen'> {
  const stored = read();
  const model = typeof stored.model === 'string' && isModel(stored.model) ? stored.model : EMBEDDED_MODEL;
  const defaults = defaultsFor(model);
  const wanted = { ...defaults, ...(stored.settings as Partial<Settings> | undefined) };
  const usable = Object.hasOwn(METHODS, wanted.method) && Object.keys(checkSettings(wanted)).length === 0;
  return {
    model,
    settings: usable ? wanted : defaults,
    backendChoice: BACKENDS.includes(stored.backendChoice as string)
      ? (stored.backendChoice as BackendChoice)
      : 'auto',
  };
}

/** Ids of the goalposts that were chosen, as far as the bank has them; its first ones where none was. */
export function keptGoalposts(bank: Bank): ReadonlySet<string> {
  const { chosen } = read();
  const known = new Set(bankQuestions(bank).map(({ id }) => id));
  const ids = Array.isArray(chosen) ? chosen.filter((id) => known.has(id)) : [];
  return ids.length > 0 ? new Set(ids) : firstChosen(bank);
}

function read(): Record<string, unknown> {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return typeof stored === 'object' && stored !== null ? (stored as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function isModel(name: string): boolean {
  try {
    return modelSource(name).kind !== 'folder';
  } catch {
    return false;
  }
}
