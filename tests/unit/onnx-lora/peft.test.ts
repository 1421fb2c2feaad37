import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Random } from '../../../packages/onnx-lora/src/random.ts';
import {
  adapterOfVector,
  adapterShape,
  vectorOfAdapter,
} from '../../../packages/onnx-lora/src/adapters/adapterVector.ts';
import { adapterParameters, decoderParameters, trainableLayout } from '../../../src/embedded/decoder.ts';
import {
  CONFIG_FILE,
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
import { Trainer } from '../../../src/embedded/decoderTrainer.ts';
import { fixtureFolder, FIXTURES, MORE_FIXTURES } from '../../fixtures/models/folders.ts';
import { numbersOf } from '../../fixtures/models/numbersOf.ts';
import { lacksShared, needs, sharedFolder, SMOLLM2 } from '../shared.ts';
import { micro, randomModel, randomValues, referenceLogprobs } from '../embedded/referenceDecoder.ts';

const lora = { kind: 'lora', rank: 4, alpha: 6 } as const;
const layout = trainableLayout(micro, lora);
const shape = adapterShape(layout, () => lora.alpha / lora.rank);

function randomTensor(dims: number[], random: Random): SafeTensor {
  const values = Float32Array.from({ length: dims[0]! * dims[1]! }, () => random.uniform() - 0.5);
  return safeFloat32(dims, values);
}

/** An adapter as PEFT would save it for the micro decoder. `rankOf` 0 leaves a module out. */
function peftFiles(rankOf: (module: string) => number, config: Record<string, unknown> = {}) {
  const random = new Random(3);
  const tensors = new Map<string, SafeTensor>();
  for (const p of adapterParameters(micro, 1)) {
    const [module, half] = p.name.split('.lora_') as [string, 'A' | 'B'];
    const rank = rankOf(module);
    if (!rank) continue;
    const dims = half === 'A' ? [rank, p.dims[0]!] : [p.dims[1]!, rank];
    tensors.set(`base_model.model.${module}.lora_${half}.weight`, randomTensor(dims, random));
  }
  const text = JSON.stringify({
    peft_type: 'LORA',
    r: 3,
    lora_alpha: 5,
    target_modules: ['q_proj', 'v_proj', 'down_proj'],
    ...config,
  });
  return { text, tensors, read: () => readPeft(text, writeSafetensors(tensors)) };
}

const some = (module: string) => (/[qv]_proj|down_proj/.test(module) ? 3 : 0);

/** The model's weights with `scale (B A)` added to each adapted one: what PEFT's merge computes. */
function merged(tensors: ReadonlyMap<string, SafeTensor>, scaleOf: (module: string) => number) {
  const weights = new Map([...randomModel(micro, 1)].map(([name, values]) => [name, values.slice()]));
  for (const p of decoderParameters(micro)) {
    const module = p.name.replace(/\.weight$/, '');
    const [A, B] = ['A', 'B'].map((h) => tensors.get(`base_model.model.${module}.lora_${h}.weight`));
    if (!A || !B) continue;
    const [a, b] = [safeTensorValues(A), safeTensorValues(B)];
    const [rank, fanIn] = A.dims as [number, number];
    const fanOut = B.dims[0]!;
    const w = weights.get(p.name)!; // [in, out]
    for (let i = 0; i < fanIn; i++)
      for (let o = 0; o < fanOut; o++)
        for (let r = 0; r < rank; r++)
          w[i * fanOut + o]! += scaleOf(module) * b[o * rank + r]! * a[r * fanIn + i]!;
  }
  return weights;
}

const tokens = [1, 5, 2, 9, 3, 7, 7, 1];

test.each([
  ['as its configuration says', {}, () => 5 / 3],
  ['with rank-stabilized scale', { use_rslora: true }, () => 5 / Math.sqrt(3)],
  [
    'with an alpha of its own on some modules',
    { alpha_pattern: { 'model.layers.0.self_attn.q_proj': 9, 'mlp\\.(down|up)_proj': 2 } },
    (module: string) =>
      (module === 'model.layers.0.self_attn.q_proj' ? 9 : module.includes('mlp') ? 2 : 5) / 3,
  ],
] as const)("an adapter of lower rank gives PEFT's merged model, %s", async (_, config, scaleOf) => {
  const files = peftFiles(some, config);
  const model = randomModel(micro, 1);
  const trainer = new Trainer(nodeRuntime(1), micro, lora, model, 7);
  trainer.weights = vectorOfAdapter(shape, files.read(), trainer.weights);
  const [logp] = await trainer.score([tokens]);
  await trainer.dispose();
  const mergedModel = merged(files.tensors, scaleOf);
  const full = { kind: 'full' } as const;
  const flat = Float32Array.from(decoderParameters(micro).flatMap((p) => [...mergedModel.get(p.name)!]));
  const expected = referenceLogprobs(micro, full, mergedModel, flat, tokens);
  const base = referenceLogprobs(micro, lora, model, new Float32Array(layout.size), tokens);
  expected.forEach((value, t) => {
    expect(Math.abs(logp![t]! - value)).toBeLessThan(1e-4);
  });
  expect(Math.max(...expected.map((v, t) => Math.abs(v - base[t]!)))).toBeGreaterThan(0.1);
});

test('what is trained here is written as PEFT writes it, and read again it is the same', () => {
  const flat = randomValues(layout.parameters, 11);
  const files = writePeft(adapterOfVector(shape, flat, 'someone/model'));
  const config = JSON.parse(new TextDecoder().decode(files.get(CONFIG_FILE)));
  expect(config).toMatchObject({
    peft_type: 'LORA',
    base_model_name_or_path: 'someone/model',
    r: 4,
    lora_alpha: 6,
    target_modules: ['down_proj', 'gate_proj', 'k_proj', 'o_proj', 'q_proj', 'up_proj', 'v_proj'],
    layers_to_transform: null,
    rank_pattern: {},
    alpha_pattern: {},
  });
  const { tensors } = readSafetensors(files.get(WEIGHTS_FILE)!);
  const down = tensors.get('base_model.model.model.layers.1.mlp.down_proj.lora_A.weight')!;
  expect(down.dims).toEqual([4, micro.feedForward]);
  // Ours is [in, rank], PEFT's [rank, in].
  const at = layout.offsets.get('model.layers.1.mlp.down_proj.lora_A')!;
  expect(safeTensorValues(down)[1 * micro.feedForward + 5]).toBe(flat[at + 5 * 4 + 1]);
  const read = readPeft(new TextDecoder().decode(files.get(CONFIG_FILE)), files.get(WEIGHTS_FILE)!);
  expect(vectorOfAdapter(shape, read, new Float32Array(layout.size))).toEqual(flat);
});

test('an adapter on the last layers, with a rank of its own on one module, keeps both', () => {
  const mixed = (module: string) =>
    !module.includes('layers.1.') || !/q_proj|v_proj/.test(module) ? 0 : module.includes('q_proj') ? 2 : 3;
  const { read } = peftFiles(mixed, {
    target_modules: ['q_proj', 'v_proj'],
    rank_pattern: { q_proj: 2 },
    alpha_pattern: { q_proj: 8 },
  });
  const files = writePeft(read());
  const config = JSON.parse(new TextDecoder().decode(files.get(CONFIG_FILE)));
  expect(config.target_modules).toEqual(['q_proj', 'v_proj']);
  expect(config.layers_to_transform).toEqual([1]);
  const again = readPeft(JSON.stringify(config), files.get(WEIGHTS_FILE)!);
  expect(again).toEqual(read());
  const q = again.pairs.get('model.layers.1.self_attn.q_proj')!;
  expect([q.rank, q.scale]).toEqual([2, 4]);
});

test('targets that the file holds nothing of are told, since PEFT leaves them as they are', () => {
  const { pairs, untrained } = peftFiles(some, {
    target_modules: ['q_proj', 'v_proj', 'down_proj', 'lm_head', 'self_attn.o_proj'],
  }).read();
  expect(untrained).toEqual(['lm_head', 'self_attn.o_proj']);
  expect(pairs).toEqual(peftFiles(some).read().pairs);
});

test("what an adapter leaves alone trains from the policy's own start", () => {
  const start = randomValues(layout.parameters, 5);
  const flat = vectorOfAdapter(shape, peftFiles(some).read(), start);
  const part = (values: Float32Array, name: string) => {
    const at = layout.offsets.get(name)!;
    const { dims } = layout.parameters.find((p) => p.name === name)!;
    return [...values.subarray(at, at + dims[0]! * dims[1]!)];
  };
  // k_proj is not in the adapter: no effect, but its A is there for the gradient to find.
  expect(part(flat, 'model.layers.0.self_attn.k_proj.lora_A')).toEqual(
    part(start, 'model.layers.0.self_attn.k_proj.lora_A'),
  );
  expect(part(flat, 'model.layers.0.self_attn.k_proj.lora_B').every((x) => x === 0)).toBe(true);
  // q_proj has rank 3 of 4: the fourth column of A likewise.
  const fourth = (values: number[]) => values.filter((_, i) => i % 4 === 3);
  const q = 'model.layers.0.self_attn.q_proj.lora_A';
  expect(fourth(part(flat, q))).toEqual(fourth(part(start, q)));
});

const renamed = (to: (name: string) => string) => (files: ReturnType<typeof peftFiles>) =>
  readPeft(files.text, writeSafetensors(new Map([...files.tensors].map(([name, t]) => [to(name), t]))));

test('other spellings of the same names, and half precision, are read', () => {
  const files = peftFiles(some);
  const plain = files.read();
  expect(renamed((name) => name.replace(/(lora_[AB])/, '$1.default'))(files)).toEqual(plain);
  expect(renamed((name) => name.replace('base_model.model.', ''))(files)).toEqual(plain);
  const halves = new Map(
    [...files.tensors].map(([name, t]): [string, SafeTensor] => {
      const upper = new Uint32Array(safeTensorValues(t).buffer.slice(0)).map((bits) => bits >>> 16);
      return [name, { dtype: 'BF16', dims: t.dims, bytes: new Uint8Array(Uint16Array.from(upper).buffer) }];
    }),
  );
  const pair = readPeft(files.text, writeSafetensors(halves)).pairs.get('model.layers.0.self_attn.q_proj')!;
  const full = plain.pairs.get('model.layers.0.self_attn.q_proj')!;
  pair.a.forEach((x, i) => {
    expect(Math.abs(x - full.a[i]!)).toBeLessThanOrEqual(Math.abs(full.a[i]!) * 2 ** -7);
  });
});

const extra =
  (name: string, dims = [1, 1]) =>
  (files: ReturnType<typeof peftFiles>) =>
    readPeft(
      files.text,
      writeSafetensors(
        new Map([...files.tensors, [name, safeFloat32(dims, new Float32Array(dims[0]! * dims[1]!))]]),
      ),
    );

test.each<[string, RegExp, Record<string, unknown>]>([
  ['DoRA', /DoRA \(use_dora\).*Plain LoRA/, { use_dora: true }],
  ['another method', /type IA3/, { peft_type: 'IA3' }],
  ['no method', /type unknown/, { peft_type: undefined }],
  ['whole modules', /modules_to_save/, { modules_to_save: ['lm_head'] }],
  ['trained tokens', /trainable_token_indices/, { trainable_token_indices: [1] }],
  ['a bias on B', /lora_bias/, { lora_bias: true }],
  ['QA-LoRA', /use_qalora/, { use_qalora: true }],
  ['activated LoRA', /alora_invocation_tokens/, { alora_invocation_tokens: [5, 6] }],
  [
    'a changed base',
    /pissa_niter_4 \(init_lora_weights\), which changes the model's own weights.*path_initial/,
    { init_lora_weights: 'pissa_niter_4' },
  ],
  ['what nobody knows yet', /the option use_next_idea, which is not known/, { use_next_idea: true }],
  ['no rank', /rank r as 0/, { r: 0 }],
  ['no alpha', /lora_alpha as "8"/, { lora_alpha: '8' }],
  [
    'a rank that is not the weights’',
    /gives model.layers.0.mlp.down_proj rank 8, its weights have rank 3/,
    { r: 8 },
  ],
  ['a pattern that could take forever', /take forever.*\(a\+\)\+/, { alpha_pattern: { '(a+)+$': 1 } }],
  ['a pattern that is none', /pattern that cannot be read: \(/, { alpha_pattern: { '(': 1 } }],
])('%s is refused by name', (_, message, config) => {
  const { read } = peftFiles(some, config);
  expect(read).toThrow(PeftError);
  expect(read).toThrow(message);
});

test('options that do not change what an adapter computes are let through', () => {
  const plain = peftFiles(some).read();
  const options = {
    init_lora_weights: 'gaussian',
    target_modules: 'all-linear',
    lora_dropout: 0.1,
    fan_in_fan_out: true,
    layers_to_transform: [0, 1],
    loftq_config: {},
    modules_to_save: [],
    use_next_idea: false,
  };
  expect(peftFiles(some, options).read()).toEqual(plain);
});

test('weights that are not pairs of linear layers are refused by name', () => {
  const files = peftFiles(some);
  const q = 'base_model.model.model.layers.0.self_attn.q_proj';
  expect(() => extra(`${q}.lora_magnitude_vector`)(files)).toThrow(
    /magnitudes of DoRA \(use_dora\).*: base_model/,
  );
  expect(() => extra('base_model.model.model.embed_tokens.lora_embedding_A')(files)).toThrow(
    /on an embedding/,
  );
  expect(() => extra(`${q}.lora_B.bias`)(files)).toThrow(/a bias on LoRA/);
  expect(() => extra('base_model.model.lm_head.weight')(files)).toThrow(
    /weights of lm_head as a whole.*: base_model.model.lm_head.weight/,
  );
  expect(() => extra('base_model.model.model.layers.0.mlp.x.lora_A.weight')(files)).toThrow(
    /only lora_A of model.layers.0.mlp.x/,
  );
  expect(() => extra(`${q}.lora_A.default.weight`)(files)).toThrow(/lora_A of model.* twice/);
  expect(() => readPeft(files.text, new Uint8Array(20))).toThrow(/adapter_model.safetensors cannot be read/);
  expect(() => readPeft(files.text, writeSafetensors(new Map()))).toThrow(/no LoRA weights/);
  expect(() => readPeft('[]', writeSafetensors(files.tensors))).toThrow(/JSON object/);
});

test('an adapter of another model, other modules or a higher rank does not go in', () => {
  const start = new Float32Array(layout.size);
  const into = (files: { read: () => ReturnType<typeof readPeft> }, l = shape) =>
    vectorOfAdapter(l, files.read(), start);
  expect(() => into(peftFiles((m) => some(m) && 5, { r: 5 }))).toThrow(
    expect.objectContaining({ code: 'adapter-rank', data: { rank: 5, trained: 4 } }),
  );
  const shapeOf = (c: typeof micro) => adapterShape(trainableLayout(c, lora), () => 1);
  const other = shapeOf({ ...micro, width: 16 });
  expect(() => into(peftFiles(some), other)).toThrow(/down_proj is 12 to 8 wide, this model's 12 to 16/);
  const short = shapeOf({ ...micro, layers: 1 });
  expect(() => into(peftFiles(some), short)).toThrow(
    /changes model.layers.1.*, and the layers here are 0 to 0: .*another model/,
  );
});

const withAdapter = [...FIXTURES, ...MORE_FIXTURES].filter((name) => numbersOf(name) === name);
describe.each([
  ...withAdapter.map((name): [string, string, boolean] => [name, fixtureFolder(name), false]),
  [needs(SMOLLM2, 'SmolLM2'), sharedFolder + SMOLLM2, lacksShared(SMOLLM2)],
])('%s', (_, folder, absent) => {
  test.skipIf(absent)("PEFT's own files are read, and written again tensor by tensor", () => {
    const path = `${folder}/adapter`;
    const original = readFileSync(`${path}/${WEIGHTS_FILE}`);
    const adapter = readPeft(readFileSync(`${path}/${CONFIG_FILE}`, 'utf8'), original);
    const config = JSON.parse(readFileSync(`${path}/${CONFIG_FILE}`, 'utf8'));
    expect([...adapter.pairs.values()].every((p) => p.scale === 2 && p.rank === 4)).toBe(true);
    const files = writePeft(adapter);
    expect(Buffer.compare(files.get(WEIGHTS_FILE)!, original), folder).toBe(0);
    const own = JSON.parse(new TextDecoder().decode(files.get(CONFIG_FILE)));
    expect(own.target_modules).toEqual(config.target_modules.sort());
    for (const key of ['r', 'lora_alpha', 'layers_to_transform', 'bias', 'peft_type', 'task_type'])
      expect(own[key], key).toEqual(config[key]);
  });
});
