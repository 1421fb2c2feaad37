/**
 * A folder that holds a comparison:
 *
 *     compare.json          which model and bank it is about, and which run belongs to which method and seed
 *     runs/                 the runs, as `lab run` stores them
 *     report.html, .json    what came of it so far
 *     figures/              in the end: each figure as SVG, and its numbers as CSV
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type MethodName, METHODS } from '../src/gasp/methods.ts';
import type { Settings } from '../src/gasp/settings.ts';
import { readSettings } from './settings.ts';
import { UsageError } from './usage.ts';

/** A method, with settings of its own where they differ: `gasp`, or `gasp:estimator=trr++:clip=0.2`. */
export interface Entrant {
  label: string;
  method: MethodName;
  assignments: string[];
}

/** Reads `--methods`. Throws `UsageError`. */
export function readEntrants(text: string): Entrant[] {
  const labels = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (labels.length === 0) throw new UsageError('--methods takes names separated by commas; it is empty.');
  const twice = labels.find((label, i) => labels.indexOf(label) < i);
  if (twice) throw new UsageError(`--methods names ${twice} twice.`);
  return labels.map((label) => {
    const [method = '', ...assignments] = label.split(':');
    if (!(method in METHODS)) {
      throw new UsageError(
        `--methods takes some of ${Object.keys(METHODS).join(', ')}, each with :KEY=VALUE behind it for other settings; got "${method}".`,
      );
    }
    return { label, method: method as MethodName, assignments };
  });
}

/** Reads `--seeds`. Throws `UsageError`. */
export function readSeeds(text: string): number[] {
  const seeds = text.split(',').map((part) => Number(part.trim() || Number.NaN));
  if (seeds.some((seed) => !Number.isInteger(seed) || seed < 0)) {
    throw new UsageError(`--seeds takes whole numbers separated by commas; got "${text}".`);
  }
  if (new Set(seeds).size < seeds.length) throw new UsageError('--seeds names a seed twice.');
  return seeds;
}

/** All settings of one run; questions are tried after it, not in between, unless the method needs it. */
export function entrantSettings(
  entrant: Entrant,
  seed: number,
  shared: readonly string[],
  /** Of the model. */
  defaults: Partial<Settings> = {},
): Settings {
  return readSettings(entrant.method, seed, [...shared, ...entrant.assignments], {
    ...defaults,
    ...{ evaluateEvery: 0, validateEvery: 0 },
  });
}

interface Contents {
  version: 1;
  model: string;
  bank: string;
  runs: Record<string, string>;
}

type Compared = { file: string; with?: string } | { name: string };

export class ComparisonFolder {
  private readonly contents: Contents;

  /**
   * `model` and `bank` are files, or texts that tell one from others: what was compared with others of them cannot go on.
   * Throws `UsageError`.
   */
  constructor(
    private readonly folder: string,
    { model, bank }: { model: Compared; bank: Compared },
  ) {
    const now: Contents = { version: 1, model: hashOf(model), bank: hashOf(bank), runs: {} };
    this.contents = readContents(join(folder, 'compare.json')) ?? now;
    for (const part of ['model', 'bank'] as const) {
      if (this.contents[part] === now[part]) continue;
      throw new UsageError(`${folder} holds a comparison with another ${part}. Choose another --out.`);
    }
  }

  get runs(): string {
    return join(this.folder, 'runs');
  }

  /** The id of a run, the same for good: chosen and written down when it is first asked for. */
  runId({ label }: Entrant, seed: number): string {
    const key = `${label}, seed ${seed}`;
    // Another process may be at other seeds or methods of the same comparison.
    Object.assign(this.contents.runs, readContents(join(this.folder, 'compare.json'))?.runs);
    const known = this.contents.runs[key];
    if (known !== undefined) return known;
    const name = label.replaceAll(/[^A-Za-z0-9]+/g, '-');
    const id = `${name}-seed-${seed}-${randomBytes(4).toString('hex')}`;
    this.contents.runs[key] = id;
    this.write('compare.json', `${JSON.stringify(this.contents, null, 2)}\n`);
    return id;
  }

  /** Writes a file so that a reader, or a crash, sees the old one or the new one. */
  write(name: string, text: string): string {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    const part = `${path}.${process.pid}.part`;
    writeFileSync(part, text);
    renameSync(part, path);
    return path;
  }
}

function hashOf(compared: Compared): string {
  const hash = createHash('sha256');
  if ('name' in compared) return hash.update(compared.name).digest('hex');
  const { file, with: more = '' } = compared;
  try {
    return hash.update(readFileSync(file)).update(more).digest('hex');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

function readContents(file: string): Contents | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  try {
    return JSON.parse(text) as Contents;
  } catch {
    throw new UsageError(`${file} is damaged. Restore it, or choose another --out.`);
  }
}
