/**
 * Python as it is once it has started, kept on disk: starting it from nothing means compiling its standard
 * library, some five seconds of work that come to the same bytes each time.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ENDING = '.snapshot';

export class KeptSnapshot {
  readonly path: string;
  readonly #folder: string;

  /** @param made what the snapshot is made of: where any of it changes, so does the file's name */
  constructor(folder: string, made: readonly string[]) {
    this.#folder = folder;
    this.path = join(folder, `${digest(JSON.stringify(made)).toString('hex').slice(0, 32)}${ENDING}`);
  }

  /** Undefined where there is none, or a damaged one. */
  read(): Uint8Array | undefined {
    try {
      const file = readFileSync(this.path);
      const bytes = file.subarray(0, -DIGEST_BYTES);
      return digest(bytes).equals(file.subarray(-DIGEST_BYTES)) ? bytes : undefined;
    } catch {
      return;
    }
  }

  /** Nothing depends on its being kept: a full or read-only disk costs time only. */
  write(bytes: Uint8Array): void {
    const unfinished = `${this.path}.${process.pid}`;
    try {
      mkdirSync(this.#folder, { recursive: true });
      writeFileSync(unfinished, bytes);
      writeFileSync(unfinished, digest(bytes), { flag: 'a' });
      // Others may do the same at this moment; whoever reads finds one whole file.
      renameSync(unfinished, this.path);
      for (const name of readdirSync(this.#folder)) {
        const other = join(this.#folder, name);
        if (name.endsWith(ENDING) && other !== this.path) rmSync(other, { force: true });
      }
    } catch {
      if (existsSync(unfinished)) rmSync(unfinished);
    }
  }

  get exists(): boolean {
    return existsSync(this.path);
  }
}

/** SHA-256, which ends the file. */
const digest = (content: string | Uint8Array) => createHash('sha256').update(content).digest();
const DIGEST_BYTES = 32;
