/** Trying questions after the fact, in parts that can be stored as they come and taken up again. */
import { partOf } from './progress.ts';
import type { Question } from './question.ts';
import { deriveSeed } from 'onnx-lora/random';
import { solve, type SolveOptions, type Tools } from './solving.ts';

/** Answers of one part: a few seconds of work, which is what a crash can cost. */
const PART = 512;

/**
 * Yields, part by part, a digit for each answer to each question, 1 where it passed. A part whose questions
 * are all in `done` is skipped; the others come out the same whether there was an interruption or not.
 */
export async function* measure(
  questions: readonly Question[],
  options: SolveOptions,
  tools: Tools,
  done: ReadonlySet<string> = new Set(),
): AsyncGenerator<Record<string, string>> {
  const size = Math.max(1, Math.floor(PART / options.samples));
  const total = questions.length * options.samples;
  for (let from = 0; from < questions.length; from += size) {
    const part = questions.slice(from, from + size);
    if (part.every(({ id }) => done.has(id))) continue;
    const before = from * options.samples;
    const solved = await solve(
      part.map((question) => ({ type: 'induction', question })),
      { ...options, seed: deriveSeed(options.seed, 'part', from) },
      {
        ...tools,
        ...(tools.progress && { progress: partOf(tools.progress, before, total) }),
      },
    );
    yield Object.fromEntries(
      solved.map(({ task, attempts }) => [
        task.question.id,
        attempts.map((attempt) => (attempt.verdict === 'passed' ? '1' : '0')).join(''),
      ]),
    );
  }
}

/** Passed answers among the first `samples` of a question's digits. */
export function passesOf(digits: string, samples = digits.length): number {
  let passed = 0;
  for (let i = 0; i < samples; i++) if (digits[i] === '1') passed++;
  return passed;
}
