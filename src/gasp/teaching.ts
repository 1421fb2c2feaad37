/** A person in the teacher's place: their texts are run, tried and rewarded as the model's own proposals are. */
import type { Judge, JudgeOptions, ProposalDraft } from './ports.ts';
import type { NoveltyBuffer } from './novelty.ts';
import type { Attempt, Axis, Proposal, ProposerRole } from './question.ts';
import { deriveSeed } from 'onnx-lora/random';
import { faultReward, inBand, proposerReward } from './rewards.ts';
import { drawsOf, type Settings } from './settings.ts';
import { solve, type Tools } from './solving.ts';
import { startPassRates } from './startRates.ts';
import { type Validated, validateDraft } from './validation.ts';
import { brief } from '../util/text.ts';

/** A proposal that a person wrote. */
export interface PersonDraft extends ProposalDraft {
  role: ProposerRole;
  axis?: Axis;
  goalpost?: string;
  /** The proposal that a lift was made from. */
  parent?: string;
}

/** The result of a trial. Exactly one of `proposal.fault` and `passRate` is set. */
export interface TeachingTrial {
  proposal: Proposal;
  /** The student's answers; empty where there was nothing to try. */
  attempts: Attempt[];
  passRate?: number;
  /** The pass rate that the weights before any training have on it, as far as it is known. */
  startPassRate?: number;
  /** The reward that a teacher would have earned. */
  reward: number;
  accepted: boolean;
  /** The earlier question that it copies. A model's proposal would not have been tried. */
  copies?: string;
}

const solving = { lemma: 'solving-lemmas', lift: 'solving-lifts', unguided: 'solving-questions' } as const;

/**
 * Validates a draft, has the student answer it with its present weights, and says what it earns. Nothing
 * is trained and `accepted` is not changed. `round` tells trials of one iteration apart: another one
 * gives other answers.
 */
export async function tryDraft(
  draft: PersonDraft,
  input: {
    id: string;
    settings: Settings;
    /** The last finished iteration. */
    iteration: number;
    round: number;
    accepted: NoveltyBuffer;
  },
  tools: Tools,
): Promise<TeachingTrial> {
  const { id, settings, iteration, round } = input;
  const { role, axis, goalpost, parent, title, message, program, inputs } = draft;
  const base: Proposal = {
    id,
    role,
    text: [program.trimEnd(), ...inputs].join('\n'),
    ...(axis && { axis }),
    ...(goalpost !== undefined && { goalpost }),
    ...(parent !== undefined && { parent }),
  };
  tools.progress?.stage('validating', 0, 1, 'proposals');
  const validated = await validateDraft(
    { ok: true, value: { title, message, program, inputs } },
    id,
    tools.judge,
    tools.dialect,
    tools.signal && { signal: tools.signal },
  );
  tools.signal?.throwIfAborted();
  if ('fault' in validated) {
    const { fault } = validated;
    return { proposal: { ...base, fault }, attempts: [], reward: faultReward(fault.kind), accepted: false };
  }
  const { question } = validated;
  const paidAs = role === 'lemma' ? settings.lemmaBand : role;
  const nearest = input.accepted.fork(settings.noveltyWindow).nearest(question);
  const copies = nearest.similarity > settings.noveltyThreshold ? nearest.id : undefined;
  const [solved] = await solve(
    [{ type: 'induction', question }],
    {
      samples: settings.rollouts,
      ...drawsOf(settings),
      seed: deriveSeed(settings.seed, 'teaching', iteration, round),
      stage: solving[role],
    },
    tools,
  );
  const { attempts, passRate } = solved!;
  const startPassRate = (await startPassRates([solved!], tools)).get(question.id);
  return {
    proposal: { ...base, question, similarity: nearest.similarity },
    attempts,
    passRate,
    ...(startPassRate !== undefined && { startPassRate }),
    reward: copies === undefined ? proposerReward(paidAs, passRate) : faultReward('copy'),
    accepted: copies === undefined && inBand(paidAs, passRate),
    ...(copies !== undefined && { copies }),
  };
}

/** A goalpost that a person writes: a program, or outputs, or both where they agree. */
export interface GoalpostDraft {
  title: string;
  /** May be empty where outputs are given. */
  program: string;
  inputs: string[];
  /** One for each input; absent: the program's. */
  outputs?: string[];
}

/** Pairs of a person's goalpost that the student sees; the others judge its answer. */
export const SHOWN_PAIRS = 3;

/** Returns its argument, so that the interpreter writes the value in its own form. */
const ECHO = 'def f(*values):\n    return values[0] if len(values) == 1 else values';

/** A person's goalpost as a question, its values as Python prints them, or the reason why it cannot be used. */
export async function judgeGoalpost(
  draft: GoalpostDraft,
  id: string,
  judge: Judge,
  options?: JudgeOptions,
): Promise<Validated> {
  const { title, program, inputs, outputs } = draft;
  const own = { id, title, message: '', tags: { source: 'own' } };
  const fault = (message: string): Validated => ({ fault: { kind: 'degenerate', message } });
  if (outputs && outputs.length !== inputs.length) {
    return fault(`There are ${inputs.length} inputs and ${outputs.length} outputs: each needs its own.`);
  }
  if (program.trim() === '') {
    if (!outputs) return fault('Write a program, or give the outputs.');
    if (new Set(inputs).size < inputs.length) return fault('Two of its inputs are the same.');
    if (inputs.length <= SHOWN_PAIRS) {
      return fault(`It needs at least ${SHOWN_PAIRS + 1} pairs: the student sees ${SHOWN_PAIRS} of them.`);
    }
    const [read, given] = await judge.run(
      [
        { program: ECHO, inputs },
        { program: ECHO, inputs: outputs },
      ],
      options,
    );
    for (const [kind, result] of [
      ['Input', read],
      ['Output', given],
    ] as const) {
      if (result!.status !== 'ran') return fault(`${kind}s: ${result!.error}`);
      const bad = result!.calls.findIndex((call) => call.status !== 'returned');
      const call = result!.calls[bad];
      if (call) return fault(`${kind} ${bad + 1} cannot be read${'error' in call ? `: ${call.error}` : ''}.`);
    }
    const values = given!.status === 'ran' ? given!.calls : [];
    const repr = values.map((call) => (call.status === 'returned' ? call.value : ''));
    return { question: { ...own, program: '', inputs, outputs: repr, shown: SHOWN_PAIRS } };
  }
  const validated = await validateDraft(
    { ok: true, value: { title, message: '', program, inputs } },
    id,
    judge,
    { inputs: inputs.length, shown: SHOWN_PAIRS },
    options,
  );
  if ('fault' in validated) return validated;
  const { question } = validated;
  const differs = outputs
    ? question.inputs.findIndex(
        (input, i) => !judge.sameValue(question.outputs[i]!, outputs[inputs.indexOf(input)]!),
      )
    : -1;
  if (differs >= 0) {
    const input = question.inputs[differs]!;
    const given = outputs![inputs.indexOf(input)]!;
    return fault(`f(${brief(input)}) gives ${brief(question.outputs[differs]!)}, not ${brief(given)}.`);
  }
  return { question: { ...question, ...own } };
}
