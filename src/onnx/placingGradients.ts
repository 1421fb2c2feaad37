/** How gradients pass back through operators that put values in other places, or sum them by a formula. */
import type { GraphBuilder, Value } from './builder.ts';
import type { GradientRule } from './gradients.ts';
import { intAttribute } from './shapes.ts';
import type { Node } from './model.ts';

const textOf = ({ attributes }: Node, name: string, or: string): string => {
  const a = attributes[name];
  return a?.type === 'string' ? a.value : or;
};

/** Each index of the last axis names what was read; batches of their own are not known. */
export const gatherND: GradientRule = ({ b, node }, dy) => {
  const [x, ids] = node.inputs as [Value, Value];
  if (intAttribute(node.attributes, 'batch_dims', 0) !== 0) {
    throw new Error('the gradient of GatherND is known without batch axes only');
  }
  return [b.node('ScatterND', [b.zerosLike(x), ids, dy], { reduction: 'add' })];
};

/** What was overwritten gets nothing; what was written gets what arrived in its place. */
export const scatterND: GradientRule = ({ b, node, wanted }, dy) => {
  const [x, ids, updates] = node.inputs as [Value, Value, Value];
  const reduction = textOf(node, 'reduction', 'none');
  if (reduction !== 'none' && reduction !== 'add') {
    throw new Error(`the gradient of ScatterND is not known for the reduction ${reduction}`);
  }
  const kept = () =>
    reduction === 'add' ? dy : b.assume(b.node('ScatterND', [dy, ids, b.zerosLike(updates)]), b.shape(x));
  return [
    wanted(0) ? kept() : undefined,
    undefined,
    wanted(2) ? b.assume(b.node('GatherND', [dy, ids]), b.shape(updates)) : undefined,
  ];
};

/** The part of it that the padded value fills. */
export const pad: GradientRule = ({ b, node }, dy) => {
  const [x, pads, , axes] = node.inputs as [Value, Value, Value?, Value?];
  const sizes = b.known(pads)?.values;
  if (textOf(node, 'mode', 'constant') !== 'constant' || axes || !sizes?.every((v) => Number(v) >= 0)) {
    throw new Error('the gradient of Pad is known for constants around all axes only');
  }
  const starts = b.ints(sizes.slice(0, b.shape(x).length).map(Number));
  const ends = b.add(starts, b.node('Shape', [x]));
  return [b.assume(b.node('Slice', [dy, starts, ends]), b.shape(x))];
};

/** `ab,bc->ac` back to its first factor is `ac,bc->ab`: letters change places. */
export const einsum: GradientRule = ({ b, node, wanted }, dy) => {
  const [from, to] = textOf(node, 'equation', '').replaceAll(' ', '').split('->') as [string, string];
  const terms = from.split(',');
  return terms.map((term, i) => {
    if (!wanted(i)) return undefined;
    const others = terms.filter((_, k) => k !== i);
    const factors = [to, ...others];
    if (new Set(term).size < term.length || [...term].some((l) => !factors.join('').includes(l))) {
      throw new Error(`the gradient of Einsum is not known for the formula ${from}->${to}`);
    }
    const inputs = [dy, ...node.inputs.filter((_, k) => k !== i)];
    const g = b.node('Einsum', inputs, { equation: `${factors.join(',')}->${term}` });
    return b.assume(g, b.shape(node.inputs[i]!));
  });
};

/** Sums from the other end. */
export const cumSum: GradientRule = ({ b, node }, dy) => [
  b.node('CumSum', [dy, node.inputs[1]!], {
    ...node.attributes,
    reverse: 1 - intAttribute(node.attributes, 'reverse', 0),
  }),
];

/** To the largest, or in equal parts to all that are as large. */
export const largest = (
  b: GraphBuilder,
  x: Value,
  y: Value,
  dy: Value,
  count: (mask: Value) => Value,
): Value => {
  const mask = b.cast(b.node('Equal', [x, y]), b.info(x).dtype);
  return b.mul(mask, b.div(dy, count(mask)));
};
