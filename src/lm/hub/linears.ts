/**
 * The linear layers of an exported decoder, under the names that PEFT gives them. Exporters keep the
 * module's path in the node's name, in the weight's, or in a note; some pack several layers into one
 * product (`qkv_proj`), and some families of models have packed layers of their own.
 */
import { UnsupportedGraphError, type Linear } from '../../onnx/importer.ts';

/** A product with a constant weight inside a layer. */
export interface NamedLinear {
  /** The node's first output: unique in the graph. */
  key: string;
  /** As the exporter calls it: `model.layers.0.self_attn.q_proj`. */
  module: string;
  layer: number;
  in: number;
  out: number;
}

/** A layer that an adapter can be put on. */
export interface AdapterModule {
  /** As PEFT names it, without `base_model.model.`. */
  name: string;
  layer: number;
  in: number;
  out: number;
  /** Where its output goes: columns `start` to `start + size` of it, to columns from `from` of the product. */
  parts: { key: string; start: number; size: number; from: number }[];
}

/** Widths of a decoder's attention, from config.json. */
export interface AttentionWidths {
  query: number;
  keyValue: number;
  keyValueHeads: number;
}

const LAYER = /(?:^|\.)(?:layers|layer|h|blocks|block)\.(\d+)\.(.+)$/;
const UNDERSCORED =
  /layers_(\d+)_((?:self_)?attn|attention|mlp)_(.+?)(?:_MatMul.*|_weight.*|_Q4.*|_quant.*)?$/;

/** The linear layer's name; undefined for a product outside the layers, such as the head. */
export function nameLinear({ node, weight, in: fanIn, out }: Linear): NamedLinear | undefined {
  const path = node.name
    .replaceAll('/', '.')
    .replace(/^\./, '')
    .replace(/\.[^.]*$/, '');
  const tensor = weight.replace(/\.MatMul\b.*$/, '').replace(/\.weight\b.*$|\.weight_.*$/, '');
  const key = node.outputs[0]!;
  for (const module of [node.scope ?? '', path, tensor]) {
    const match = LAYER.exec(module);
    if (match) return { key, module, layer: Number(match[1]), in: fanIn, out };
  }
  for (const name of [node.name, weight]) {
    const match = UNDERSCORED.exec(name);
    if (match) {
      const module = `model.layers.${match[1]}.${match[2]}.${match[3]}`;
      return { key, module, layer: Number(match[1]), in: fanIn, out };
    }
  }
  return undefined;
}

/** Layers that exporters pack into one product, in the order of its columns. */
const PACKED: Record<string, string[]> = {
  qkv_proj: ['q_proj', 'k_proj', 'v_proj'],
  gate_up_proj: ['gate_proj', 'up_proj'],
};
/** Families whose own code has these layers packed. */
const PACKED_FAMILIES = /^(phi3|phi3small|phi4|phimoe|phi4mm|chatglm|glm|glm4)/;

/** Names that families give to the same place. */
const ALIASES: string[][] = [
  ['attn.o_proj', 'attn.dense', 'attn.out_proj', 'attn.c_proj', 'attn.wo'],
  ['attn.qkv_proj', 'attn.query_key_value', 'attn.c_attn', 'attn.Wqkv'],
  ['mlp.up_proj', 'mlp.fc1', 'mlp.dense_h_to_4h', 'mlp.c_fc', 'mlp.w3'],
  ['mlp.down_proj', 'mlp.fc2', 'mlp.dense_4h_to_h', 'mlp.c_proj', 'mlp.w2'],
  ['mlp.gate_proj', 'mlp.w1'],
];

const leafOf = (module: string): string => module.slice(module.lastIndexOf('.') + 1);
const layerOf = (module: string): number => Number(LAYER.exec(module)?.[1] ?? -1);

/** `attn.q_proj`: the place within a layer, whatever a family calls attention. */
function place(module: string): string {
  const rest = LAYER.exec(module)?.[2] ?? module;
  return `${/attn|attention/i.test(rest) ? 'attn' : 'mlp'}.${leafOf(module)}`;
}
const samePlace = (a: string, b: string): boolean =>
  a === b || ALIASES.some((group) => group.includes(a) && group.includes(b));

/** onnxruntime-genai writes `attn` for what Llama-like families call `self_attn`. */
const familyName = (module: string): string =>
  module.replace(/^(model\.layers\.\d+)\.attn\./, '$1.self_attn.');

function packedWidths(leaf: string, linear: NamedLinear, widths: AttentionWidths): number[] | undefined {
  const sizes =
    leaf === 'gate_up_proj'
      ? [linear.out / 2, linear.out / 2]
      : [widths.query, widths.keyValue, widths.keyValue];
  return sizes.reduce((a, b) => a + b, 0) === linear.out ? sizes : undefined;
}

/** All layers that can be adapted, under the names that the model's family has for them. */
export function allModules(
  linears: readonly NamedLinear[],
  widths: AttentionWidths,
  family: string,
): AdapterModule[] {
  return linears.flatMap((linear): AdapterModule[] => {
    const { key, layer } = linear;
    const name = familyName(linear.module);
    const leaf = leafOf(name);
    const sizes =
      PACKED[leaf] && !PACKED_FAMILIES.test(family) ? packedWidths(leaf, linear, widths) : undefined;
    if (!sizes) {
      const parts = [{ key, start: 0, size: linear.out, from: 0 }];
      return [{ name, layer, in: linear.in, out: linear.out, parts }];
    }
    let from = 0;
    return PACKED[leaf]!.map((part, i) => {
      const size = sizes[i]!;
      const module = {
        name: name.slice(0, -leaf.length) + part,
        layer,
        in: linear.in,
        out: size,
        parts: [{ key, start: 0, size, from }],
      };
      from += size;
      return module;
    });
  });
}

/** The layers that an adapter names. Throws `UnsupportedGraphError` for a name that the graph has no layer for. */
export function findModules(
  names: readonly string[],
  linears: readonly NamedLinear[],
  widths: AttentionWidths,
): AdapterModule[] {
  const byLayer = new Map<number, NamedLinear[]>();
  for (const linear of linears) byLayer.set(linear.layer, [...(byLayer.get(linear.layer) ?? []), linear]);
  return names.map((name) => {
    const layer = layerOf(name);
    const here = byLayer.get(layer) ?? [];
    const module = findModule(name, layer, here, widths);
    if (module) return module;
    const has = here.map((l) => leafOf(l.module)).join(', ');
    throw new UnsupportedGraphError(
      `the adapter names ${name}, which the model's graph has no linear layer for${has ? ` (layer ${layer} has ${has})` : ''}: it was made for another model`,
    );
  });
}

function findModule(
  name: string,
  layer: number,
  here: readonly NamedLinear[],
  widths: AttentionWidths,
): AdapterModule | undefined {
  const wanted = place(name);
  const single = (linear: NamedLinear): AdapterModule => ({
    name,
    layer,
    in: linear.in,
    out: linear.out,
    parts: [{ key: linear.key, start: 0, size: linear.out, from: 0 }],
  });
  const direct =
    here.find((l) => l.module === name) ??
    here.find((l) => place(l.module) === wanted) ??
    here.find((l) => samePlace(place(l.module), wanted));
  if (direct) return single(direct);
  for (const [packed, leaves] of Object.entries(PACKED)) {
    const at = leaves.indexOf(leafOf(name));
    const linear = here.find((l) => samePlace(place(l.module), `${wanted.split('.')[0]}.${packed}`));
    const sizes = at >= 0 && linear ? packedWidths(packed, linear, widths) : undefined;
    if (linear && sizes) {
      const from = sizes.slice(0, at).reduce((a, b) => a + b, 0);
      const size = sizes[at]!;
      return { name, layer, in: linear.in, out: size, parts: [{ key: linear.key, start: 0, size, from }] };
    }
    // The other way round: the family packs what the exporter took apart.
    if (!samePlace(wanted, `${wanted.split('.')[0]}.${packed}`)) continue;
    const pieces = leaves.map((leaf) => here.find((l) => leafOf(l.module) === leaf));
    if (pieces.some((p) => !p)) continue;
    let start = 0;
    const parts = pieces.map((p) => {
      const part = { key: p!.key, start, size: p!.out, from: 0 };
      start += p!.out;
      return part;
    });
    return { name, layer, in: pieces[0]!.in, out: start, parts };
  }
  return undefined;
}
