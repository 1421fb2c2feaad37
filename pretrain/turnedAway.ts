/**
 * What the novelty filter turns away of lemmas and lifts, for the model's own teacher and for an oracle that writes
 * parts of each goalpost: a lemma is a run of its lines, a lift the lemma's lines with the goalpost's next one.
 */
import { answers, readProgram } from '../src/dialects/micro/microText.ts';
import type { Operation } from '../src/dialects/micro/operations.ts';
import { DEFAULT_SETTINGS } from '../src/gasp/defaults.ts';
import { runIteration } from '../src/gasp/iteration.ts';
import { NoveltyBuffer, type NoveltyScope } from '../src/gasp/novelty.ts';
import type { Completion, Dialect, Policy, Prompt } from '../src/gasp/ports.ts';
import type { Proposal, Question } from '../src/gasp/question.ts';
import type { Settings } from '../src/gasp/settings.ts';
import type { Tools } from '../src/gasp/solving.ts';
import { Random } from 'onnx-lora/random';
import { poseProgram } from './world.ts';

/** `fit`: proposals that ran, of which the filter turned `copies` away. */
export interface TurnedAway {
  teacher: 'own' | 'oracle';
  compares: NoveltyScope;
  window: number;
  lemmas: { fit: number; copies: number };
  lifts: { fit: number; copies: number };
}

const ITERATIONS = 4;

/** Plays a few iterations without training, for each teacher, comparison and window. */
export async function* turnedAway(goalposts: readonly Question[], tools: Tools): AsyncGenerator<TurnedAway> {
  for (const teacher of ['own', 'oracle'] as const) {
    for (const [compares, window] of [
      ['programs', 8],
      ['questions', 8],
      ['questions', 0],
    ] as const) {
      const settings: Settings = {
        ...DEFAULT_SETTINGS,
        method: 'gasp',
        noveltyCompares: compares,
        noveltyWindow: window,
      };
      const proposals = await play(settings, goalposts, teacher === 'own' ? untrained(tools) : oracle(tools));
      const count = (role: 'lemma' | 'lift') => {
        const own = proposals.filter((p) => p.role === role && (p.question || p.fault?.kind === 'copy'));
        return { fit: own.length, copies: own.filter((p) => p.fault).length };
      };
      yield { teacher, compares, window, lemmas: count('lemma'), lifts: count('lift') };
    }
  }
}

async function play(settings: Settings, goalposts: readonly Question[], tools: Tools): Promise<Proposal[]> {
  const accepted = new NoveltyBuffer([], settings.noveltyCompares);
  const proposals: Proposal[] = [];
  for (let iteration = 1; iteration <= ITERATIONS; iteration++) {
    const result = await runIteration({ settings, goalposts, iteration, accepted }, tools, async (events) => {
      for (const event of events) if (event.type === 'proposed') proposals.push(event.proposal);
    });
    for (const question of result.accepted) accepted.add(question);
  }
  return proposals;
}

/** The same policy, whose updates do nothing. */
function untrained(
  tools: Tools,
  sample: Policy['sample'] = (...args) => tools.policy.sample(...args),
): Tools {
  const stats = { loss: 0, gradNorm: 0, kl: 0, clipped: 0, entropy: 0, steps: 0, tokens: 0, moved: 0 };
  const policy: Policy = {
    info: tools.policy.info,
    sample,
    encodeAnswer: (...args) => tools.policy.encodeAnswer(...args),
    score: (...args) => tools.policy.score(...args),
    update: async () => stats,
    snapshot: () => tools.policy.snapshot(),
    restore: (snapshot) => tools.policy.restore(snapshot),
    dispose: () => tools.policy.dispose(),
  };
  return { ...tools, policy };
}

/** The student is the policy; lemmas and lifts are written from the goalposts' own programs. */
function oracle(tools: Tools): Tools {
  const programs = new Map<Prompt, (random: Random) => readonly Operation[]>();
  const goalposts: Operation[][] = [];
  const dialect: Dialect = {
    ...tools.dialect,
    lemmaPrompt: (goalpost, axis) => {
      const program = readProgram(goalpost.program)!;
      goalposts.push(program);
      const prompt = tools.dialect.lemmaPrompt(goalpost, axis);
      programs.set(prompt, (random) => partOf(program, random));
      return prompt;
    },
    liftPrompt: (lemma, axis) => {
      const program = readProgram(lemma.program)!;
      const prompt = tools.dialect.liftPrompt(lemma, axis);
      programs.set(prompt, (random) => random.pick(nextOf(program, goalposts)));
      return prompt;
    },
  };
  const sample: Policy['sample'] = async (requests, options) => {
    if (!requests.every(({ prompt }) => programs.has(prompt))) return tools.policy.sample(requests, options);
    return requests.map(({ prompt }, i): Completion[] => {
      const random = Random.for(options.seed, 'oracle', i);
      const text = proposalOf(programs.get(prompt)!(random), random);
      const completion: Completion = { promptTokens: [], tokens: [], logprobs: [], text, ended: 'stop' };
      options.onCompletion?.(i, 0, completion);
      return [completion];
    });
  };
  return { ...untrained(tools, sample), dialect };
}

function partOf(program: readonly Operation[], random: Random): Operation[] {
  const length = 1 + random.int(program.length - 1);
  const from = random.int(program.length - length + 1);
  return program.slice(from, from + length);
}

/** The goalposts' parts of one line more than `part` that contain it. */
function nextOf(part: readonly Operation[], goalposts: readonly Operation[][]): Operation[][] {
  return goalposts.flatMap((program) => {
    const longer: Operation[][] = [];
    for (let from = 0; from + part.length <= program.length; from++) {
      if (!part.every((operation, i) => operation === program[from + i])) continue;
      if (from > 0) longer.push(program.slice(from - 1, from + part.length));
      if (from + part.length < program.length) longer.push(program.slice(from, from + part.length + 1));
    }
    return longer;
  });
}

function proposalOf(program: readonly Operation[], random: Random): string {
  const problem = poseProgram(random, program, 'ordinary', 40);
  return problem ? answers.proposal(program, problem.inputs) : '';
}
