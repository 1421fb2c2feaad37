/** The same model as other exporters would have written it: the same numbers have to come out. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderFiles } from '../../../../packages/onnx-lora/src/repository/folderFiles.ts';
import { gradcheck } from '../../../../packages/onnx-lora/src/train/gradcheck.ts';
import { loadHubModel } from '../../../../packages/onnx-lora/src/model/hubModel.ts';
import { nodeRuntime } from '../../../../src/backends/runtime.node.ts';
import { int64Constant, type Model, type Node } from '../../../../packages/onnx-grad/src/model.ts';
import { readModel, writeModel } from '../../../../packages/onnx-grad/src/proto.ts';
import { fixtureFolder } from '../../../fixtures/models/folders.ts';
import { loadFixture } from './fixtures.ts';

const node = (op: string, inputs: string[], output: string, axis?: number): Node => ({
  op,
  domain: '',
  name: `/${output}`,
  inputs,
  outputs: [output],
  attributes: axis === undefined ? {} : { axis: { type: 'int', value: axis } },
});

/** Files beside the graph, by their path in the repository. */
type Files = Map<string, Uint8Array>;

/** Heads and width of the cache by name instead of as numbers, as onnxruntime-genai has it since 0.18. */
function nameCache({ graph }: Model): Files {
  for (const [name, info] of graph.inputs) {
    if (name.startsWith('past')) graph.inputs.set(name, { ...info, shape: ['b', 'kv_heads', 'past', 'dim'] });
  }
  return new Map();
}

/** A cache that holds no more than a window (onnxruntime-genai 0.18 for Gemma); no row here is as long as it. */
function windowCache({ graph }: Model): Files {
  for (const { op, attributes } of graph.nodes) {
    if (op !== 'GroupQueryAttention') continue;
    attributes.local_window_size = { type: 'int', value: 64 };
    attributes.sliding_window_cache = { type: 'int', value: 1 };
  }
  return new Map();
}

/** Logits of the last position only (onnxruntime-genai's prune_lm_head). */
function pruneHead({ graph }: Model): Files {
  const at = graph.nodes.findIndex((n) => n.outputs.includes('logits'));
  const head = graph.nodes[at]!;
  graph.initializers.set('last', int64Constant([], [-1]));
  graph.initializers.set('one', int64Constant([1], [1]));
  graph.nodes.splice(at, 0, node('Gather', [head.inputs[0]!, 'last'], 'row', 1));
  graph.nodes.splice(at + 1, 0, node('Unsqueeze', ['row', 'one'], 'kept'));
  head.inputs[0] = 'kept';
  return new Map();
}

/** Weights in two files beside the graph. */
function splitFiles({ graph }: Model): Files {
  const parts: Record<string, Uint8Array[]> = { 'model.onnx_data': [], 'model.onnx_data_1': [] };
  const sizes: Record<string, number> = {};
  [...graph.initializers.values()].forEach((constant, i) => {
    if (constant.bytes!.length < 1024) return;
    const location = i % 2 ? 'model.onnx_data_1' : 'model.onnx_data';
    const offset = sizes[location] ?? 0;
    parts[location]!.push(constant.bytes!);
    sizes[location] = offset + constant.bytes!.length;
    constant.external = { location, offset, length: constant.bytes!.length };
    delete constant.bytes;
  });
  return new Map(Object.entries(parts).map(([name, list]) => [`onnx/${name}`, Buffer.concat(list)]));
}

describe('reference models', () => {
  test.each<[string, string, (model: Model) => Files]>([
    ['llama-genai-int4', 'a cache with named widths', nameCache],
    ['llama-genai-int4', 'a cache as long as a window', windowCache],
    ['llama-genai-int4', 'a head that reads the last position', pruneHead],
    ['qwen2-optimum-fp32', 'weights in two files', splitFiles],
  ])('%s with %s', async (name, _what, change) => {
    const { tensors, adapter, model: original } = await loadFixture(name);
    const file = readModel(new Uint8Array(readFileSync(join(fixtureFolder(name), 'onnx/model.onnx'))));
    // Weights that lie in a file beside the graph are taken in, so that every variant is whole.
    for (const [key, { bytes }] of original.graph.initializers) {
      const constant = file.graph.initializers.get(key)!;
      delete constant.external;
      constant.bytes = bytes!;
    }
    const files = change(file).set('onnx/model.onnx', writeModel(file));
    const folder = folderFiles(fixtureFolder(name));
    const model = await loadHubModel({ read: async (path) => files.get(path) ?? folder.read(path) });
    const { errors } = await gradcheck({ runtime: nodeRuntime(1), model, fixture: tensors, adapter });
    for (const [tensor, error] of errors) expect(error, tensor).toBeLessThan(1e-5);
    expect(errors.size).toBe(133);
  });
});
