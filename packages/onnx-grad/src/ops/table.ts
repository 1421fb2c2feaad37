/**
 * All operators: the one table by which graphs are written, imported and differentiated. To add an operator, add
 * its record to the file of its family. The tests then fail until it has a case: one with a gradient in
 * `gradients.test.ts`, any other in `operators.test.ts`.
 */
import { ACTIVATIONS } from './activations.ts';
import { OTHER_ARCHITECTURES } from './architectures.ts';
import { ARITHMETIC } from './arithmetic.ts';
import { ATTENTION } from './attention.ts';
import { INDEXING } from './indexing.ts';
import { LOGIC } from './logic.ts';
import { MOVEMENT } from './movement.ts';
import { NORMALIZATION } from './normalization.ts';
import type { Family, GraphOperator, Operator } from './operator.ts';
import { PRODUCTS } from './products.ts';
import { QUANTIZED } from './quantized.ts';
import { REDUCTION } from './reduction.ts';
import { ROTARY } from './rotary.ts';
import { SIZES } from './sizes.ts';
import { SLICE } from './slice.ts';
import { TRIGONOMETRY } from './trigonometry.ts';

export const FAMILIES: readonly Family[] = [
  ...[ARITHMETIC, ACTIVATIONS, TRIGONOMETRY, LOGIC],
  ...[MOVEMENT, SLICE, INDEXING, SIZES],
  ...[REDUCTION, NORMALIZATION, PRODUCTS],
  ...[ROTARY, ATTENTION, QUANTIZED, OTHER_ARCHITECTURES],
];

/** By the names that families have for them. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  FAMILIES.flatMap((family) => Object.entries(family)),
);

/** No family has a record of the operator that would let a graph hold it. */
export class UnknownOperatorError extends Error {
  override name = 'UnknownOperatorError';
}

/** The operator that an exported node names; a domain of its own comes before the bare name. */
export function findOperator(op: string, domain: string): Operator | undefined {
  return OPERATORS.get(`${domain || 'ai.onnx'}.${op}`) ?? OPERATORS.get(op);
}

/** The operator of a node that is in a graph or to be written. Throws `UnknownOperatorError`. */
export function graphOperator(op: string): GraphOperator {
  const found = OPERATORS.get(op);
  if (found && 'shape' in found) return found;
  throw new UnknownOperatorError(
    found && 'lower' in found
      ? `operator ${op} is only imported, as the operators that it stands for: write those`
      : `operator ${op} has no record: add one to the file of its family in ops/`,
  );
}
