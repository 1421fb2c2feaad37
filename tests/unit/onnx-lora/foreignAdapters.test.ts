/**
 * Adapters as PEFT saves them and as other tools leave them (../../fixtures/adapters): what loads gives
 * PEFT's log-probabilities, in the commands that put an adapter on a model as it is and in runs, and the rest
 * is refused by name.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { tuningOfAdapter } from '../../../src/lab/adapters.ts';
import {
  adapterOfVector,
  adapterShape,
  vectorOfAdapter,
} from '../../../packages/onnx-lora/src/adapters/adapterVector.ts';
import { gradcheck } from '../../../packages/onnx-lora/src/train/gradcheck.ts';
import type { AdapterPlan } from '../../../packages/onnx-lora/src/model/hubGraph.ts';
import type { HubModel } from '../../../packages/onnx-lora/src/model/hubModel.ts';
import { planLayers } from '../../../src/local/hubPolicy.ts';
import { hubTrainable } from '../../../packages/onnx-lora/src/train/hubTrainable.ts';
import { placeAdapter } from '../../../packages/onnx-lora/src/adapters/placeAdapter.ts';
import {
  CONFIG_FILE,
  type LoraAdapter,
  readPeft,
  WEIGHTS_FILE,
  writePeft,
} from '../../../packages/onnx-lora/src/adapters/peft.ts';
import { PeftError } from '../../../packages/onnx-lora/src/adapters/peftConfig.ts';
import { nodeRuntime } from '../../../src/backends/runtime.node.ts';
import {
  readSafetensors,
  safeFloat32,
  type SafeTensor,
  safeTensorValues,
  writeSafetensors,
} from '../../../packages/onnx-lora/src/adapters/safetensors.ts';
import { VectorTrainer } from '../../../packages/onnx-lora/src/train/trainer.ts';
import { type Fixture, loadFixture } from './hub/fixtures.ts';

const folder = fileURLToPath(new URL('../../fixtures/adapters/', import.meta.url));
const bytes = (path: string) => new Uint8Array(readFileSync(folder + path));
const text = (path: string) => readFileSync(folder + path, 'utf8');
const load = (name: string) => readPeft(text(`${name}/${CONFIG_FILE}`), bytes(`${name}/${WEIGHTS_FILE}`));

const LOADED = [
  ...['plain', 'rslora', 'patterns', 'rslora-patterns', 'expression', 'all-linear', 'some-layers'],
  ...['whole-names', 'gaussian', 'orthogonal', 'mica', 'bf16', 'fp16', 'without-causal-head', 'written'],
];

describe('on a reference model', () => {
  const expected = readSafetensors(bytes('expected.safetensors')).tensors;
  const ids = expected.get('tokens')!;
  const length = ids.dims[1]!;
  const rows = [0, 1].map((r) => [...safeTensorValues(ids)].slice(r * length, (r + 1) * length));
  let model: HubModel;
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await loadFixture('qwen2-optimum-fp32');
    model = fixture.model;
  });

  async function logprobs(plan: AdapterPlan, weights: Float32Array) {
    const trainer = new VectorTrainer(nodeRuntime(1), hubTrainable(model, plan), 1);
    trainer.weights = weights;
    const found = await trainer.score(rows);
    await trainer.dispose();
    return found.flatMap((row) => [...row]);
  }

  /** As `lab generate` and `lab gradcheck` use it: a plan of its own. */
  const asItIs = (adapter: LoraAdapter) => {
    const { plan, weights } = placeAdapter(model, adapter);
    return logprobs(plan, weights);
  };
  /** As runs use it: on all layers, in one rank and with one scale. */
  const asStart = (adapter: LoraAdapter) => {
    const tuning = tuningOfAdapter(adapter);
    const plan = planLayers(model, tuning);
    const shape = adapterShape(plan.layout, () => tuning.alpha / tuning.rank);
    const start = Float32Array.from({ length: plan.layout.size }, (_, i) => Math.sin(i));
    return logprobs(plan, vectorOfAdapter(shape, adapter, start));
  };
  const largest = (found: readonly number[], reference: ArrayLike<number>) =>
    Math.max(...found.map((value, i) => Math.abs(value - reference[i]!)));

  test.each(LOADED)("%s gives PEFT's log-probabilities", async (name) => {
    const adapter = load(name);
    const reference = safeTensorValues(expected.get(name)!);
    expect(reference).toHaveLength(2 * (length - 1));
    expect(largest(await asItIs(adapter), reference)).toBeLessThan(2e-5);
    expect(largest(await asStart(adapter), reference)).toBeLessThan(2e-5);
    expect(largest([...reference], safeTensorValues(expected.get('base')!))).toBeGreaterThan(0.5);
  });

  test('gradcheck passes with wrapped names, and never while it leaves a pair out', async () => {
    const { tensors, adapter } = fixture;
    const runtime = nodeRuntime(1);
    const check = (fixtureTensors: ReadonlyMap<string, SafeTensor>, a: LoraAdapter) =>
      gradcheck({ runtime, model, fixture: fixtureTensors, adapter: a });
    const wrapped = new Map([...tensors].map(([name, t]) => [name.replace('model.', 'module.model.'), t]));
    const report = await check(wrapped, adapter);
    expect(Math.max(...report.errors.values())).toBeLessThan(1e-5);
    expect([report.errors.size, report.adapterCompared]).toEqual([133, true]);

    const without = (map: ReadonlyMap<string, SafeTensor>, pattern: RegExp) =>
      new Map([...map].filter(([name]) => !pattern.test(name)));
    await expect(check(without(tensors, /param\..*0\.mlp\.up_proj/), adapter)).rejects.toThrow(
      /has a pair on model.layers.0.mlp.up_proj, and the fixture has no param/,
    );
    await expect(check(without(tensors, /grad\..*2\.self_attn\.o_proj\.lora_B/), adapter)).rejects.toThrow(
      /and the fixture has no grad.model.layers.2.self_attn.o_proj.lora_B/,
    );
    const fewer = new Map([...adapter.pairs].filter(([name]) => !name.includes('1.mlp.gate_proj')));
    await expect(check(tensors, { ...adapter, pairs: fewer })).rejects.toThrow(
      /adapter has no pair on model.layers.1.mlp.gate_proj/,
    );
    // The weights are the adapter's, not the fixture's.
    const [first, pair] = [...adapter.pairs][0]!;
    const other = { ...pair, a: pair.a.map((x) => x * 1.5) };
    const changed = await check(tensors, { ...adapter, pairs: new Map(adapter.pairs).set(first, other) });
    expect(changed.errors.get(`param.${first}.lora_A.weight`)).toBeCloseTo(0.5, 5);
    const base = await check(without(tensors, /^(adapter|step|param|grad|after)/), adapter);
    expect(base.adapterCompared).toBe(false);
  });

  test.each([
    ['model.layers.7.mlp.up_proj', /layers.7.*the layers here are 0 to 2: .*another model/],
    ['model.layers.0.mlp.experts.3.up_proj', /experts.3.up_proj, which is none of.*layer 0 has q_proj,/],
    ['model.layers.0.cross_attn.q_proj', /cross_attn.q_proj, which is none of the linear layers/],
    [
      'vision_tower.vision_model.encoder.layers.0.self_attn.q_proj',
      /no part of the text decoder \(vision_tower/,
    ],
    ['model.visual.blocks.0.attn.proj', /no part of the text decoder \(visual\)/],
  ])('a pair on %s is refused in both', async (name, message) => {
    const pairs = new Map(load('plain').pairs);
    pairs.set(name, pairs.get('model.layers.0.self_attn.q_proj')!);
    const adapter = { baseModel: '', pairs };
    expect(() => asItIs(adapter)).toThrow(PeftError);
    expect(() => asItIs(adapter)).toThrow(message);
    expect(() => asStart(adapter)).toThrow(message);
  });

  test('one layer under two names is refused', () => {
    const pairs = new Map(load('plain').pairs);
    pairs.set('transformer.h.0.attn.q_proj', pairs.get('model.layers.0.self_attn.q_proj')!);
    expect(() => asItIs({ baseModel: '', pairs })).toThrow(/one layer of this model twice/);
    expect(() => asStart({ baseModel: '', pairs })).toThrow(/one layer of this model twice/);
  });

  test('a pair on packed layers is the same as one on each', async () => {
    const q = 'model.layers.1.self_attn.q_proj';
    const { a, rank, fanIn, scale } = load('plain').pairs.get(q)!;
    const b = Float32Array.from({ length: 128 * rank }, (_, i) => Math.cos(i) / 4);
    const cut = (from: number, to: number) => ({
      ...{ rank, fanIn, scale, a },
      fanOut: to - from,
      b: b.slice(from * rank, to * rank),
    });
    const packed = new Map([['transformer.h.1.attn.c_attn', cut(0, 128)]]);
    const apart = new Map([
      [q, cut(0, 64)],
      ['model.layers.1.self_attn.k_proj', cut(64, 96)],
      ['model.layers.1.self_attn.v_proj', cut(96, 128)],
    ]);
    const reference = await asItIs({ baseModel: '', pairs: apart });
    for (const use of [asItIs, asStart]) {
      expect(largest(await use({ baseModel: '', pairs: packed }), reference)).toBeLessThan(2e-5);
    }
  });

  test('what is written here is what PEFT was given, with ranks and scales of their own', () => {
    const plan = planLayers(model, { kind: 'lora', rank: 1, alpha: 1, layers: 1 });
    const shape = adapterShape(plan.layout, () => 1.5);
    shape.modules.forEach((module, i) => {
      module.rank = 1 + (i % 2);
      module.scale = i % 3 ? 1.5 : 0.75;
    });
    const size = shape.modules.reduce((n, m) => n + m.rank * (m.in + m.out), 0);
    const flat = Float32Array.from({ length: size }, (_, i) => Math.sin(3 * i) / 4);
    for (const [name, data] of writePeft(adapterOfVector(shape, flat, 'tiny-qwen2'))) {
      expect(Buffer.compare(data, bytes(`written/${name}`)), name).toBe(0);
    }
  });
});

const plainTensors = () => new Map(readSafetensors(bytes(`plain/${WEIGHTS_FILE}`)).tensors);
const plainConfig = text(`plain/${CONFIG_FILE}`);
const P = 'base_model.model.';

test.each<[string, (name: string) => string]>([
  ['torch.compile around the adapter', (name) => `_orig_mod.${name}`],
  ['torch.compile around the model', (name) => name.replace(P, `${P}_orig_mod.`)],
  ['torch.compile around each layer', (name) => name.replace(/(layers\.\d+)/, '$1._orig_mod')],
  ['DistributedDataParallel', (name) => `module.${name}`],
  ['DistributedDataParallel around torch.compile', (name) => `module._orig_mod.${name}`],
  ['FSDP', (name) => name.replace(P, `_fsdp_wrapped_module.${P}_fsdp_wrapped_module.`)],
  ['activation checkpointing', (name) => name.replace('.mlp', '._checkpoint_wrapped_module.mlp')],
  ['Lightning', (name) => `_forward_module.${name}`],
  ['PEFT around PEFT', (name) => P + name],
  ['no prefix', (name) => name.replace(P, '')],
  ['a model of text and images', (name) => name.replace('model.layers', 'model.language_model.layers')],
  ['an earlier one', (name) => name.replace('model.layers', 'language_model.model.layers')],
  ["SmolVLM's", (name) => name.replace('model.layers', 'model.text_model.layers')],
  ["the adapter's own name", (name) => name.replace(/(lora_[AB])/, '$1.default')],
  ['bare parameters', (name) => name.replace(/\.weight$/, '')],
  ['bare parameters with a name', (name) => name.replace(/\.weight$/, '.my-adapter')],
])('names with %s are read', (_, rename) => {
  const renamed = new Map([...plainTensors()].map(([name, tensor]) => [rename(name), tensor]));
  expect(renamed.keys().next().value).not.toBe(plainTensors().keys().next().value);
  expect(readPeft(plainConfig, writeSafetensors(renamed))).toEqual(load('plain'));
});

test('patterns count for the names that the model had in PEFT', () => {
  const rename = (name: string) => name.replace('model.layers', 'model.language_model.layers');
  const tensors = new Map([...plainTensors()].map(([name, t]) => [rename(name), t]));
  const config = {
    ...JSON.parse(plainConfig),
    target_modules: 'model\\.language_model\\.layers\\.\\d\\.(self_attn\\.(q|v)_proj|mlp\\.down_proj)',
    alpha_pattern: { '^model.language_model.layers.0.self_attn.q_proj': 12 },
  };
  const { pairs } = readPeft(JSON.stringify(config), writeSafetensors(tensors));
  expect(pairs.get('model.layers.0.self_attn.q_proj')!.scale).toBe(6);
  expect(pairs.get('model.layers.1.self_attn.q_proj')!.scale).toBe(1.5);
});

test.each<[string, RegExp]>([
  ['head', /LoRA on the output head \(lm_head in target_modules\)/],
  ['embedding', /LoRA on an embedding \(embed_tokens in target_modules\)/],
  ['dora', /DoRA \(use_dora\)/],
  ['modules-to-save', /\(modules_to_save\)/],
  ['bias-lora-only', /trained biases \(bias\).*q_proj.base_layer.bias/],
  ['bias-all', /trained biases \(bias\)/],
  ['lora-bias', /\(lora_bias\)/],
  ['trainable-tokens', /\(trainable_token_indices\)/],
  ['layer-replication', /\(layer_replication\)/],
  ['alora', /\(alora_invocation_tokens\)/],
  ['pissa', /initialized by pissa \(init_lora_weights\)/],
  ['olora', /initialized by olora \(init_lora_weights\)/],
  ['ia3', /type IA3 \(peft_type\)/],
  ['loha', /type LOHA \(peft_type\)/],
  ['vera', /type VERA \(peft_type\)/],
  ['adalora', /type ADALORA \(peft_type\)/],
  ['prefix-tuning', /type PREFIX_TUNING \(peft_type\)/],
])("%s as PEFT saves it is refused by the option's name, with what to do", (name, message) => {
  expect(() => load(name)).toThrow(PeftError);
  expect(() => load(name)).toThrow(message);
  expect(() => load(name)).toThrow(/[Mm]erge this adapter|Convert it to plain LoRA/);
  expect(() => load(name)).not.toThrow(/another model/);
});

const Q = `${P}model.layers.0.self_attn.q_proj`;
const tensor = (dims: number[]) => safeFloat32(dims, new Float32Array(dims.reduce((a, b) => a * b, 1)));

test.each<[string, Record<string, SafeTensor | undefined>, RegExp]>([
  [
    'DeepSpeed ZeRO-3 has not gathered',
    { [`${Q}.lora_A.weight`]: tensor([0]), [`${Q}.lora_B.weight`]: tensor([0]) },
    /q_proj has no values.*stage3_gather_16bit_weights_on_model_save/,
  ],
  ['half of a pair', { [`${Q}.lora_B.weight`]: undefined }, /only lora_A of model.layers.0.self_attn.q_proj/],
  ['flattened', { [`${Q}.lora_A.weight`]: tensor([128]) }, /lora_A \[128\].*not \[rank, in\]/],
  [
    'two adapters',
    { [`${Q}.lora_A.default.weight`]: tensor([2, 64]), [`${Q}.lora_A.other.weight`]: tensor([2, 64]) },
    /twice, of the adapters default and other|twice/,
  ],
  [
    'quantized',
    { [`${Q}.lora_A.weight`]: { dtype: 'I8', dims: [2, 64], bytes: new Uint8Array(128) } },
    /stored as I8/,
  ],
  [
    'not finite',
    { [`${Q}.lora_A.weight`]: safeFloat32([2, 64], new Float32Array(128).fill(Number.NaN)) },
    /not finite/,
  ],
  [
    'a whole head beside LoRA on it',
    { [`${P}lm_head.base_layer.weight`]: tensor([1, 1]), [`${P}lm_head.lora_A.weight`]: tensor([1, 1]) },
    /LoRA on the output head/,
  ],
  ['a head by another name', { [`${P}embed_out.lora_A.weight`]: tensor([1, 1]) }, /output head \(embed_out/],
  ['a grown vocabulary', { [`${P}model.embed_tokens.weight`]: tensor([1, 1]) }, /save_embedding_layers/],
  [
    'a head with both names',
    { [`${P}lm_head.modules_to_save.default.weight`]: tensor([1]) },
    /weights of lm_head.*modules_to_save/,
  ],
  ["MLX's names", { 'model.layers.0.self_attn.q_proj.lora_a': tensor([64, 2]) }, /MLX's/],
  ["kohya's names", { 'lora_te_layers_0_q_proj.lora_down.weight': tensor([2, 64]) }, /kohya/],
])('weights with %s are refused', (_, changes, message) => {
  const tensors = plainTensors();
  for (const [name, value] of Object.entries(changes)) {
    if (value) tensors.set(name, value);
    else tensors.delete(name);
  }
  const read = () => readPeft(plainConfig, writeSafetensors(tensors));
  expect(read).toThrow(PeftError);
  expect(read).toThrow(message);
});

test.each<[string, Record<string, unknown>]>([
  ['target_modules', { target_modules: ['q_proj', 'v_proj'] }],
  ['an expression', { target_modules: '.*self_attn\\.(q|v)_proj' }],
  ['exclude_modules', { exclude_modules: ['mlp.down_proj'] }],
  ['an excluding expression', { exclude_modules: '.*\\.2\\..*' }],
  ['layers_to_transform', { layers_to_transform: [0, 1] }],
  ['one layer', { layers_to_transform: 0, layers_pattern: ['layers'] }],
])('weights that %s leaves out are refused, since PEFT would not use them', (_, options) => {
  const config = JSON.stringify({ ...JSON.parse(plainConfig), ...options });
  expect(() => readPeft(config, bytes(`plain/${WEIGHTS_FILE}`))).toThrow(/leaves out.*PEFT would not use it/);
});

test('a pointer of Git LFS in place of a file is named', () => {
  const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1049\n';
  const weights = bytes(`plain/${WEIGHTS_FILE}`);
  expect(() => readPeft(pointer, weights)).toThrow(
    /adapter_config.json is a pointer of Git LFS.*git lfs pull/,
  );
  expect(() => readPeft(plainConfig, new TextEncoder().encode(pointer))).toThrow(
    /adapter_model.safetensors is a pointer of Git LFS/,
  );
});

test("early PEFT's options, and a configuration with little else, are read", () => {
  const { r, lora_alpha, target_modules } = JSON.parse(plainConfig);
  const few = { peft_type: 'LORA', r, lora_alpha, target_modules };
  const early = { ...few, enable_lora: null, merge_weights: false, bias: 'none', fan_in_fan_out: false };
  for (const config of [few, early]) {
    const { pairs } = readPeft(JSON.stringify(config), bytes(`plain/${WEIGHTS_FILE}`));
    expect(pairs).toEqual(load('plain').pairs);
  }
  const parts = { ...early, enable_lora: [true, false, true] };
  expect(() => readPeft(JSON.stringify(parts), bytes(`plain/${WEIGHTS_FILE}`))).toThrow(/\(enable_lora\)/);
});

test('options without an effect on what is computed are let through', () => {
  const options = {
    // A model without biases has none to train, and a file without them leaves the model's.
    bias: 'all',
    // Too long to be tried, and of no effect on what the file holds.
    target_modules: '(?:.*?(?:language|text).*?(?:self_attn|mlp).*?(?:q_proj|v_proj|down_proj).*?)',
    lora_dtype: 'bfloat16',
    lorap_lr_ratio: 16,
    megatron_config: { hidden_size: 64 },
    layers_to_transform: [0, 1, 2],
  };
  const config = JSON.stringify({ ...JSON.parse(plainConfig), ...options });
  expect(readPeft(config, bytes(`plain/${WEIGHTS_FILE}`))).toEqual(load('plain'));
});
