/**
 * The account of a decoder from the Hub on one runtime: what it samples and trains in a second beside
 * transformers.js's `generate` and its own forward pass, and what it does outside of the runtime. Node and the
 * page share it.
 */
import type { PreTrainedModel } from '@huggingface/transformers';
import {
  type AdapterPlan,
  HubSampler,
  type HubModel,
  hubTrainable,
  loadHubModel,
  loadTokenizer,
  type RepositoryFiles,
  ROW_TOKENS,
  type Runtime,
  type SampledRow,
  type TimedRuntime,
  timedRuntime,
  type Tokenizer,
  type TrainingRow,
  VectorTrainer,
} from 'onnx-lora';
import { Random } from 'onnx-lora/random';
import type { Bank } from '../src/gasp/bank.ts';
import type { UpdateOptions } from '../src/gasp/ports.ts';
import { LocalPolicy } from '../src/local/localPolicy.ts';
import { estimateOf, planLayers } from '../src/local/hubPolicy.ts';
import { accountPrompts, type PromptKind } from './accountWork.ts';
import { generateRows } from './generate.ts';
import { countBetween, type GpuCount } from './gpuCounter.ts';
import { type Contender, median, race, type Rate } from './race.ts';

export const PARTS = ['short', 'teacher', 'step', 'update', 'counts'] as const;
export type Part = (typeof PARTS)[number];

/** Values that survive JSON. */
export interface AccountSize {
  /** LoRA of rank 8 on the last so many layers; absent: on all. */
  layers?: number;
  prompts: number;
  /** Answers to each prompt. */
  samples: number;
  /** Tokens of each answer: none ends early. */
  tokens: number;
  temperature: number;
  topP: number;
  /** Rows in one call of `generate`. Without any it takes no part. */
  batches: readonly number[];
  /** Rows and predictions of each in a LoRA step. */
  rows: number;
  length: number;
  /** Tokens in one pass of an update. */
  microbatch: number;
  /** Updates with each answer in a row of its own, too, instead of in one row with all that answer its prompt. */
  apart: boolean;
  turns: number;
}

export interface AccountModel {
  runtime: Runtime;
  files: RepositoryFiles;
  bank: Bank;
  transformers: typeof import('@huggingface/transformers');
  /** transformers.js's session of the same file. */
  openReference(): Promise<PreTrainedModel>;
  /** Where WebGPU is counted. */
  countGpu?: () => GpuCount;
}

export interface SamplingAccount {
  /** Tokens of the prompts. */
  promptTokens: number[];
  rates: Rate[];
  /** Medians: over that of `generate`'s best batch, by the clock and, where it is known, by processor time. */
  overBest?: number;
  processorOverBest?: number;
  /** Median over the turns of milliseconds a row and token outside of the runtime. */
  outside: number;
}
export interface StepAccount {
  /** Forward passes and LoRA steps of `rows` x `length` tokens, in tokens a second. */
  rates: Rate[];
  /** Times that a step takes as long as a forward pass, by the clock and, where it is known, by processor time. */
  overForward: number;
  processorOverForward?: number;
  trainable: number;
}
export interface UpdateAccount {
  /** Predicted tokens, prompts counted once for each answer. */
  tokens: number;
  seconds: number;
  /** Times that it takes as long as a forward pass of the same `rows` x `length` tokens, in the same run. */
  overForward: number;
  rates: Rate[];
}
export interface CountAccount {
  rows: number;
  /** A token for each row: nobody looks on, and somebody hears of each step. */
  token: GpuCount;
  shownToken: GpuCount;
  /** A scoring pass of `stepTokens` tokens, a LoRA step on as many in one pass, and of that the optimizer's. */
  stepTokens: number;
  forward: GpuCount;
  step: GpuCount;
  optimizer: GpuCount;
}

/** The difference of two lengths is what tokens cost, without the prompt and what is done once. */
const COUNTED = { prompts: 1, samples: 2, from: 9, to: 17, rows: 2, length: 8 };

const ADAMW = { learningRate: 1e-4, weightDecay: 0, maxGradNorm: 1, adamEpsilon: 1e-8 };

export class HubAccount {
  private readonly clock: TimedRuntime;
  private readonly trainer: VectorTrainer;
  private readonly sampler: HubSampler;
  private readonly tuning;
  private readonly plan: AdapterPlan;
  private seed = 0;

  private constructor(
    private readonly o: AccountModel,
    private readonly size: AccountSize,
    private readonly model: HubModel,
    private readonly tokenizer: Tokenizer | undefined,
  ) {
    this.tuning = {
      ...({ kind: 'lora', rank: 8, alpha: 16 } as const),
      ...(size.layers !== undefined && { layers: size.layers }),
    };
    this.clock = timedRuntime(o.runtime);
    this.plan = planLayers(model, this.tuning);
    this.trainer = this.trainerOf(this.sharedTokens());
    this.sampler = new HubSampler(this.clock.runtime, model, this.plan);
  }

  static async open(o: AccountModel, size: AccountSize): Promise<HubAccount> {
    const model = await loadHubModel(o.files, { half: o.runtime.hasHalf });
    // A random model has none.
    const tokenizer = await loadTokenizer(o.files).catch(() => undefined);
    return new HubAccount(o, size, model, tokenizer);
  }

  /** Tokens of a row that answers share in a run. */
  private sharedTokens(): number {
    const load = {
      microbatchTokens: this.size.microbatch,
      rows: this.size.prompts * this.size.samples,
      rowTokens: ROW_TOKENS,
    };
    return estimateOf(this.model.config, this.tuning, { load })?.sharedTokens ?? ROW_TOKENS;
  }

  private trainerOf(sharedTokens: number): VectorTrainer {
    return new VectorTrainer(this.clock.runtime, hubTrainable(this.model, this.plan, { sharedTokens }), 1);
  }

  /** Weights of the model. */
  get parameters(): number {
    return this.model.parameters;
  }

  private prompts(kind: PromptKind, count = this.size.prompts): number[][] {
    return accountPrompts(kind, count, {
      tokenizer: this.tokenizer,
      vocabulary: this.model.vocabulary,
      bank: this.o.bank,
    });
  }

  private async sample(
    prompts: readonly number[][],
    { samples, tokens }: Pick<AccountSize, 'samples' | 'tokens'>,
    onStep?: () => void,
  ): Promise<SampledRow[]> {
    const { temperature, topP } = this.size;
    const weights = (await this.trainer.deviceWeights()) ?? this.trainer.weights;
    return this.sampler.sample(
      weights,
      prompts.map((prompt) => ({ tokens: prompt, samples, maxTokens: tokens })),
      { temperature, topP, seed: ++this.seed, stop: new Set(), ...(onStep && { onStep }) },
    );
  }

  async sampling(kind: PromptKind): Promise<SamplingAccount> {
    const { size } = this;
    const prompts = this.prompts(kind);
    const rows = prompts.flatMap((tokens) => Array.from({ length: size.samples }, () => tokens));
    const outside: number[] = [];
    const ours: Contender = {
      name: `here, ${prompts.length} prompts x ${size.samples}, top-p ${size.topP}`,
      run: async () => {
        const [start, busy] = [performance.now(), this.clock.busy()];
        const sampled = await this.sample(prompts, size);
        const tokens = sampled.reduce((n, row) => n + row.tokens.length, 0);
        outside.push((performance.now() - start - (this.clock.busy() - busy)) / tokens);
        return tokens;
      },
    };
    // A batch of 64 long prompts has more keys and values than a page has memory.
    const batches = kind === 'short' ? size.batches : size.batches.filter((batch) => batch <= 16);
    const reference = batches.length > 0 ? await this.o.openReference() : undefined;
    const rates = await race(
      [
        ours,
        ...batches.map(
          (batch): Contender => ({
            name: `generate, batch ${batch}`,
            group: 'generate',
            run: () =>
              generateRows(
                this.o.transformers,
                reference!,
                // From all over the list, since prompts differ in length; a larger batch has rows twice.
                Array.from({ length: batch }, (_, i) => rows[Math.floor((i * rows.length) / batch)]!),
                { temperature: size.temperature, newTokens: size.tokens, stop: new Set() },
              ),
          }),
        ),
      ],
      size.turns,
    );
    await reference?.dispose();
    await this.sampler.dispose();
    const [own, ...generate] = rates as [Rate, ...Rate[]];
    const best = Math.max(...generate.map((r) => r.median));
    const bestProcessor = Math.max(...generate.map((r) => r.processor ?? 0));
    return {
      promptTokens: prompts.map((p) => p.length),
      rates,
      ...(generate.length > 0 && { overBest: own.median / best }),
      ...(own.processor && bestProcessor > 0 && { processorOverBest: own.processor / bestProcessor }),
      // The first turn opens sessions, too.
      outside: median(outside.slice(1)),
    };
  }

  private randomRows(count: number, length: number): TrainingRow[] {
    const random = Random.for(1, 'rows');
    return Array.from({ length: count }, () => {
      const tokens = Array.from({ length: length + 1 }, () => random.int(this.model.vocabulary));
      return { tokens, weight: tokens.slice(1).map(() => 1 / (count * length)), advantage: 1 };
    });
  }

  private async forward(rows: readonly TrainingRow[]): Promise<void> {
    await this.trainer.score(rows.map((r) => r.tokens));
  }

  private async lossAndGradient(rows: readonly TrainingRow[]): Promise<void> {
    await this.trainer.accumulate(rows, { clip: 0, klWeight: 0 });
  }

  async step(): Promise<StepAccount> {
    const { rows: count, length, turns } = this.size;
    const rows = this.randomRows(count, length);
    const name = `${count} x ${length} tokens`;
    const rates = await race(
      [
        { name: `forward, ${name}`, run: () => this.forward(rows).then(() => count * length) },
        {
          name: `LoRA step, ${name}`,
          run: async () => {
            await this.lossAndGradient(rows);
            await this.trainer.apply(ADAMW);
            return count * length;
          },
        },
      ],
      turns,
    );
    await this.trainer.dispose();
    const [forward, step] = rates as [Rate, Rate];
    return {
      rates,
      overForward: forward.median / step.median,
      ...(forward.processor && { processorOverForward: forward.processor / step.processor! }),
      trainable: this.plan.layout.size,
    };
  }

  /** One GRPO step on `samples` answers to each teacher prompt, beside a forward pass. */
  async update(): Promise<UpdateAccount> {
    const { rows: count, length, samples, tokens, microbatch, turns } = this.size;
    const prompts = this.prompts('teacher');
    const random = Random.for(1, 'answers');
    const batch = prompts.flatMap((promptTokens) =>
      Array.from({ length: samples }, (_, i) => ({
        promptTokens,
        tokens: Array.from({ length: tokens }, () => random.int(this.model.vocabulary)),
        logprobs: new Array<number>(tokens).fill(-10),
        advantage: i % 2 ? 1 : -1,
      })),
    );
    const total = batch.reduce((n, s) => n + s.promptTokens.length + s.tokens.length, 0);
    const apart = this.trainerOf(0);
    const update = (name: string, trainer: VectorTrainer): Contender => {
      const policy = new LocalPolicy({
        // Nothing is put into words here.
        tokenizer: this.tokenizer ?? {
          ...{ encode: () => [], encodeAnswer: () => undefined, decode: () => '' },
        },
        trainer,
        sampler: this.sampler,
        stop: new Set(),
        info: { model: '', backend: this.o.runtime.name, parameters: this.parameters, trainable: 0 },
      });
      const options: UpdateOptions = {
        ...{ ...ADAMW, clip: 0.2, clipHigh: 0, clipping: 'ppo', klWeight: 0, epochs: 1 },
        ...{ lossMean: 'tokens' },
        ...{ minibatch: batch.length, microbatchTokens: microbatch, seed: 1 },
      };
      return {
        name: `update, ${prompts.length} prompts x ${samples} answers, ${name}`,
        run: () => policy.update(batch, options).then(() => total),
      };
    };
    const rows = this.randomRows(count, length);
    const rates = await race(
      [
        {
          name: `forward, ${count} x ${length} tokens`,
          run: () => this.forward(rows).then(() => count * length),
        },
        update('one row a prompt', this.trainer),
        ...(this.size.apart ? [update('one row an answer', apart)] : []),
      ],
      turns,
    );
    await this.trainer.dispose();
    await apart.dispose();
    const [forward, own] = rates as [Rate, Rate];
    const passes = total / (count * length);
    return {
      tokens: total,
      seconds: total / own.median,
      overForward: (passes * forward.median) / own.median,
      rates,
    };
  }

  /** What WebGPU is asked for a token and for a step, of few rows: the counts do not depend on how fast it is. */
  async counts(): Promise<CountAccount> {
    const now = this.o.countGpu;
    if (!now) throw new Error('WebGPU can be counted in a page only');
    const during = async (job: () => Promise<unknown>) => {
      const from = now();
      await job();
      return countBetween(from, now());
    };
    const prompts = this.prompts('short', COUNTED.prompts);
    const { samples, from, to } = COUNTED;
    const token = async (onStep?: () => void) => {
      const short = await during(() => this.sample(prompts, { samples, tokens: from }, onStep));
      const long = await during(() => this.sample(prompts, { samples, tokens: to }, onStep));
      return countBetween(short, long, to - from);
    };
    // Sessions are opened, and buffers made that later runs use again.
    await this.sample(prompts, { samples, tokens: from });
    const [quiet, shown] = [await token(), await token(() => {})];
    await this.sampler.dispose();
    const rows = this.randomRows(COUNTED.rows, COUNTED.length);
    const work = [
      () => this.forward(rows),
      () => this.lossAndGradient(rows),
      () => this.trainer.apply(ADAMW),
    ] as const;
    for (let turn = 0; turn < 2; turn++) for (const job of work) await job();
    const [forward, gradient, optimizer] = [
      await during(work[0]),
      await during(work[1]),
      await during(work[2]),
    ];
    await this.trainer.dispose();
    return {
      rows: COUNTED.prompts * samples,
      token: quiet,
      shownToken: shown,
      stepTokens: COUNTED.rows * COUNTED.length,
      forward,
      step: sum(gradient, optimizer),
      optimizer,
    };
  }
}

function sum(a: GpuCount, b: GpuCount): GpuCount {
  return Object.fromEntries(
    Object.entries(a).map(([key, value]) => [key, value + b[key as keyof GpuCount]]),
  ) as unknown as GpuCount;
}
