/**
 * Writes trained weights as a model repository in Hugging Face layout: config.json and
 * onnx/model.onnx with key-value inputs as transformers.js expects them, weights stored in fp16.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DecoderConfig, decoderParameters } from '../src/embedded/decoder.ts';
import type { Layout } from 'onnx-lora';
import {
  GraphBuilder,
  type Value,
  type Constant,
  elementCount,
  float32Constant,
  floatToHalf,
  writeModel,
} from 'onnx-grad';
import { endToken, padToken } from './microTokenizer.ts';

const half = (dims: number[], values: Float32Array): Constant => {
  const data = Uint16Array.from(values, floatToHalf);
  return { dtype: 'float16', dims, bytes: new Uint8Array(data.buffer) };
};

/** The decoder in plain operators. Inputs as transformers.js feeds them; cache by Concat. */
function generationGraph(c: DecoderConfig, weights: Map<string, Float32Array>): Uint8Array {
  const b = new GraphBuilder('decoder');
  const headDim = c.width / c.heads;
  const ids = b.input('input_ids', 'int64', ['batch_size', 'sequence_length']);
  const attention = b.input('attention_mask', 'int64', ['batch_size', 'total_sequence_length']);
  const positions = b.input('position_ids', 'int64', ['batch_size', 'sequence_length']);
  const parameters = new Map<string, Value>();
  for (const p of decoderParameters(c)) {
    parameters.set(p.name, b.cast(b.initializer(p.name, half(p.dims, weights.get(p.name)!)), 'float32'));
  }
  const w = (name: string) => parameters.get(`${name}.weight`)!;
  const rotary = rotaryCache(b, c);
  const norm = (x: Value, name: string) =>
    b.node('SimplifiedLayerNormalization', [x, w(name)], {
      axis: -1,
      epsilon: { type: 'float', value: c.normEpsilon },
      stash_type: 1,
    });
  const size = (value: Value, axis: number) =>
    b.reshape(b.node('Gather', [b.node('Shape', [value]), b.ints([axis])], { axis: 0 }), []);
  const zero = b.scalar(0, 'int64');
  const one = b.scalar(1, 'int64');
  const total = size(attention, 1);
  const columns = b.node('Range', [zero, total, one]);
  const rows = b.unsqueeze(b.node('Range', [b.sub(total, size(ids, 1)), total, one]), [1]);
  const allowed = b.node('And', [
    b.node('LessOrEqual', [columns, rows]),
    b.unsqueeze(b.cast(attention, 'bool'), [1, 2]),
  ]);
  const bias = b.node('Where', [allowed, b.scalar(0), b.scalar(-1e9)]);
  const split = (x: Value) => b.transpose(b.reshape(x, [0, 0, c.heads, headDim]), [0, 2, 1, 3]);
  const rotate = (x: Value) => b.node('RotaryEmbedding', [x, positions, ...rotary], { interleaved: 0 });

  let x = b.node('Gather', [w('model.embed_tokens'), ids], { axis: 0 });
  for (let i = 0; i < c.layers; i++) {
    const layer = `model.layers.${i}`;
    const past = ['batch_size', c.heads, 'past_sequence_length', headDim];
    const pastKey = b.input(`past_key_values.${i}.key`, 'float32', past);
    const pastValue = b.input(`past_key_values.${i}.value`, 'float32', past);
    const h = norm(x, `${layer}.input_layernorm`);
    const q = rotate(split(b.matmul(h, w(`${layer}.self_attn.q_proj`))));
    const k = b.concat([pastKey, rotate(split(b.matmul(h, w(`${layer}.self_attn.k_proj`))))], 2);
    const v = b.concat([pastValue, split(b.matmul(h, w(`${layer}.self_attn.v_proj`)))], 2);
    b.output(`present.${i}.key`, k);
    b.output(`present.${i}.value`, v);
    const scores = b.add(b.mul(b.matmul(q, b.swap(k)), b.scalar(1 / Math.sqrt(headDim))), bias);
    const mixed = b.matmul(b.node('Softmax', [scores], { axis: -1 }), v);
    const joined = b.reshape(b.transpose(mixed, [0, 2, 1, 3]), [0, 0, c.width]);
    const y = b.add(x, b.matmul(joined, w(`${layer}.self_attn.o_proj`)));
    const g = norm(y, `${layer}.post_attention_layernorm`);
    const gate = b.matmul(g, w(`${layer}.mlp.gate_proj`));
    const up = b.mul(b.mul(gate, b.node('Sigmoid', [gate])), b.matmul(g, w(`${layer}.mlp.up_proj`)));
    x = b.add(y, b.matmul(up, w(`${layer}.mlp.down_proj`)));
  }
  b.output('logits', b.matmul(norm(x, 'model.norm'), b.swap(w('model.embed_tokens'))));
  return writeModel(b.model);
}

function rotaryCache(b: GraphBuilder, c: DecoderConfig): [Value, Value] {
  const halfDim = c.width / c.heads / 2;
  const table = (f: (angle: number) => number) => {
    const out = new Float32Array(c.context * halfDim);
    for (let p = 0; p < c.context; p++) {
      for (let i = 0; i < halfDim; i++) out[p * halfDim + i] = f(p * c.ropeTheta ** (-i / halfDim));
    }
    return float32Constant([c.context, halfDim], out);
  };
  return [b.initializer('rotary.cos', table(Math.cos)), b.initializer('rotary.sin', table(Math.sin))];
}

/** `flat` holds the model's own weights as laid out by `layout`, [P]. */
export function exportModel(folder: string, c: DecoderConfig, layout: Layout, flat: Float32Array): void {
  const weights = new Map<string, Float32Array>();
  for (const p of layout.parameters) {
    const at = layout.offsets.get(p.name)!;
    weights.set(p.name, flat.subarray(at, at + elementCount(p.dims)));
  }
  mkdirSync(join(folder, 'onnx'), { recursive: true });
  writeFileSync(join(folder, 'onnx', 'model.onnx'), generationGraph(c, weights));
  const config = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    foothold_dialect: 'micro',
    vocab_size: c.vocabulary,
    hidden_size: c.width,
    num_hidden_layers: c.layers,
    num_attention_heads: c.heads,
    num_key_value_heads: c.heads,
    head_dim: c.width / c.heads,
    intermediate_size: c.feedForward,
    max_position_embeddings: c.context,
    rope_theta: c.ropeTheta,
    rms_norm_eps: c.normEpsilon,
    hidden_act: 'silu',
    attention_bias: false,
    mlp_bias: false,
    tie_word_embeddings: true,
    bos_token_id: null,
    eos_token_id: endToken,
    pad_token_id: padToken,
    torch_dtype: 'float32',
  };
  writeFileSync(join(folder, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
  const generation = { eos_token_id: endToken, pad_token_id: padToken };
  writeFileSync(join(folder, 'generation_config.json'), `${JSON.stringify(generation, null, 2)}\n`);
}
