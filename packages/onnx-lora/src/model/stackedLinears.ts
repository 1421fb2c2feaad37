/**
 * Linear layers that read the same input, such as a layer's queries, keys and values, as one product with stacked
 * weights: one dispatch forward and one back, and LoRA's pairs on them are one pair.
 */
import {
  type Constant,
  constantValues,
  elementCount,
  float32Constant,
  type GraphBuilder,
  intAttribute,
  type Node,
  type Value,
} from 'onnx-grad';

/** A linear layer of a graph that was imported. */
export interface PlacedLinear {
  /** Its name in the file: `NamedLinear.key`. */
  key: string;
  node: Node;
  out: number;
}

/** Layers whose product is one. */
export interface Stack {
  members: PlacedLinear[];
  out: number;
  /** What stands in for the members' outputs, in their order: the outputs, or their sums with a bias. */
  outputs: Value[];
  /** Nodes that go. */
  replaced: Node[];
  /** The product of flattened rows [all, in], [all, out]. */
  product: (rows: Value) => Value;
}

/** Readers of each value. */
function readersOf(b: GraphBuilder): Map<Value, Node[]> {
  const readers = new Map<Value, Node[]>();
  for (const node of b.model.graph.nodes) {
    for (const input of new Set(node.inputs)) {
      const known = readers.get(input);
      if (known) known.push(node);
      else readers.set(input, [node]);
    }
  }
  return readers;
}

/** Constants one after the other along the axis `axis` of one or two. */
function joined(parts: readonly Constant[], axis: 0 | 1): Constant {
  const [{ dtype, dims }] = parts as [Constant];
  const total = parts.reduce((n, part) => n + part.dims[axis]!, 0);
  const all = axis === 0 ? [total, ...dims.slice(1)] : [dims[0]!, total];
  const bytes = new Uint8Array(parts.reduce((n, part) => n + part.bytes!.length, 0));
  const rows = axis === 0 ? 1 : dims[0]!;
  let at = 0;
  for (let r = 0; r < rows; r++) {
    for (const part of parts) {
      const size = part.bytes!.length / rows;
      bytes.set(part.bytes!.subarray(r * size, (r + 1) * size), at);
      at += size;
    }
  }
  return { dtype, dims: all, bytes };
}

/** Tokens of a pass, for which the output of a stack must be no larger than a tensor may be. */
const TOKENS = 2048;

/** Finds which of the linear layers that read one value can be stacked. */
export class Stacking {
  private readonly readers: Map<Value, Node[]>;

  constructor(
    private readonly b: GraphBuilder,
    /** Bytes of the largest tensor. */
    private readonly largest = Infinity,
  ) {
    this.readers = readersOf(b);
  }

  /** The layers in stacks, in order of their first ones. */
  stacks(members: readonly PlacedLinear[]): Stack[] {
    const kinds = new Map<string, PlacedLinear[]>();
    for (const member of members) {
      const kind = this.kind(member) ?? member.key;
      const known = kinds.get(kind);
      const width = (known ?? []).reduce((n, { out }) => n + out, member.out);
      // Weights are widened for the backward pass.
      const inputs = Number(this.b.shape(member.node.inputs[0]!).at(-1));
      const fits = 4 * width * Math.max(inputs, TOKENS) <= this.largest;
      if (known && fits) known.push(member);
      else if (known) kinds.set(member.key, [member]);
      else kinds.set(kind, [member]);
    }
    return [...kinds.values()].map((stacked) =>
      stacked.length > 1 ? this.stack(stacked) : this.alone(stacked[0]!),
    );
  }

  private constant(value: Value | undefined): Constant | undefined {
    const constant = value ? this.b.model.graph.initializers.get(value) : undefined;
    return constant?.bytes ? constant : undefined;
  }

  /** The bias that is added to the member's output, and to nothing else of it. */
  private bias({ node, out }: PlacedLinear): { add: Node; value: Value } | undefined {
    const [reader, ...others] = this.readers.get(node.outputs[0]!) ?? [];
    if (reader?.op !== 'Add' || others.length > 0) return undefined;
    const value = reader.inputs.find((input) => input !== node.outputs[0]!);
    const constant = this.constant(value);
    return constant?.dims.length === 1 && constant.dims[0] === out && constant.dtype === 'float32'
      ? { add: reader, value: value! }
      : undefined;
  }

  /** What members of a stack have in common; undefined for one that can be in none. */
  private kind(member: PlacedLinear): string | undefined {
    const { op, inputs, attributes } = member.node;
    const [, weight, scales, zeros, ...more] = inputs.map((input) => this.constant(input));
    const biased = this.bias(member) !== undefined;
    if (op === 'MatMul')
      return weight?.dims.length === 2 && weight.dtype === 'float32' ? `MatMul ${biased}` : undefined;
    if (op !== 'MatMulNBits' || !weight || !scales || more.length > 0) return undefined;
    const [bits, size] = [intAttribute(attributes, 'bits', 4), intAttribute(attributes, 'block_size', 32)];
    return `${op} ${bits} ${size} ${scales.dtype} ${zeros?.dtype} ${biased}`;
  }

  private alone(member: PlacedLinear): Stack {
    const { node, out } = member;
    return {
      ...{ members: [member], out, outputs: [node.outputs[0]!], replaced: [node] },
      product: (rows) => this.b.node(node.op, [rows, ...node.inputs.slice(1)], node.attributes),
    };
  }

  private stack(members: PlacedLinear[]): Stack {
    const { b } = this;
    const nodes = members.map(({ node }) => node);
    const [{ op, attributes }] = nodes as [Node];
    const out = members.reduce((n, member) => n + member.out, 0);
    const biases = members.map((member) => this.bias(member));
    const biased = biases.every((bias) => bias !== undefined);
    const together = (values: Value[], join: (parts: Constant[]) => Constant): Value =>
      b.initializer(values.join('|'), join(values.map((value) => this.constant(value)!)));
    const input = (i: number, axis: 0 | 1) =>
      together(
        nodes.map((node) => node.inputs[i]!),
        (parts) => joined(parts, axis),
      );
    const flat = (i: number) =>
      together(
        nodes.map((node) => node.inputs[i]!),
        (parts) =>
          joined(
            parts.map((part) => ({ ...part, dims: [elementCount(part.dims)] })),
            0,
          ),
      );
    return {
      ...{ members, out },
      outputs: biased ? biases.map(({ add }) => add.outputs[0]!) : nodes.map((node) => node.outputs[0]!),
      replaced: biased ? [...nodes, ...biases.map(({ add }) => add)] : nodes,
      product: (rows) => {
        const bias = biased
          ? together(
              biases.map(({ value }) => value),
              (parts) =>
                float32Constant(
                  [out],
                  parts.flatMap((part) => Array.from(constantValues(part))),
                ),
            )
          : undefined;
        if (op === 'MatMul') {
          const weight = input(1, 1);
          return bias ? b.node('Gemm', [rows, weight, bias]) : b.matmul(rows, weight);
        }
        const quantized = [input(1, 0), flat(2), ...(nodes[0]!.inputs[3] ? [flat(3)] : [])];
        const product = b.node('MatMulNBits', [rows, ...quantized], {
          ...attributes,
          N: out,
        });
        return bias ? b.add(product, bias) : product;
      },
    };
  }
}
