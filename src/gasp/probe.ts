/** How much of a model's text a dialect can parse, before any training. */
import { beginningOf } from './begunAnswer.ts';
import { NoveltyBuffer } from './novelty.ts';
import type { Prompt } from './ports.ts';
import type { Axis, FaultKind, Question, Task } from './question.ts';
import { deriveSeed } from 'onnx-lora/random';
import { startRollouts } from './rollouts.ts';
import { solve, type Tools } from './solving.ts';
import { validateDraft } from './validation.ts';

/** The kinds of text that can be requested. */
export const PROBE_KINDS = ['lemma', 'lift', 'unguided', 'answers'] as const;
export type ProbeKind = (typeof PROBE_KINDS)[number];

export interface ProbeOptions {
  /** Absent: all. */
  kinds?: readonly ProbeKind[];
  goalposts: readonly Question[];
  /** Proposals of each kind and axis, and answers of each task type. */
  count: number;
  temperature: number;
  topP: number;
  seed: number;
  /** Cosine similarity above which a proposal counts as a copy of an earlier one. */
  noveltyThreshold: number;
}

export interface ProposalCounts {
  asked: number;
  /** A program in Python's grammar, and inputs. */
  parsed: number;
  /** Safe, and returns the same on all of its inputs in two runs, with enough different outputs. */
  ran: number;
  /** Not similar to an earlier one. */
  fresh: number;
  faults: Partial<Record<FaultKind, number>>;
}
export interface AnswerCounts {
  asked: number;
  parsed: number;
  passed: number;
}
export interface Probe {
  /** By kind and axis: `lemma, io`, `lift, f`, `unguided`. */
  proposals: Record<string, ProposalCounts>;
  /** Absent where no answers were asked for. */
  answers?: Record<Task['type'], AnswerCounts>;
}

/** Everything that was written, for a person to read. */
export type ProbeText = { kind: string; text: string; fate: string };

const AXES: readonly Axis[] = ['io', 'f'];

/**
 * Asks for lemmas on both axes, for lifts of the valid ones (whatever their pass rate, and of goalposts
 * where none is valid), for unguided proposals, and for answers of the three task types to valid lemmas.
 */
export async function probe(
  options: ProbeOptions,
  tools: Tools,
  hear: (text: ProbeText) => void = () => {},
): Promise<Probe> {
  const { goalposts, count, kinds = PROBE_KINDS } = options;
  const { dialect } = tools;
  const run = new Probing(options, tools, hear);
  const each = <T>(make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));
  // Spread evenly over the list.
  const goalpost = (i: number) => goalposts[Math.floor((i * goalposts.length) / count) % goalposts.length]!;
  const lemmas = kinds.includes('lemma')
    ? AXES.map((axis) => ({
        kind: `lemma, ${axis}`,
        prompts: each((i) => dialect.lemmaPrompt(goalpost(i), axis)),
      }))
    : [];
  const first = await run.propose(lemmas);
  // Lifts and converted tasks are of questions about `f`.
  const easy =
    first.questions.length > 0
      ? first.questions
      : goalposts.filter(({ program, benchmark }) => program !== '' && !benchmark);
  const lifts =
    kinds.includes('lift') && easy.length > 0
      ? AXES.map((axis) => ({
          kind: `lift, ${axis}`,
          prompts: each((i) => dialect.liftPrompt(easy[i % easy.length]!, axis)),
        }))
      : [];
  const unguided = kinds.includes('unguided')
    ? [{ kind: 'unguided', prompts: each((i) => dialect.unguidedPrompt(easy.slice(0, i % 4))) }]
    : [];
  const second = await run.propose([...lifts, ...unguided]);
  const proposals = { ...first.counts, ...second.counts };
  if (!kinds.includes('answers') || easy.length === 0) return { proposals };
  const answers = await run.answer([
    ...each((i): Task => ({ type: 'induction', question: easy[i % easy.length]! })),
    ...each((i) => taskOf('deduction', easy, i)),
    ...each((i) => taskOf('abduction', easy, i)),
  ]);
  return { proposals, answers };
}

function taskOf(type: 'deduction' | 'abduction', questions: readonly Question[], i: number): Task {
  const question = questions[i % questions.length]!;
  return { type, question, index: i % question.inputs.length };
}

class Probing {
  private readonly seen = new NoveltyBuffer();

  constructor(
    private readonly options: ProbeOptions,
    private readonly tools: Tools,
    private readonly hear: (text: ProbeText) => void,
  ) {}

  /** All kinds in one batch: a step costs a small model hardly more for many rows than for few. */
  async propose(
    kinds: readonly { kind: string; prompts: readonly Prompt[] }[],
  ): Promise<{ counts: Record<string, ProposalCounts>; questions: Question[] }> {
    const { temperature, topP, seed, noveltyThreshold } = this.options;
    const { policy, dialect, judge, signal } = this.tools;
    const asked = kinds.flatMap(({ kind, prompts }) => prompts.map((prompt, i) => ({ kind, prompt, i })));
    const all: Record<string, ProposalCounts> = {};
    const questions: Question[] = [];
    if (asked.length === 0) return { counts: all, questions };
    const { sampled, examined } = startRollouts(
      policy,
      asked.map(({ prompt }) => ({ prompt, samples: 1, maxTokens: dialect.maxTokens.proposal })),
      { temperature, topP, seed: deriveSeed(seed, 'probe', kinds[0]!.kind), ...(signal && { signal }) },
      async ({ text }, at, stop) => {
        const { kind, i, prompt } = asked[at]!;
        const draft = dialect.parseProposal(text, prompt);
        return validateDraft(draft, `${kind}.${i}`, judge, dialect, { signal: stop });
      },
    );
    const texts = (await sampled).map((s) => s[0]!.text);
    const validated = (await examined).map((v) => v[0]!);
    validated.forEach((result, i) => {
      const { kind, prompt } = asked[i]!;
      all[kind] ??= { asked: 0, parsed: 0, ran: 0, fresh: 0, faults: {} };
      const counts = all[kind];
      counts.asked++;
      let fault = 'fault' in result ? result.fault : undefined;
      if ('question' in result) {
        const { similarity, id } = this.seen.nearest(result.question);
        if (similarity > noveltyThreshold) fault = { kind: 'copy', message: `Similar to ${id}.` };
        else this.seen.add(result.question);
        if (!fault) questions.push(result.question);
      }
      if (fault) counts.faults[fault.kind] = (counts.faults[fault.kind] ?? 0) + 1;
      if (fault?.kind !== 'unparsable' && fault?.kind !== 'syntax') counts.parsed++;
      if (!fault || fault.kind === 'copy') counts.ran++;
      if (!fault) counts.fresh++;
      this.hear({
        kind,
        text: beginningOf(prompt) + texts[i]!,
        fate: fault ? `${fault.kind}: ${fault.message}` : 'valid',
      });
    });
    return { counts: all, questions };
  }

  async answer(tasks: readonly Task[]): Promise<Record<Task['type'], AnswerCounts>> {
    const { temperature, topP, seed } = this.options;
    const options = { samples: 1, temperature, topP, seed: deriveSeed(seed, 'probe', 'answers') };
    const solved = await solve(tasks, { ...options, stage: 'solving-tasks' }, this.tools);
    const none = (): AnswerCounts => ({ asked: 0, parsed: 0, passed: 0 });
    const all = { induction: none(), deduction: none(), abduction: none() };
    for (const { task, attempts } of solved) {
      const counts = all[task.type];
      for (const { text, verdict, reason } of attempts) {
        counts.asked++;
        if (verdict !== 'unparsable') counts.parsed++;
        if (verdict === 'passed') counts.passed++;
        this.hear({ kind: task.type, text, fate: `${verdict}: ${reason}` });
      }
    }
    return all;
  }
}
