/**
 * A policy and a judge small enough to follow by hand, for tests of the method: the judge is an exact
 * interpreter of the embedded model's list programs, the policies answer from a table or by search.
 */
import {
  answers,
  pieces,
  programSource,
  readList,
  readListSource,
  readProgram,
} from '../../../src/dialects/micro/microText.ts';
import {
  type Operation,
  operationOfLine,
  operations,
  trace,
} from '../../../src/dialects/micro/operations.ts';
import type { UpdateStats } from '../../../src/gasp/policyRecord.ts';
import type {
  CallResult,
  Completion,
  Judge,
  Policy,
  PolicySnapshot,
  Prompt,
  ProgramResult,
  ProgramRun,
  SampleOptions,
  SampleRequest,
  UpdateOptions,
  WeightedSequence,
} from '../../../src/gasp/ports.ts';
import type { Question } from '../../../src/gasp/question.ts';
import { deriveSeed, Random } from '../../../packages/onnx-lora/src/random.ts';

/** Five lists that most programs of a few lines tell apart. */
export const inputs = [
  [2, 3, 1, -4],
  [5, 3, 4, 8],
  [1, 0, 6, 6],
  [7, 9, -2],
  [0, -1, 4],
];

export const listSource = (x: readonly number[]) => `[${x.join(', ')}]`;
export const program = (...ids: string[]): Operation[] =>
  ids.map((id) => {
    const found = operations.find((operation) => operation.id === id);
    if (!found) throw new Error(`No operation ${id}`);
    return found;
  });
export const run = (lines: readonly Operation[], input: readonly number[]) => trace(lines, input).at(-1)!;

/** A question of the micro world, its outputs computed. */
export function question(id: string, lines: readonly Operation[], inputs: readonly number[][]): Question {
  return {
    id,
    title: lines.map((operation) => operation.words).join(', then '),
    message: '',
    program: programSource(lines),
    inputs: inputs.map(listSource),
    outputs: inputs.map((input) => listSource(run(lines, input))),
    shown: 3,
  };
}

/** Runs programs of the micro world exactly; any other text is a syntax error. */
export class MicroJudge implements Judge {
  /** Programs run so far. */
  ran = 0;
  async run(runs: ProgramRun[]): Promise<ProgramResult[]> {
    this.ran += runs.length;
    return runs.map((r): ProgramResult => {
      const lines = readProgram(r.program);
      if (!lines) return { status: 'syntax', error: 'invalid syntax', line: 2 };
      const calls = r.inputs.map((source): CallResult => {
        const input = readListSource(source);
        if (!input) return { status: 'raised', error: `NameError: ${source}` };
        return { status: 'returned', value: listSource(run(lines, input)) };
      });
      return { status: 'ran', calls };
    });
  }
  sameValue(a: string, b: string): boolean {
    const [x, y] = [readListSource(a), readListSource(b)];
    return x !== null && y !== null && listSource(x) === listSource(y);
  }
  async dispose(): Promise<void> {}
}

/** What a policy double answers: a text for one sample of one prompt. */
export type Answer = (prompt: string, sample: number, seed: number) => string;

/** Samples from a function; an update adds each sequence's advantage to one of four weights. */
export class ScriptedPolicy implements Policy {
  readonly info = { model: 'scripted', backend: 'cpu', parameters: 4, trainable: 4 };
  readonly updates: { batch: WeightedSequence[]; options: UpdateOptions }[] = [];
  readonly requests: SampleRequest[] = [];
  disposed = false;
  weights = new Float32Array(4);
  private step = 0;

  constructor(private readonly answer: (policy: ScriptedPolicy) => Answer) {}

  async sample(requests: SampleRequest[], options: SampleOptions): Promise<Completion[][]> {
    options.signal?.throwIfAborted();
    this.requests.push(...requests);
    const answer = this.answer(this);
    const total = requests.reduce((sum, r) => sum + r.samples, 0);
    const out = requests.map(({ prompt, samples }, i) =>
      Array.from({ length: samples }, (_, sample): Completion => {
        const text = answer(prompt as string, sample, deriveSeed(options.seed, i, sample));
        const tokens = Array.from(text, (c) => c.charCodeAt(0));
        return {
          promptTokens: [1],
          tokens,
          logprobs: tokens.map(() => -1),
          text,
          ended: 'stop',
        };
      }),
    );
    options.onProgress?.({
      tokens: 10,
      finished: total,
      total,
      peek: () => ({ request: 0, sample: 0, text: out[0]![0]!.text }),
    });
    out.forEach((own, request) => {
      own.forEach((completion, sample) => {
        options.onCompletion?.(request, sample, completion);
      });
    });
    // Real policies take time: others get their turn in between.
    await new Promise((resolve) => setTimeout(resolve));
    options.signal?.throwIfAborted();
    return out;
  }
  answerTo(prompt: string, sample: number, seed: number): string {
    return this.answer(this)(prompt, sample, seed);
  }
  encodeAnswer(_: Prompt, answer: string): { promptTokens: number[]; tokens: number[] } {
    return { promptTokens: [1], tokens: Array.from(answer, (c) => c.charCodeAt(0)) };
  }
  async score(sequences: { tokens: number[] }[]): Promise<number[][]> {
    return sequences.map((s) => s.tokens.map(() => -1));
  }
  async update(batch: WeightedSequence[], options: UpdateOptions): Promise<UpdateStats> {
    this.updates.push({ batch, options });
    batch.forEach(({ advantage }, i) => {
      this.weights[(i + options.seed) % 4]! += advantage * options.learningRate;
    });
    this.step++;
    const tokens = batch.reduce((sum, s) => sum + s.tokens.length, 0);
    return { loss: 0, gradNorm: 1, kl: 0, clipped: 0, entropy: 1, steps: 1, tokens, moved: 0.1 };
  }
  async snapshot(): Promise<PolicySnapshot> {
    const moments = new Float32Array(4);
    return {
      layout: 'scripted',
      step: this.step,
      weights: this.weights.slice(),
      firstMoment: moments,
      secondMoment: moments,
    };
  }
  async restore(snapshot: PolicySnapshot): Promise<void> {
    if (snapshot.layout !== 'scripted') throw new Error(`Not for this policy: ${snapshot.layout}`);
    this.weights = snapshot.weights.slice();
    this.step = snapshot.step;
  }
  async dispose(): Promise<void> {
    this.disposed = true;
  }
}

const found = new Map<string, Operation[] | undefined>();

/** A program of one or two lines that agrees with a prompt's examples. */
function search(prompt: string): Operation[] | undefined {
  if (!found.has(prompt)) found.set(prompt, searchAnew(prompt));
  return found.get(prompt);
}

function searchAnew(prompt: string): Operation[] | undefined {
  const examples = [...prompt.matchAll(/^(.*) ->(.*)$/gm)].map(([, a, b]) => [readList(a!)!, readList(b!)!]);
  const fits = (lines: readonly Operation[]) =>
    examples.every(([input, output]) => listSource(run(lines, input!)) === listSource(output!));
  for (const a of operations) {
    if (fits([a])) return [a];
    for (const b of operations) if (fits([a, b])) return [a, b];
  }
  return undefined;
}

/**
 * A model of the micro world that really plays: as a teacher it writes random programs, or adds a line
 * to the one it is shown; as a student it finds programs of up to two lines, and then says what it
 * found about half of the time, more or less with what training did to its weights.
 */
export function playingPolicy(): ScriptedPolicy {
  const student = new ScriptedPolicy((policy) => (prompt, _, seed) => {
    const random = new Random(seed);
    const skill = 0.5 + 0.3 * Math.tanh(policy.weights[0]!);
    if (prompt.startsWith(pieces.induction)) {
      const lines = search(prompt);
      if (lines && random.uniform() < skill) return answers.traced(lines, [1]);
      return random.uniform() < 0.2
        ? 'not a program'
        : `${operationText(random.pick(operations))}${pieces.end}`;
    }
    const shown = prompt.split('\n').flatMap((line) => operationOfLine(line) ?? []);
    const lines = [...shown, random.pick(operations)];
    const inputs = Array.from({ length: 5 }, () =>
      Array.from({ length: 3 + random.int(4) }, () => random.int(19) - 9),
    );
    if (/^# (?:lemma|lift|unguided)/.test(prompt)) return answers.proposal(lines, inputs);
    return answers.traced(shown, inputs[0]!);
  });
  // As the weights are, it has mastered some answers and others not.
  student.score = async (sequences) =>
    sequences.map(({ tokens }) => {
      const sum = tokens.reduce((total, token) => total + token, 0);
      const probability = new Random(deriveSeed(sum, Math.round(1e6 * student.weights[0]!))).uniform();
      return tokens.map(() => Math.log(probability) / tokens.length);
    });
  return student;
}

function operationText(operation: Operation): string {
  return `    x = ${operation.python}\n`;
}
