/** One use of an operator whose gradient is compared with central differences. */
import type { GraphBuilder, Value } from '../../../packages/onnx-grad/src/builder.ts';
import type { Dim } from '../../../packages/onnx-grad/src/model.ts';

export interface Input {
  dims: number[];
  /** What the builder is told; absent: `dims`. A name there is a size known only at run time. */
  shape?: Dim[];
  /** Range of the random values. */
  range?: [number, number];
}

export interface Case {
  name: string;
  inputs: Record<string, Input>;
  /** Inputs that are fixed integers or booleans; no gradient flows to them. */
  fixed?: Record<string, { dims: number[]; shape?: Dim[]; dtype: 'int64' | 'bool'; values: number[] }>;
  build: (b: GraphBuilder, v: Record<string, Value>) => Value;
  /**
   * For operators that ONNX Runtime has in float32 only: the same function in float64. Given, the
   * graph runs in float32 and the differences are taken here.
   */
  reference?: (inputs: Record<string, Float64Array>) => Float64Array;
}

export const x = (dims: number[], more: Partial<Input> = {}): Input => ({ dims, ...more });

export const unaryCase = (op: string, range: [number, number] = [-2, 2]): Case[] => [
  { name: 'a matrix', inputs: { x: x([2, 3], { range }) }, build: (b, v) => b.node(op, [v.x!]) },
  {
    name: 'sizes known only at run time',
    inputs: { x: x([2, 2, 2], { shape: ['a', 'b', 2], range }) },
    build: (b, v) => b.node(op, [v.x!]),
  },
];
