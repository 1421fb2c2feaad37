/** Text files that options name. */
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { decodeText } from '../src/banks/bankText.ts';
import { isGzip } from '../src/util/gzip.ts';
import { UsageError } from './usage.ts';

/** Throws `UsageError`. Benchmarks are handed out compressed by gzip, too. */
export async function readTextFile(option: string, path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    return decodeText(new Uint8Array(isGzip(bytes) ? gunzipSync(bytes) : bytes));
  } catch (error) {
    throw new UsageError(`--${option}: ${path} cannot be read (${(error as Error).message}).`);
  }
}
