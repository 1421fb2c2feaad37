/**
 * The linear layers of an exported decoder, under the names that PEFT gives them. Exporters keep the
 * module's path in the node's name, in the weight's, or in a note; some pack several layers into one
 * product (`qkv_proj`), and some families of models have packed layers of their own.
 */
import type { Linear } from 'onnx-grad';
import { sameModuleTwice, unknownModule } from '../adapters/adapterVector.ts';
import { findNamed, findPart, leafOf, PACKED, placeOf, samePart } from '../adapters/moduleNames.ts';

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

/** Families whose own code has q, k and v, and gate and up, packed. */
const PACKED_FAMILIES = /^(phi3|phi3small|phi4|phimoe|phi4mm|chatglm|glm|glm4)/;

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
    const packed = PACKED[leaf];
    const sizes = packed && !PACKED_FAMILIES.test(family) ? packedWidths(leaf, linear, widths) : undefined;
    if (!sizes) {
      const parts = [{ key, start: 0, size: linear.out, from: 0 }];
      return [{ name, layer, in: linear.in, out: linear.out, parts }];
    }
    let from = 0;
    return packed!.pieces.map((piece, i) => {
      const size = sizes[i]!;
      const module = {
        name: name.slice(0, -leaf.length) + leafOf(piece),
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

/** The layers that an adapter names. Throws `PeftError` for a name that the graph has no layer for. */
export function findModules(
  names: readonly string[],
  linears: readonly NamedLinear[],
  widths: AttentionWidths,
): AdapterModule[] {
  const taken = new Map<string, string>();
  return names.map((name) => {
    const module = findModule(name, linears, widths);
    if (!module) throw noSuchModule(name, linears);
    for (const { key, from } of module.parts) {
      const other = taken.get(`${key}:${from}`);
      if (other !== undefined) throw sameModuleTwice(other, name);
      taken.set(`${key}:${from}`, name);
    }
    return module;
  });
}

const noSuchModule = (name: string, linears: readonly NamedLinear[]) =>
  unknownModule(
    name,
    linears.map((linear) => linear.module),
  );

function findModule(
  name: string,
  linears: readonly NamedLinear[],
  widths: AttentionWidths,
): AdapterModule | undefined {
  const nameOf = (linear: NamedLinear) => familyName(linear.module);
  const found = findNamed(name, linears, nameOf);
  if (found.length > 0) {
    let start = 0;
    const parts = found.map(({ key, out }) => {
      const part = { key, start, size: out, from: 0 };
      start += out;
      return part;
    });
    return { name, layer: found[0]!.layer, in: found[0]!.in, out: start, parts };
  }
  // The exporter packed what the family has apart.
  const place = placeOf(name);
  for (const [leaf, { part, pieces }] of Object.entries(PACKED)) {
    const at = place ? pieces.findIndex((piece) => samePart(piece, place.part)) : -1;
    const linear = at >= 0 && findPart(place!, part, linears, nameOf);
    const sizes = linear && packedWidths(leaf, linear, widths);
    if (!sizes) continue;
    const from = sizes.slice(0, at).reduce((a, b) => a + b, 0);
    const size = sizes[at]!;
    const parts = [{ key: linear.key, start: 0, size, from }];
    return { name, layer: linear.layer, in: linear.in, out: size, parts };
  }
  return undefined;
}
