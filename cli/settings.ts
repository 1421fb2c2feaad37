/** The start of a run: settings and bank, from the command line and files. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bank } from '../src/gasp/bank.ts';
import { checkSettings, completeSettings, DEFAULT_SETTINGS } from '../src/gasp/defaults.ts';
import { METHODS, methodSettings, slots } from '../src/gasp/methods.ts';
import { SETTING_NAMES, SETTINGS, type Settings } from '../src/gasp/settings.ts';
import { EMBEDDED_MODEL } from '../src/lab/models.ts';
import { unseenQuestions } from '../src/lab/unseen.ts';
import type { RunEvent } from '../src/run/events.ts';
import { publicFolder } from './nodePorts.ts';
import type { Play } from './terminalLab.ts';
import { UsageError } from './usage.ts';

export const SHIPPED_BANK = join(publicFolder, 'banks/micro.json');

/** The start of a run, of the shipped model where no other is named. */
export function newRun(
  settings: Settings,
  bank: Bank,
  name = `${settings.method}, seed ${settings.seed}`,
  model = EMBEDDED_MODEL,
): ReturnType<Play['start']> {
  return {
    name,
    settings,
    model,
    bank: bank.name,
    goalposts: bank.goalposts,
    ...(slots(settings).real > 0 && { questions: bank.questions }),
    ...unseenQuestions(bank, model, settings),
  };
}

/** Settings of a method, with `KEY=VALUE` assignments on top of the defaults. Throws `UsageError`. */
export function readSettings(
  method: string,
  seed: number,
  assignments: readonly string[],
  defaults: Partial<Settings> = {},
): Settings {
  const settings: Record<string, unknown> = { ...DEFAULT_SETTINGS, ...defaults, method, seed };
  const assigned = new Set<string>();
  for (const assignment of assignments) {
    const at = assignment.indexOf('=');
    const key = assignment.slice(0, at);
    if (at < 1 || !Object.hasOwn(SETTINGS, key)) {
      throw new UsageError(
        `--set takes KEY=VALUE with one of ${SETTING_NAMES.join(', ')}; got "${assignment}".`,
      );
    }
    const text = assignment.slice(at + 1);
    assigned.add(key);
    try {
      settings[key] = JSON.parse(text);
    } catch {
      settings[key] = text; // a name, such as trr++
    }
  }
  const errors = Object.entries(checkSettings(settings));
  if (errors.length > 0) {
    throw new UsageError(errors.map(([field, error]) => `${field}: ${error}`).join('\n'));
  }
  const chosen = settings as unknown as Settings;
  const made = methodSettings(chosen);
  for (const key of assigned as Set<keyof Settings>) {
    if (JSON.stringify(made[key]) === JSON.stringify(chosen[key])) continue;
    const fixed = `${key} at ${JSON.stringify(made[key])}`;
    throw new UsageError(`${METHODS[chosen.method].title} fixes ${fixed}; choose another method to set it.`);
  }
  return made;
}

export function readBank(file: string): Bank {
  try {
    return checkBank(JSON.parse(readFileSync(file, 'utf8')) as Bank, file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `The bank ${file} cannot be used: ${error instanceof Error ? error.message : error}`,
    );
  }
}

export function checkBank(bank: Bank, file: string): Bank {
  if (Array.isArray(bank.goalposts) && bank.goalposts.length > 0) return bank;
  throw new UsageError(`The bank ${file} cannot be used: it has no goalposts`);
}

/** A stored run goes on only under the settings it was started with. */
export function checkSame(events: readonly RunEvent[], wanted: Settings, where: string): void {
  const [first] = events;
  if (first?.type !== 'run-started') throw new UsageError(`${where} holds a run without a beginning.`);
  const stored = completeSettings(first.settings);
  const different = (Object.keys(wanted) as (keyof Settings)[]).filter(
    (key) => JSON.stringify(stored[key]) !== JSON.stringify(wanted[key]),
  );
  if (different.length === 0) return;
  const list = different.map((key) => `${key} is ${JSON.stringify(stored[key])}`).join(', ');
  throw new UsageError(
    `${where} holds a run with other settings (${list}). Choose another --out, or use its settings.`,
  );
}
