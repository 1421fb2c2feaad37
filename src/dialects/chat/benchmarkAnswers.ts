/** The program in an answer to a benchmark's problem. It stays as it is: its benchmark runs all of it. */
import type { Parsed } from '../../gasp/ports.ts';
import type { Benchmark } from '../../gasp/question.ts';
import { type Block, readAnswer } from './answerBlocks.ts';
import { mask } from './source.ts';

/**
 * What the model went on with after the beginning that it was given, or a whole answer of its own: of that the last
 * block counts, as with the benchmarks' own readers, since corrections come last.
 */
export function findBenchmarkAnswer(beginning: string, text: string, { entry }: Benchmark): Parsed<string> {
  const goesOn = entry ? PARAMETERS.test(text) || TYPE.test(text) : !/^\s*```/.test(text);
  const begun = goesOn ? codeOf(beginning + text) : [];
  const own = codeOf(text);
  const fits = entry ? defines(entry) : prints;
  // A program that prints nothing is a wrong one, if it is one.
  const any = entry ? undefined : (begun[0] ?? own.at(-1));
  const found = begun.find(fits) ?? own.findLast(fits) ?? any;
  if (found) return { ok: true, value: `${found.text}\n` };
  return { ok: false, reason: entry ? `It defines no ${entry}.` : 'It has no program.' };
}

/** How a text goes on from a function's head: from its arrow on, or from within its parameters. */
const TYPE = /^[ \t]*(?:[\w.]+(?:\[[^\n:]*\])?(?:[ \t]*\|[ \t]*[\w.[\], ]+)?|"[^"\n]+"|'[^'\n]+')[ \t]*:/;
const PARAMETERS = /^[^\n)]*(?:\([^\n()]*\)[^\n)]*)*\)[ \t]*(?:->[^\n:]*)?:/;

const codeOf = (text: string): Block[] =>
  readAnswer(text).blocks.filter(({ language }) => /^(?:py.*|ipython|code|answer|)$/.test(language));

const defines =
  (entry: string) =>
  ({ text }: Block) =>
    new RegExp(`^[ \\t]*(?:(?:async[ \\t]+)?def[ \\t]+${entry}[ \\t]*\\(|${entry}[ \\t]*=(?!=))`, 'm').test(
      mask(text),
    );

const prints = ({ text }: Block) => /\bprint\s*\(|\bstdout\b/.test(mask(text));
