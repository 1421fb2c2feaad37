/** Which goalposts a proposal's program already answers. */
import type { Judge, ProgramResult } from './ports.ts';
import type { Question } from './question.ts';
import type { Tools } from './solving.ts';

/**
 * For each program the ids of the goalposts all of whose outputs it gives, which is what makes an answer right;
 * `null` where that cannot be told in time. One input of each goalpost is run first: it tells nearly all apart.
 * A benchmark's problem is answered where its own tests pass with the program's `f` under the name that they call; no
 * function answers one on standard input.
 */
export async function goalpostsReached(
  programs: readonly string[],
  goalposts: readonly Question[],
  { judge, grade, signal }: Pick<Tools, 'judge' | 'grade' | 'signal'>,
): Promise<(string[] | null)[]> {
  const asked = goalposts.filter(
    ({ inputs, benchmark }) => inputs.length > 0 && (!benchmark || benchmark.entry !== undefined),
  );
  if (asked.length === 0) return programs.map(() => []);
  const options = signal && { signal };
  const different = [...new Set(programs)];
  const begun = await judge.run(
    different.map((program) => ({ program, inputs: asked.map(({ inputs }) => inputs[0]!) })),
    options,
  );
  const near = different.map((program, i) => ({ program, goalposts: agreeing(asked, begun[i]!, judge) }));
  const pairs = near.flatMap(({ program, goalposts: some }) =>
    (some ?? []).map((goalpost) => ({ program, goalpost })),
  );
  const plain = pairs.filter(({ goalpost }) => !goalpost.benchmark);
  const runs = plain.map(({ program, goalpost }) => ({ program, inputs: goalpost.inputs }));
  const results = runs.length > 0 ? await judge.run(runs, options) : [];
  const reached = new Map<string, string[] | null>(
    near.map(({ program, goalposts: some }) => [program, some && []]),
  );
  const graded = pairs.filter(({ goalpost }) => goalpost.benchmark);
  if (graded.length > 0 && grade) {
    const answers = graded.map(({ program, goalpost }) => ({
      question: goalpost,
      program: `${program.trimEnd()}\n\n${goalpost.benchmark!.entry} = f\n`,
    }));
    const verdicts = await grade(answers, judge, options);
    graded.forEach(({ program, goalpost }, i) => {
      if (verdicts[i]!.verdict === 'passed') reached.get(program)!.push(goalpost.id);
    });
  }
  plain.forEach(({ program, goalpost }, i) => {
    const result = results[i]!;
    const right =
      result.status === 'ran' &&
      goalpost.outputs.every((output, j) => {
        const call = result.calls[j];
        return call?.status === 'returned' && judge.sameValue(call.value, output);
      });
    if (right) reached.get(program)!.push(goalpost.id);
  });
  return programs.map((program) => reached.get(program)!);
}

/** The goalposts whose first output comes out; null where not all were tried. */
function agreeing(goalposts: readonly Question[], result: ProgramResult, judge: Judge): Question[] | null {
  if (result.status !== 'ran' || result.calls.length < goalposts.length) return null;
  if (result.calls.some(({ status }) => status === 'timeout')) return null;
  return goalposts.filter((goalpost, i) => {
    const call = result.calls[i]!;
    return call.status === 'returned' && judge.sameValue(call.value, goalpost.outputs[0]!);
  });
}
