/**
 * Measures the embedded model: pass@1 and pass@16 of the student by depth, what its teacher's
 * proposals are worth before any self-play, and what the novelty filter turns away of them.
 *   npm run evaluate [-- --model DIR --questions N --samples N --json FILE]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Bank } from '../src/gasp/bank.ts';
import { NoveltyBuffer } from '../src/gasp/novelty.ts';
import { passAtK } from '../src/gasp/passAtK.ts';
import type { Prompt } from '../src/gasp/ports.ts';
import type { Axis, FaultKind, Question, Task, TaskType } from '../src/gasp/question.ts';
import { inBand } from '../src/gasp/rewards.ts';
import { solve } from '../src/gasp/solving.ts';
import { validateDraft } from '../src/gasp/validation.ts';
import { readProgram } from '../src/dialects/micro/microText.ts';
import type { Operation } from '../src/dialects/micro/operations.ts';
import { evaluationProblems } from './evaluationSet.ts';
import { isOfTheme } from './mixture.ts';
import { openTools } from './modelTools.ts';
import { type TurnedAway, turnedAway } from './turnedAway.ts';
import { questionOf } from './world.ts';

const { values: args } = parseArgs({
  options: {
    model: { type: 'string', default: 'public/models/foothold-micro-2' },
    questions: { type: 'string', default: '96' },
    samples: { type: 'string', default: '32' },
    threads: { type: 'string', default: '2' },
    json: { type: 'string' },
  },
});
const count = Number(args.questions);
const samples = Number(args.samples);
const seed = 7;

const tools = await openTools(args.model, Number(args.threads));
const { policy, judge, dialect } = tools;
const sampling = { temperature: 1, topP: 1, seed, stage: 'evaluating' } as const;
const problems = (depth: number) =>
  evaluationProblems(depth, count).map((p, i) => questionOf(p, `d${depth}.${i}`));
const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);
const percent = (x: number) => `${(100 * x).toFixed(1)}%`;

const student: Record<string, { pass1: number; pass16: number }> = {};
for (const depth of [1, 2, 3, 4]) {
  const types: TaskType[] = depth === 2 ? ['induction', 'deduction', 'abduction'] : ['induction'];
  for (const type of types) {
    const tasks = problems(depth).map(
      (question): Task => (type === 'induction' ? { type, question } : { type, question, index: 4 }),
    );
    const solved = await solve(tasks, { ...sampling, samples }, tools);
    const passes = solved.map((s) => s.attempts.filter((a) => a.verdict === 'passed').length);
    const at = (k: number) => mean(passes.map((c) => passAtK(samples, c, k)));
    student[`${type} depth ${depth}`] = { pass1: at(1), pass16: at(16) };
    console.log(`${type} depth ${depth}: pass@1 ${percent(at(1))}, pass@16 ${percent(at(16))}`);
  }
}

interface Written {
  proposals: number;
  valid: number;
  inBand: number;
  /** Valid ones that no answer solved. */
  unsolved: number;
  faults: Partial<Record<FaultKind, number>>;
  /** Valid ones by their number of lines. */
  lines: Record<number, number>;
  /** Of lemmas: those that are contiguous parts of their goalpost. Of lifts: those that hold their lemma whole. */
  contiguous?: number;
  /** Lifts whose added operations are all of a kind that their lemma has. */
  inTheme?: number;
}

/** Writes, validates and tries proposals made from `sources`; gives the valid ones as questions with their pass rate. */
async function teach(
  role: 'lemma' | 'lift' | 'unguided',
  label: string,
  prompts: Prompt[],
  sources: readonly Question[] = [],
): Promise<{ written: Written; questions: { question: Question; index: number; passRate: number }[] }> {
  const sampled = await policy.sample(
    prompts.map((prompt) => ({ prompt, samples: 1, maxTokens: dialect.maxTokens.proposal })),
    sampling,
  );
  const validated = await Promise.all(
    sampled.map(([c], i) => validateDraft(dialect.parseProposal(c!.text), `${role}.${i}`, judge, dialect)),
  );
  const buffer = new NoveltyBuffer();
  const faults: Written['faults'] = {};
  const kept: { question: Question; index: number }[] = [];
  validated.forEach((v, index) => {
    if ('fault' in v) faults[v.fault.kind] = (faults[v.fault.kind] ?? 0) + 1;
    else if (buffer.nearest(v.question).similarity > 0.95) faults.copy = (faults.copy ?? 0) + 1;
    else {
      buffer.add(v.question);
      kept.push({ question: v.question, index });
    }
  });
  const solved = await solve(
    kept.map(({ question }): Task => ({ type: 'induction', question })),
    { ...sampling, samples: 16 },
    tools,
  );
  const questions = kept.map((k, i) => ({ ...k, passRate: solved[i]!.passRate }));
  const banded = questions.filter((q) => inBand(role, q.passRate)).length;
  const unsolved = questions.filter((q) => q.passRate === 0).length;
  const written: Written = {
    proposals: prompts.length,
    valid: kept.length,
    inBand: banded,
    unsolved,
    faults,
    lines: {},
  };
  for (const { question } of kept) {
    const length = linesOf(question).length;
    written.lines[length] = (written.lines[length] ?? 0) + 1;
  }
  const pairs =
    sources.length === 0 ? [] : kept.map(({ question, index }) => [question, sources[index]!] as const);
  if (role === 'lemma') {
    written.contiguous = pairs.filter(([lemma, goalpost]) => rest(goalpost, lemma) !== null).length;
  } else if (role === 'lift') {
    const added = pairs.map(([lift, lemma]) => ({ lemma, added: rest(lift, lemma) }));
    written.contiguous = added.filter((pair) => pair.added !== null).length;
    written.inTheme = added.filter(
      (pair) => pair.added?.every((operation) => isOfTheme(operation, linesOf(pair.lemma))) ?? false,
    ).length;
  }
  console.log(
    `${label}: ${percent(kept.length / prompts.length)} parse, run, are deterministic and new; ` +
      `${percent(banded / Math.max(1, kept.length))} of these fall into the band; ` +
      `${percent(unsolved / Math.max(1, kept.length))} are never solved; lines ${JSON.stringify(written.lines)}; ` +
      (written.contiguous === undefined ? '' : `contiguous ${percent(written.contiguous / kept.length)}; `) +
      (written.inTheme === undefined ? '' : `in the theme ${percent(written.inTheme / kept.length)}; `) +
      `faults ${JSON.stringify(faults)}`,
  );
  return { written, questions };
}

const linesOf = (question: Question): Operation[] => readProgram(question.program)!;

/** The operations of `whole` around `part`, or null where `part` is no contiguous part of it. */
function rest(whole: Question, part: Question): Operation[] | null {
  const [all, some] = [linesOf(whole), linesOf(part)];
  for (let at = 0; at + some.length <= all.length; at++) {
    if (some.every((operation, i) => operation === all[at + i])) {
      return [...all.slice(0, at), ...all.slice(at + some.length)];
    }
  }
  return null;
}

const axes: Axis[] = ['f', 'io'];
const axisOf = (i: number): Axis => axes[i % axes.length]!;
const goalposts = problems(4);
const lemmas = await teach(
  'lemma',
  'lemma',
  goalposts.map((g, i) => dialect.lemmaPrompt(g, axisOf(i))),
  goalposts,
);
const untitled = await teach(
  'lemma',
  'lemma without the title',
  goalposts.map((g, i) => dialect.lemmaPrompt({ ...g, title: '' }, axisOf(i))),
  goalposts,
);
const lifts = await teach(
  'lift',
  'lift',
  lemmas.questions.map(({ question, index }) => dialect.liftPrompt(question, axisOf(index))),
  lemmas.questions.map(({ question }) => question),
);
const unguided = await teach(
  'unguided',
  'unguided',
  Array.from({ length: count }, () => dialect.unguidedPrompt([])),
);
const novelty: TurnedAway[] = [];
const { goalposts: aims } = JSON.parse(readFileSync('public/banks/micro.json', 'utf8')) as Bank;
for await (const counts of turnedAway(aims, tools)) {
  novelty.push(counts);
  const { teacher, compares, window, lemmas, lifts } = counts;
  const memory = window === 0 ? 'all accepted' : `the last ${window} accepted`;
  console.log(
    `novelty, ${teacher} teacher, ${compares} against ${memory}: turned away ` +
      `${lemmas.copies} of ${lemmas.fit} lemmas, ${lifts.copies} of ${lifts.fit} lifts`,
  );
}
if (args.json) {
  const teacher = {
    lemma: lemmas.written,
    untitledLemma: untitled.written,
    lift: lifts.written,
    unguided: unguided.written,
  };
  writeFileSync(
    args.json,
    `${JSON.stringify({ questions: count, samples, student, teacher, novelty }, null, 2)}\n`,
  );
}
await judge.dispose();
await policy.dispose();
