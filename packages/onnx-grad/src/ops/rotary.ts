/** Rotary position embedding (Su et al. 2021): pairs of a head's elements turned by angles of the token's position. */
import { intAttribute } from '../attributes.ts';
import type { GraphWriter, Value } from '../graphWriter.ts';
import { constantValues, float32Constant, type Node } from '../model.ts';
import { scalarLike } from './gradientRules.ts';
import { joinHeads, splitHeads } from './heads.ts';
import { REAL } from './nodeRules.ts';
import type { Family } from './operator.ts';
import { same } from './shapeRules.ts';

/** x [B, heads, T, D] turned by rows of the tables cos and sin [positions, turned / 2]; `turned` may be less than D. */
export function rotate(
  b: GraphWriter,
  x: Value,
  positions: Value,
  cos: Value,
  sin: Value,
  interleaved: number,
): Value {
  const [, heads, , dim] = b.shape(x);
  const turned = Number(b.shape(cos)[1]) * 2;
  return b.node('RotaryEmbedding', [x, positions, cos, sin], {
    interleaved,
    ...(turned !== dim && { rotary_embedding_dim: turned, num_heads: Number(heads) }),
  });
}

/** ONNX's RotaryEmbedding where cos and sin [B, T, turned / 2] are those of each token and no tables. */
function turn(b: GraphWriter, node: Node, x: Value, cos: Value, sin: Value): Value {
  const int = (name: string) => intAttribute(node.attributes, name, 0);
  const flat = b.shape(x).length === 3;
  const all = flat ? splitHeads(b, x, int('num_heads')) : x;
  const dim = Number(b.shape(all)[3]);
  const turned = int('rotary_embedding_dim') || dim;
  const half = turned / 2;
  const interleaved = int('interleaved') === 1;
  const head = turned === dim ? all : b.slice(all, 0, turned, 3);
  // The two elements of a pair, neighbours or half the width apart, become an axis of their own.
  const pairs = b.reshape(head, interleaved ? [0, 0, 0, half, 2] : [0, 0, 0, 2, half]);
  const axis = interleaved ? 4 : 3;
  const part = (i: number) => b.reshape(b.slice(pairs, i, i + 1, axis), [0, 0, 0, half]);
  const [first, second, c, s] = [part(0), part(1), b.unsqueeze(cos, [1]), b.unsqueeze(sin, [1])];
  const ends = [b.sub(b.mul(first, c), b.mul(second, s)), b.add(b.mul(first, s), b.mul(second, c))].map(
    (end) => b.unsqueeze(end, [axis]),
  );
  const joined = b.reshape(b.concat(ends, axis), [0, 0, 0, turned]);
  const whole = turned === dim ? joined : b.concat([joined, b.slice(all, turned, dim, 3)], 3);
  return flat ? joinHeads(b, whole) : whole;
}

/** `factor` times a table that many rotations read: a constant of its own, or one node for all of them. */
export function scaledTable(b: GraphWriter, table: Value, factor: number): Value {
  const { initializers, nodes } = b.model.graph;
  const constant = initializers.get(table);
  if (constant?.bytes && constant.dtype === 'float32') {
    const name = `${table}*${factor}`;
    const values = () => constantValues(constant).map((v) => factor * v);
    return b.has(name) ? name : b.initializer(name, float32Constant(constant.dims, values()));
  }
  const scale = scalarLike(b, table, factor);
  const known = nodes.find(({ op, inputs }) => op === 'Mul' && inputs[0] === table && inputs[1] === scale);
  return known?.outputs[0] ?? b.mul(table, scale);
}

export const ROTARY: Family = {
  /** ONNX Runtime's own, with tables of cosines and sines by position. */
  RotaryEmbedding: {
    domain: 'com.microsoft',
    shape: same,
    known: REAL,
    /** The inverse is the rotation by the negative angle. */
    gradient: ({ b, node }, dy) => {
      const [, positions, cos, sin] = node.inputs as [Value, Value, Value, Value];
      return [b.node('RotaryEmbedding', [dy, positions, cos, scaledTable(b, sin, -1)], node.attributes)];
    },
    cheap: false,
  },
  /** ONNX's (opset 23) has its inputs in another order. */
  'ai.onnx.RotaryEmbedding': {
    lower: ({ b, node, inputs: [x, cos, sin, positions] }) => {
      if (!positions) return [turn(b, node, x!, cos!, sin!)];
      const int = (name: string) => intAttribute(node.attributes, name, 0);
      const [heads, dim] = [int('num_heads'), int('rotary_embedding_dim')];
      return [
        b.node('RotaryEmbedding', [x!, positions, cos!, sin!], {
          interleaved: int('interleaved'),
          ...(heads && { num_heads: heads }),
          ...(dim && { rotary_embedding_dim: dim }),
        }),
      ];
    },
  },
};
