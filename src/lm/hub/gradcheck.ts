/**
 * Compares a model, as it runs and trains here, with reference numbers that PyTorch and PEFT computed
 * (shared/fixtures/README.md names the tensors). The error of a tensor is its largest absolute
 * difference over the reference's largest absolute value; of tokens, the share that differ.
 */
import { UnsupportedGraphError } from '../../onnx/importer.ts';
import type { LoraAdapter } from '../peft.ts';
import { floats, type Runtime, type Session } from '../runtime.ts';
import { type SafeTensor, safeTensorValues } from '../safetensors.ts';
import { VectorTrainer } from '../trainer.ts';
import { type AdapterPlan, findLinears, forwardGraph, type TrainingOptions } from './hubGraph.ts';
import type { HubModel } from './hubModel.ts';
import { HubSampler } from './hubSampler.ts';
import { hubTrainable, openModel, planAdapters, sequenceFeeds } from './hubTrainable.ts';
import { allModules, findModules } from './linears.ts';
import type { Model } from '../../onnx/model.ts';

export interface GradcheckReport {
  /** By tensor of the fixture, in the order in which they were computed. */
  errors: Map<string, number>;
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
  /** The adapter beside the model: its scales, and its weights where the fixture has none. */
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
  return { errors: check.errors, ignored: [...fixture.keys()].filter((name) => !check.errors.has(name)) };
}

/** Dimensions and values of a pair, as PEFT stores them. */
interface Pair {
  module: string;
  rank: number;
  scale: number;
  a: SafeTensor | Float32Array;
  b: SafeTensor | Float32Array;
}

class Check {
  readonly errors = new Map<string, number>();
  private readonly rows: number[][];
  private readonly T: number;
  private readonly plan: AdapterPlan;
  private readonly trainer: VectorTrainer;
  private readonly sampler: HubSampler;
  private readonly start: Float32Array;
  private readonly adapted: Float32Array;
  private readonly hasAdapter: boolean;
  private forward: { session: Session; graph: Model } | undefined;

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
    const pairs = this.pairs(adapter);
    this.hasAdapter = pairs.length > 0;
    const linears = findLinears(model);
    const modules = this.hasAdapter
      ? findModules(
          pairs.map((p) => p.module),
          linears,
          model.widths,
        ).map((m, i) => ({ ...m, rank: pairs[i]!.rank, scale: pairs[i]!.scale }))
      : allModules(linears, model.widths, model.family).map((m) => ({ ...m, rank: 1, scale: 1 }));
    this.plan = planAdapters(model, modules);
    this.trainer = new VectorTrainer(runtime, hubTrainable(model, this.plan, o.training), 1);
    this.sampler = new HubSampler(runtime, model, this.plan);
    this.start = this.trainer.weights.slice();
    this.adapted = this.start.slice();
    for (const { module, a, b } of pairs) {
      this.put(this.adapted, `${module}.lora_A`, values(a));
      this.put(this.adapted, `${module}.lora_B`, values(b));
    }
  }

  private tensor(name: string): SafeTensor | undefined {
    return this.o.fixture.get(name);
  }

  /** The fixture's own adapter, or the one beside the model. */
  private pairs(adapter: LoraAdapter | undefined): Pair[] {
    const found: Pair[] = [];
    for (const [name, a] of this.o.fixture) {
      const module = /^param\.(.+)\.lora_A(?:\.\w+)?\.weight$/.exec(name)?.[1];
      if (!module) continue;
      const b = this.tensor(name.replace('lora_A', 'lora_B'));
      if (!b) throw new Error(`the fixture has ${name} and no lora_B beside it`);
      const rank = a.dims[0]!;
      const scale = adapter?.pairs.get(module)?.scale;
      if (scale === undefined) {
        throw new Error(
          `nothing says how the adapter on ${module} is scaled: put its adapter_config.json and adapter_model.safetensors into adapter/ beside the model`,
        );
      }
      found.push({ module, rank, scale, a, b });
    }
    if (found.length > 0 || !adapter) return found;
    return [...adapter.pairs].map(([module, { rank, scale, a, b }]) => ({ module, rank, scale, a, b }));
  }

  /** Writes PEFT's matrix, the transpose of the vector's. */
  private put(flat: Float32Array, name: string, data: ArrayLike<number>): void {
    const [rows, columns] = this.plan.layout.parameters.find((p) => p.name === name)!.dims as [
      number,
      number,
    ];
    const at = this.plan.layout.offsets.get(name)!;
    if (data.length !== rows * columns) {
      throw new UnsupportedGraphError(
        `${name} has ${data.length} values, the model's layer needs ${rows} x ${columns}: the adapter is of another model`,
      );
    }
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) flat[at + r * columns + c] = data[c * rows + r]!;
    }
  }

  /** The part of a vector that PEFT calls `name`, in its layout. */
  private cut(flat: Float32Array, name: string): Float32Array {
    const own = name.replace(/(lora_[AB]).*$/, '$1');
    const parameter = this.plan.layout.parameters.find((p) => p.name === own);
    if (!parameter) throw new UnsupportedGraphError(`nothing here trains ${name}`);
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
    if (!this.hasAdapter) return;
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
    const { feeds } = sequenceFeeds(graph, this.rows);
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
      if (step === 0) this.compareVector('grad.', this.trainer.accumulated);
      if (step < steps) await this.trainer.apply(ADAMW);
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

const values = (tensor: SafeTensor | Float32Array): ArrayLike<number> =>
  tensor instanceof Float32Array ? tensor : safeTensorValues(tensor);

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
