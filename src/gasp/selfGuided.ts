/**
 * The teacher's pay in self-guided self-play (SGS, Bailey et al. 2026, section 3.2): how hard a question is among
 * those that the student solves, times a guide's score for how it serves its goalpost and how clean it is.
 *
 * The paper's guide is the model itself, which reads both and grades them by a rubric: relevance, no redundant premise,
 * a simple conclusion; a copy of the target gets 0. The embedded model cannot judge in words, so the guide here
 * measures the same: relevance is the similarity of the two programs, and clean is a program whose lines all matter.
 */
import { cosine, embedQuestion } from './embedding.ts';
import type { Judge, ProgramRun } from './ports.ts';
import type { Question } from './question.ts';

/** A question that the student tried. */
export interface TriedQuestion {
  question: Question;
  /** The goalpost that it was written for. */
  goalpost?: Question;
  passRate: number;
}

export interface Pay {
  reward: number;
  accepted: boolean;
}

/** The reward of each question, in order, at least 0; what earns anything is accepted. */
export async function payByGuide(
  tried: readonly TriedQuestion[],
  judge: Judge,
  signal?: AbortSignal,
): Promise<Pay[]> {
  const hardness = solveRateRewards(tried.map(({ passRate }) => passRate));
  const clean = await cleanness(
    tried.map(({ question }) => question),
    judge,
    signal,
  );
  return tried.map(({ question, goalpost }, i) => {
    const reward = hardness[i]! * relevance(question, goalpost) * clean[i]!;
    return { reward, accepted: reward > 0 };
  });
}

/** The share of a batch's solve rates, those of 0 and 1 aside, that is not too easy. */
const HARD_ENOUGH = 0.7;

/** `1 - s` for a solve rate s above 0 that is not among the batch's easiest 30 %, else 0. */
export function solveRateRewards(rates: readonly number[]): number[] {
  const between = rates.filter((s) => s > 0 && s < 1).sort((a, b) => a - b);
  const easiest = between[Math.floor(HARD_ENOUGH * between.length)] ?? 0;
  return rates.map((s) => (s > 0 && s <= easiest ? 1 - s : 0));
}

/**
 * In [0, 1]: the similarity of the programs, and 0 for the goalpost's own under other names. Where the goalpost has
 * no program, nothing tells questions apart, and all have 1.
 */
export function relevance(question: Question, goalpost: Question | undefined): number {
  if (!goalpost || goalpost.program.trim() === '') return 1;
  const [a, b] = [question, goalpost].map(({ program }) =>
    embedQuestion({ title: '', message: '', program }),
  );
  const alike = cosine(a!, b!);
  return alike > 1 - 1e-9 ? 0 : alike;
}

/** Of each question's program, the share of lines of its functions without which some output changes; 1 where it has none. */
export async function cleanness(
  questions: readonly Question[],
  judge: Judge,
  signal?: AbortSignal,
): Promise<number[]> {
  const without = questions.map(({ program, inputs }) =>
    shortened(program).map((one): ProgramRun => ({ program: one, inputs })),
  );
  const runs = without.flat();
  if (runs.length === 0) return questions.map(() => 1);
  const results = await judge.run(runs, signal && { signal });
  let end = 0;
  return questions.map(({ outputs }, q) => {
    const start = end;
    end += without[q]!.length;
    const own = results.slice(start, end);
    const redundant = own.filter(
      (result) =>
        result.status === 'ran' &&
        result.calls.length === outputs.length &&
        result.calls.every(
          (call, i) => call.status === 'returned' && judge.sameValue(call.value, outputs[i]!),
        ),
    );
    return own.length === 0 ? 1 : 1 - redundant.length / own.length;
  });
}

/** The program without one of its indented statements at a time; what it returns stays. */
function shortened(program: string): string[] {
  const lines = program.split('\n');
  return lines.flatMap((line, i) =>
    /^\s+(?!return\b|#)\S/.test(line) ? [lines.toSpliced(i, 1).join('\n')] : [],
  );
}
