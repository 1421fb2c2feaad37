/**
 * The tests of a benchmark's problem as one text, for a question that carries them through events, recipes and
 * stored banks: base64 of gzip of JSON. LiveCodeBench's tests take a tenth of their space so.
 */
import type { Benchmark } from '../gasp/question.ts';
import { fromBase64, toBase64 } from '../util/base64.ts';
import { CodedError } from '../util/codedError.ts';
import { gunzip, gzip } from '../util/gzip.ts';
import type { Problem } from './problem.ts';

/** What of a problem decides a verdict. */
type Judged = Pick<Problem, 'id' | 'format' | 'suites' | 'solution'>;

/** Unpacked; more than this is no set of tests. */
const MOST_BYTES = 1 << 29;

export async function packTests({ id, format, suites, solution }: Judged): Promise<string> {
  const judged: Judged = { id, format, suites, ...(solution !== undefined && { solution }) };
  return toBase64(await gzip([JSON.stringify(judged)]));
}

/** The problem, as far as judging needs it. Throws `CodedError`. */
export async function unpackTests({ tests }: Pick<Benchmark, 'tests'>): Promise<Problem> {
  if (tests === undefined) {
    throw new CodedError('tests-missing', {}, 'The tests of this benchmark’s question did not come with it.');
  }
  try {
    const judged = JSON.parse(
      new TextDecoder().decode(await gunzip(fromBase64(tests), MOST_BYTES)),
    ) as Judged;
    if (!Array.isArray(judged.suites)) throw new Error('no suites');
    return { ...judged, title: judged.id, statement: '' };
  } catch (error) {
    throw new CodedError('tests-missing', {}, 'The tests of this benchmark’s question are damaged.', {
      cause: error,
    });
  }
}
