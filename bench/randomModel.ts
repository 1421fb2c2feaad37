/**
 * Writes a decoder with random weights in the exact shapes of a real one, 4 bits, as onnxruntime-genai's
 * builder lays it out: for measuring memory and time where the real one can't be had.
 *   npx tsx bench/randomModel.ts --out DIR [--layers 24] [--width 896] [--heads 14] [--inner 4864] [--vocabulary 151936]
 * The defaults are Qwen2.5-Coder-0.5B's. A thin one is asked of WebGPU as many times, and answers sooner.
 */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from 'onnx-lora/random';
import {
  type Attribute,
  type Constant,
  DTYPES,
  type DType,
  elementCount,
  emptyModel,
  type Node,
  writeModel,
} from 'onnx-grad';

const { values: args } = parseArgs({
  options: {
    out: { type: 'string' },
    layers: { type: 'string', default: '24' },
    width: { type: 'string', default: '896' },
    heads: { type: 'string', default: '14' },
    inner: { type: 'string', default: '4864' },
    vocabulary: { type: 'string', default: '151936' },
  },
});
if (!args.out) throw new Error('--out DIR is missing');
const out = resolve(args.out);

const CONFIG = {
  architectures: ['Qwen2ForCausalLM'],
  model_type: 'qwen2',
  vocab_size: Number(args.vocabulary),
  hidden_size: Number(args.width),
  num_hidden_layers: Number(args.layers),
  num_attention_heads: Number(args.heads),
  num_key_value_heads: 2,
  intermediate_size: Number(args.inner),
  max_position_embeddings: 4096,
  rope_theta: 1_000_000,
  rms_norm_eps: 1e-6,
  tie_word_embeddings: true,
  eos_token_id: Number(args.vocabulary) - 291,
};
const HEAD = CONFIG.hidden_size / CONFIG.num_attention_heads;
const BLOCK = 32;

mkdirSync(join(out, 'onnx'), { recursive: true });
writeFileSync(join(out, 'config.json'), `${JSON.stringify(CONFIG, null, 2)}\n`);
const LOCATION = 'model_q4.onnx_data';
const file = openSync(join(out, 'onnx', LOCATION), 'w');
const random = new Random(1);
const model = emptyModel('random');
model.opsets[''] = 21;
model.irVersion = 10;
const { graph } = model;
let offset = 0;

/** Writes a constant to the file beside the graph, in parts: its bytes are never in memory as a whole. */
function constant(name: string, dtype: DType, dims: number[], fill: (part: Uint8Array) => void): string {
  const length = elementCount(dims) * DTYPES[dtype].bytes;
  for (let left = length; left > 0; ) {
    const part = new Uint8Array(Math.min(left, 1 << 24));
    fill(part);
    writeSync(file, part);
    left -= part.length;
  }
  const external = { location: LOCATION, offset, length };
  graph.initializers.set(name, { dtype, dims, external } satisfies Constant);
  offset += length;
  return name;
}
const bits = (part: Uint8Array) => {
  const words = new Uint32Array(part.buffer, 0, part.length >> 2);
  for (let i = 0; i < words.length; i++) words[i] = random.bits();
};
const constantFloat = (value: number) => (part: Uint8Array) => void new Float32Array(part.buffer).fill(value);
/** Half-precision numbers between -0.06 and 0.06: a random mantissa and sign. */
const halves = (part: Uint8Array) => {
  const values = new Uint16Array(part.buffer);
  for (let i = 0; i < values.length; i++) values[i] = 0x2800 | (random.bits() & 0x83ff);
};
const wave = (f: (angle: number) => number) => {
  let i = 0;
  return (part: Uint8Array) => {
    const values = new Float32Array(part.buffer);
    for (let k = 0; k < values.length; k++, i++) {
      const column = i % (HEAD / 2);
      values[k] = f(Math.floor(i / (HEAD / 2)) * CONFIG.rope_theta ** ((-2 * column) / HEAD));
    }
  };
};

const int = (value: number): Attribute => ({ type: 'int', value });
const float = (value: number): Attribute => ({ type: 'float', value });
function node(
  op: string,
  name: string,
  inputs: string[],
  attributes: Record<string, Attribute> = {},
  outputs = 1,
): string[] {
  const contributed = ['MatMulNBits', 'GroupQueryAttention', 'SkipSimplifiedLayerNormalization'].includes(op);
  const outs = Array.from({ length: outputs }, (_, i) => `${name}/output_${i}`);
  const made: Node = {
    op,
    domain: contributed ? 'com.microsoft' : '',
    name,
    inputs,
    outputs: outs,
    attributes,
  };
  graph.nodes.push(made);
  return outs;
}
/** A product with random 4-bit weights, scaled so that it keeps the size of what goes in. */
function linear(path: string, x: string, k: number, n: number): string {
  const name = path.replaceAll('/', '.').slice(1);
  const weight = constant(`${name}.MatMul.weight_Q4`, 'uint8', [n, k / BLOCK, BLOCK / 2], bits);
  const scales = constant(
    `${name}.MatMul.weight_scales`,
    'float32',
    [n * (k / BLOCK)],
    constantFloat(0.2 / Math.sqrt(k)),
  );
  const attributes = { K: int(k), N: int(n), bits: int(4), block_size: int(BLOCK) };
  return node('MatMulNBits', `${path}/MatMul_Q4`, [x, weight, scales], attributes)[0]!;
}
const norm = (name: string) => constant(name, 'float32', [CONFIG.hidden_size], constantFloat(1));

const input = (name: string, dtype: DType, shape: (number | string)[]) =>
  graph.inputs.set(name, { dtype, shape });
input('input_ids', 'int64', ['batch_size', 'sequence_length']);
input('attention_mask', 'int64', ['batch_size', 'total_sequence_length']);
const one = {
  dtype: 'int64',
  dims: [1],
  bytes: new Uint8Array(BigInt64Array.of(1n).buffer),
} satisfies Constant;
graph.initializers.set('one', one);
const [sum] = node('ReduceSum', '/mask/ReduceSum', ['attention_mask', 'one'], { keepdims: int(0) });
const [less] = node('Sub', '/mask/Sub', [sum!, 'one']);
const [lengths] = node('Cast', '/mask/Cast', [less!], { to: int(DTYPES.int32.code) });
const [shape] = node('Shape', '/mask/Shape', ['attention_mask']);
const [size] = node('Gather', '/mask/Gather', [shape!, 'one'], { axis: int(0) });
const [total] = node('Cast', '/mask/total/Cast', [size!], { to: int(DTYPES.int32.code) });
const cos = constant('cos_cache', 'float32', [CONFIG.max_position_embeddings, HEAD / 2], wave(Math.cos));
const sin = constant('sin_cache', 'float32', [CONFIG.max_position_embeddings, HEAD / 2], wave(Math.sin));

const {
  hidden_size: width,
  num_attention_heads: heads,
  num_key_value_heads: kv,
  intermediate_size: inner,
} = CONFIG;
const table = constant('model.embed_tokens.weight', 'float16', [CONFIG.vocab_size, width], halves);
const [rows] = node('Gather', '/model/embed_tokens/Gather', [table, 'input_ids']);
let [x] = node('Cast', '/model/embed_tokens/Cast', [rows!], { to: int(DTYPES.float32.code) }) as [string];
let delta = '';
const epsilon = { epsilon: float(CONFIG.rms_norm_eps) };
/** Adds what the last block gave to the residual stream, and normalizes it. */
function addNorm(path: string, weight: string): string {
  if (!delta)
    return node('SimplifiedLayerNormalization', path, [x, weight], { ...epsilon, axis: int(-1) })[0]!;
  const [y, , , sum] = node('SkipSimplifiedLayerNormalization', path, [x, delta, weight], epsilon, 4);
  x = sum!;
  return y!;
}
for (let i = 0; i < CONFIG.num_hidden_layers; i++) {
  const layer = `/model/layers.${i}`;
  const h = addNorm(`${layer}/input_layernorm`, norm(`model.layers.${i}.input_layernorm.weight`));
  const packed = linear(`${layer}/attn/qkv_proj`, h, width, (heads + 2 * kv) * HEAD);
  for (const what of ['key', 'value']) {
    input(`past_key_values.${i}.${what}`, 'float32', ['batch_size', kv, 'past_sequence_length', HEAD]);
    graph.outputs.set(`present.${i}.${what}`, {
      dtype: 'float32',
      shape: ['batch_size', kv, 'total_sequence_length', HEAD],
    });
  }
  const past = [`past_key_values.${i}.key`, `past_key_values.${i}.value`];
  const attention = node(
    'GroupQueryAttention',
    `${layer}/attn/GroupQueryAttention`,
    [packed, '', '', ...past, lengths!, total!, cos, sin],
    { num_heads: int(heads), kv_num_heads: int(kv), do_rotary: int(1), scale: float(1 / Math.sqrt(HEAD)) },
  );
  const made = graph.nodes.at(-1)!;
  made.outputs = [attention[0]!, `present.${i}.key`, `present.${i}.value`];
  delta = linear(`${layer}/attn/o_proj`, attention[0]!, heads * HEAD, width);
  const g = addNorm(
    `${layer}/post_attention_layernorm`,
    norm(`model.layers.${i}.post_attention_layernorm.weight`),
  );
  const gate = linear(`${layer}/mlp/gate_proj`, g, width, inner);
  const up = linear(`${layer}/mlp/up_proj`, g, width, inner);
  const [sigmoid] = node('Sigmoid', `${layer}/mlp/act_fn/Sigmoid`, [gate]);
  const [silu] = node('Mul', `${layer}/mlp/act_fn/Mul`, [gate, sigmoid!]);
  const [product] = node('Mul', `${layer}/mlp/Mul`, [silu!, up]);
  delta = linear(`${layer}/mlp/down_proj`, product!, inner, width);
}
const last = addNorm('/model/norm', norm('model.norm.weight'));
linear('/lm_head', last, width, CONFIG.vocab_size);
graph.nodes.at(-1)!.outputs = ['logits'];
graph.outputs.set('logits', {
  dtype: 'float32',
  shape: ['batch_size', 'sequence_length', CONFIG.vocab_size],
});
closeSync(file);
writeFileSync(join(out, 'onnx/model_q4.onnx'), writeModel(model));
console.log(`${out}: ${(offset / 1e6).toFixed(0)} MB of weights`);
