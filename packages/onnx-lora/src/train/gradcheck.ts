/**
 * Compares a model, as it runs and trains here, with reference numbers that PyTorch and PEFT computed
 * (tests/fixtures/models/README.md names the tensors). The error of a tensor is its largest absolute
 * difference over the reference's largest absolute value; of tokens, the share that differ.
 */
import { UnsupportedGraphError, type Model } from 'onnx-grad';
import { type LoraAdapter, readLoraName } from '../adapters/peft.ts';
import { PeftError } from '../adapters/peftConfig.ts';
import { floats, type Runtime, type GraphSession } from '../runtime/runtime.ts';
import { type SafeTensor, safeTensorValues } from '../adapters/safetensors.ts';
import { VectorTrainer } from './trainer.ts';
import { type AdapterPlan, findLinears, forwardGraph, type TrainingOptions } from '../model/hubGraph.ts';
import type { HubModel } from '../model/hubModel.ts';
import { HubSampler } from '../sample/hubSampler.ts';
import { hubTrainable, openModel, planAdapters, sequenceFeeds } from './hubTrainable.ts';
import { allModules } from '../model/linears.ts';
import { placeAdapter } from '../adapters/placeAdapter.ts';

export interface GradcheckReport {
  /** By tensor of the fixture, in the order in which they were computed. */
  errors: Map<string, number>;
  /** Whether numbers that the adapter changes were among them. */
  adapterCompared: boolean;
  /** Tensors of the fixture that nothing here computes, such as inputs. */
  ignored: string[];
}

/** AdamW's settings behind `after3`. */
const ADAMW = { learningRate: 1e-3, weightDecay: 0.01, maxGradNorm: 1e30, adamEpsilon: 1e-8 };
/** Tokens of the first row before the greedy ones, where the fixture has no prompt of its own. */
const GREEDY_PROMPT = 8;

type Tensors = ReadonlyMap<string, SafeTensor>;

export interface GradcheckOptions {
  runtime: Runtime;
  model: HubModel;
  fixture: Tensors;
  /** The adapter that the numbers belong to. */
  adapter?: LoraAdapter;
  /** How the training graph is built; gradients are the same whatever it says. */
  training?: TrainingOptions;
  onError?: (tensor: string, error: number) => void;
}

export async function gradcheck(options: GradcheckOptions): Promise<GradcheckReport> {
  const check = new Check(options);
  try {
    await check.run();
  } finally {
    await check.dispose();
  }
  const { fixture } = options;
  return {
    errors: check.errors,
    adapterCompared: [...check.errors.keys()].some((name) => WITH_ADAPTER.test(name)),
    ignored: [...fixture.keys()].filter((name) => !check.errors.has(name)),
  };
}

/** Tensors that every pair of the adapter has a part in. */
const WITH_ADAPTER = /^(?:adapter|step\d+)\./;
/** Tensors of single pairs. */
const OF_PAIRS = /^(param|grad|after\d+)\.(.+)$/;

class Check {
  readonly errors = new Map<string, number>();
  private readonly rows: number[][];
  private readonly T: number;
  private readonly plan: AdapterPlan;
  private readonly trainer: VectorTrainer;
  private readonly sampler: HubSampler;
  private readonly start: Float32Array;
  private readonly adapted: Float32Array;
  private forward: { session: GraphSession; graph: Model } | undefined;

  constructor(private readonly o: GradcheckOptions) {
    const { model, runtime, adapter } = o;
    const ids = this.tensor('input_ids');
    const mask = this.tensor('attention_mask');
    if (!ids) throw new Error('the fixture has no input_ids: there is nothing to run');
    const [B, T] = ids.dims as [number, number];
    const tokens = safeTensorValues(ids);
    const kept = mask && safeTensorValues(mask);
    this.T = T;
    this.rows = Array.from({ length: B }, (_, r) =>
      Array.from(tokens.subarray(r * T, (r + 1) * T)).filter((_token, t) => kept?.[r * T + t] !== 0),
    );
    this.checkPairs(adapter);
    const placed = adapter && placeAdapter(model, adapter);
    this.plan = placed?.plan ?? everyLayer(model);
    this.trainer = new VectorTrainer(runtime, hubTrainable(model, this.plan, o.training), 1);
    this.sampler = new HubSampler(runtime, model, this.plan);
    this.start = this.trainer.weights.slice();
    this.adapted = placed?.weights ?? this.start;
  }

  private tensor(name: string): SafeTensor | undefined {
    return this.o.fixture.get(name);
  }

  /** The numbers are of this adapter, and of all of it: none of either's pairs is left out. */
  private checkPairs(adapter: LoraAdapter | undefined): void {
    const named = new Map<string, Set<string>>();
    for (const name of this.o.fixture.keys()) {
      const [, kind, of] = OF_PAIRS.exec(name) ?? [];
      const part = of === undefined ? undefined : readLoraName(of);
      if (!part) continue;
      const { module, half } = part;
      if (!adapter) {
        throw new PeftError(
          `Nothing says how the adapter on ${module} is scaled: it is a part of no adapter that is here.`,
          { code: 'adapter-scale' },
        );
      }
      if (!adapter.pairs.has(module)) {
        throw new PeftError(
          `The fixture has ${name}, and the adapter has no pair on ${module}: they do not belong together.`,
        );
      }
      const halves = named.get(kind!) ?? new Set();
      named.set(kind!, halves.add(`${module}.lora_${half}`));
    }
    for (const [kind, halves] of named) {
      for (const module of adapter!.pairs.keys()) {
        const missing = ['lora_A', 'lora_B'].find((half) => !halves.has(`${module}.${half}`));
        if (!missing) continue;
        throw new PeftError(
          `The adapter has a pair on ${module}, and the fixture has no ${kind}.${module}.${missing}.weight: they do not belong together.`,
        );
      }
    }
  }

  /** The part of a vector that PEFT calls `name`, in its layout. */
  private cut(flat: Float32Array, name: string): Float32Array {
    const part = readLoraName(name);
    const own = part && `${part.module}.lora_${part.half}`;
    const parameter = this.plan.layout.parameters.find((p) => p.name === own);
    if (!own || !parameter) throw new UnsupportedGraphError(`nothing here trains ${name}`);
    const [rows, columns] = parameter.dims as [number, number];
    const at = this.plan.layout.offsets.get(own)!;
    const out = new Float32Array(rows * columns);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) out[c * rows + r] = flat[at + r * columns + c]!;
    }
    return out;
  }

  private report(name: string, error: number): void {
    this.errors.set(name, error);
    this.o.onError?.(name, error);
  }

  async run(): Promise<void> {
    await this.checkOutputs('base', this.start);
    await this.checkGreedy('base', this.start);
    if (!this.o.adapter) return;
    this.compareVector('param.', this.adapted);
    await this.checkOutputs('adapter', this.adapted);
    await this.checkGreedy('adapter', this.adapted);
    await this.checkTraining();
  }

  async dispose(): Promise<void> {
    await this.trainer.dispose();
    await this.sampler.dispose();
    await this.forward?.session.release();
  }

  private async checkOutputs(kind: 'base' | 'adapter', weights: Float32Array): Promise<void> {
    const all = this.tensor(`${kind}.logits`);
    const last = this.tensor(`${kind}.logits_last`);
    if (all || last) {
      const logits = await this.logits(weights);
      const V = this.o.model.vocabulary;
      const n = Math.max(...this.rows.map((r) => r.length));
      const difference = new Difference();
      const lastDifference = new Difference();
      this.rows.forEach((row, r) => {
        const at = (t: number) => logits.subarray((r * n + t) * V, (r * n + t + 1) * V);
        if (all) {
          const reference = safeTensorValues(all);
          const width = all.dims.at(-1)!;
          row.forEach((_token, t) => {
            difference.add(at(t), reference.subarray((r * this.T + t) * width, (r * this.T + t + 1) * width));
          });
        }
        if (last) {
          const width = last.dims.at(-1)!;
          lastDifference.add(at(row.length - 1), safeTensorValues(last).subarray(r * width, (r + 1) * width));
        }
      });
      if (all) this.report(`${kind}.logits`, difference.relative);
      if (last) this.report(`${kind}.logits_last`, lastDifference.relative);
    }
    const logprobs = this.tensor(`${kind}.logprobs`);
    if (!logprobs) return;
    this.trainer.weights = weights.slice();
    const found = await this.trainer.score(this.rows);
    const reference = safeTensorValues(logprobs);
    const weight = this.weights();
    const difference = new Difference();
    found.forEach((row, r) => {
      row.forEach((value, t) => {
        // 0 stands where no number was stored.
        if (weight ? weight[r * this.T + t] !== 0 : reference[r * this.T + t] !== 0) {
          difference.add([value], [reference[r * this.T + t]!]);
        }
      });
    });
    this.report(`${kind}.logprobs`, difference.relative);
  }

  private weights(): ArrayLike<number> | undefined {
    const weights = this.tensor('weights');
    return weights && safeTensorValues(weights);
  }

  private async logits(weights: Float32Array): Promise<Float32Array> {
    const { runtime, model } = this.o;
    if (!this.forward) {
      const graph = forwardGraph(model, this.plan);
      this.forward = { graph, session: await openModel(runtime, graph) };
    }
    const { graph, session } = this.forward;
    const { feeds } = sequenceFeeds(
      graph,
      // Of all tokens: what stands last of a sequence is left out of a row.
      this.rows.map((row) => ({ tokens: [...row, 0], from: 0 })),
    );
    const flat = { dtype: 'float32' as const, dims: [weights.length], data: weights };
    return floats(await session.run({ ...feeds, weights: flat }), 'logits');
  }

  private async checkGreedy(kind: 'base' | 'adapter', weights: Float32Array): Promise<void> {
    const whole = this.tensor(`${kind}.greedy`);
    const tokens = kind === 'base' ? this.tensor('greedy.tokens') : undefined;
    const prompt = this.tensor('greedy.prompt');
    if (whole) {
      const all = Array.from(safeTensorValues(whole));
      await this.compareGreedy(`${kind}.greedy`, weights, all, GREEDY_PROMPT);
    }
    if (tokens && prompt) {
      const all = Array.from(safeTensorValues(tokens));
      await this.compareGreedy('greedy.tokens', weights, all, prompt.dims.at(-1)!);
    }
  }

  private async compareGreedy(
    name: string,
    weights: Float32Array,
    all: readonly number[],
    prompt: number,
  ): Promise<void> {
    if (this.o.model.cache.length === 0) return;
    const expected = all.slice(prompt);
    const [row] = await this.sampler.sample(
      weights,
      [{ tokens: all.slice(0, prompt), samples: 1, maxTokens: expected.length }],
      { temperature: 0, topP: 1, seed: 1, stop: new Set() },
    );
    const wrong = expected.filter((token, i) => row!.tokens[i] !== token).length;
    this.report(name, wrong / expected.length);
  }

  /** Loss before each step, gradients before the first, weights after the last. */
  private async checkTraining(): Promise<void> {
    const weight = this.weights();
    if (!weight) return;
    const { fixture } = this.o;
    const names = [...fixture.keys()];
    const steps = Math.max(0, ...names.map((n) => Number(/^after(\d+)\./.exec(n)?.[1] ?? 0)));
    const losses = Math.max(0, ...names.map((n) => Number(/^step(\d+)\.loss$/.exec(n)?.[1] ?? -1) + 1));
    const wantsGradient = names.some((n) => n.startsWith('grad.'));
    this.trainer.weights = this.adapted.slice();
    const rows = this.rows.map((tokens, r) => ({
      tokens,
      weight: Array.from({ length: tokens.length - 1 }, (_, t) => weight[r * this.T + t]!),
      advantage: 1,
    }));
    for (let step = 0; step < Math.max(steps, losses, wantsGradient ? 1 : 0); step++) {
      this.trainer.clearGradient();
      const logprobs = await this.trainer.accumulate(rows, { clip: 0, klWeight: 0 });
      let loss = 0;
      rows.forEach((row, r) => {
        for (const [t, w] of row.weight.entries()) loss -= w * logprobs[r]![t]!;
      });
      const expected = this.tensor(`step${step}.loss`);
      if (expected) this.report(`step${step}.loss`, relative([loss], safeTensorValues(expected)));
      await this.trainer.fetch();
      if (step === 0) this.compareVector('grad.', this.trainer.accumulated);
      if (step < steps) await this.trainer.apply(ADAMW);
      await this.trainer.fetch();
      if (step + 1 <= steps) this.compareVector(`after${step + 1}.`, this.trainer.weights);
    }
  }

  private compareVector(prefix: string, flat: Float32Array): void {
    for (const [name, tensor] of this.o.fixture) {
      if (!name.startsWith(prefix)) continue;
      this.report(name, relative(this.cut(flat, name.slice(prefix.length)), safeTensorValues(tensor)));
    }
  }
}

/** Adapters on all layers, for a model without one of its own. */
function everyLayer(model: HubModel): AdapterPlan {
  const modules = allModules(findLinears(model), model.widths, model.family);
  return planAdapters(
    model,
    modules.map((module) => ({ ...module, rank: 1, scale: 1 })),
  );
}

class Difference {
  private largest = 0;
  private scale = 0;
  add(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
    if (actual.length < expected.length) this.largest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < expected.length; i++) {
      const d = Math.abs(actual[i]! - expected[i]!);
      this.largest = Number.isNaN(d) ? Number.POSITIVE_INFINITY : Math.max(this.largest, d);
      this.scale = Math.max(this.scale, Math.abs(expected[i]!));
    }
  }
  get relative(): number {
    return this.largest === 0 ? 0 : this.largest / this.scale;
  }
}

function relative(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  const difference = new Difference();
  difference.add(actual, expected);
  return difference.relative;
}
