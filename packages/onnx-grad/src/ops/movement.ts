/** Operators that give their input's elements another type, shape or place. */
import { axisFromStart, intAttribute, intsAttribute, textAttribute } from '../attributes.ts';
import { addDims, divideDims, multiplyDims, productDim } from '../dims.ts';
import { constantTarget, type Value } from '../graphWriter.ts';
import { type Attribute, type Dim, type DType, DTYPES } from '../model.ts';
import { axisOf, sizeOf, unary, unbroadcast } from './gradientRules.ts';
import * as known from './knownRules.ts';
import { never, REAL } from './nodeRules.ts';
import type { Family, GradientRule, ImportRules } from './operator.ts';
import {
  broadcastDims,
  input,
  ints,
  numbers,
  type ShapeContext,
  ShapeError,
  same,
  unknownDim,
} from './shapeRules.ts';

/** Models are imported in single precision: a cast to half precision becomes one to float32. */
function wideCode(to: Attribute | undefined): number {
  const code = to?.type === 'int' ? to.value : 1;
  return code === DTYPES.float16.code || code === DTYPES.bfloat16.code ? DTYPES.float32.code : code;
}

/** `whole / part`, or a fresh name where it is not known. */
function quotientDim(whole: readonly Dim[], part: readonly Dim[]): Dim {
  // Factors that both have cancel even where they are sums.
  const rest = [...part];
  const left = whole.filter((d) => {
    const at = rest.indexOf(d);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
  return divideDims(productDim(left), productDim(rest)) ?? unknownDim();
}

/** Sizes that input i holds, or as many fresh names. */
function targetSizes(c: ShapeContext, i: number): Dim[] {
  const sizes = ints(c, i);
  const rank = c.inputs[i]?.shape[0];
  if (!sizes && typeof rank !== 'number') throw new ShapeError(`${c.op}: the target shape cannot be told`);
  return sizes ?? Array.from({ length: Number(rank) }, unknownDim);
}

const backToShape: GradientRule = unary((b, x, _y, dy) => b.reshapeLike(dy, x));

/** Older opsets have axes as an attribute. */
export const axesAsInput: ImportRules = {
  update: ({ b, attributes, inputs }) => {
    const axes = intsAttribute(attributes, 'axes');
    if (!axes) return;
    inputs[1] = b.ints(axes);
    delete attributes.axes;
  },
};

export const MOVEMENT: Family = {
  Identity: {
    shape: same,
    known: known.same,
    gradient: unary((_b, _x, _y, dy) => dy),
    cheap: true,
    import: { fold: ({ inputs: [x] }) => x },
  },
  /** Does nothing outside training with dropout. */
  Dropout: { lower: ({ inputs: [x] }) => [x] },
  Cast: {
    shape: (c) => {
      const code = intAttribute(c.attributes, 'to', 1);
      const dtype = (Object.keys(DTYPES) as DType[]).find((name) => DTYPES[name].code === code);
      if (!dtype) throw new ShapeError(`Cast: element type ${code} is not supported`);
      return [{ dtype, shape: input(c).shape }];
    },
    known: (c) => {
      const to = intAttribute(c.attributes, 'to', 0);
      if (to === DTYPES.bool.code) return known.unary((v) => known.truth(v !== 0))(c);
      return to === DTYPES.int32.code || to === DTYPES.int64.code ? c.known(0) : undefined;
    },
    gradient: unary((b, x, _y, dy) => b.cast(dy, b.info(x).dtype)),
    cheap: true,
    import: {
      fold: ({ b, node, inputs: [x] }) =>
        DTYPES[b.info(x!).dtype].code === wideCode(node.attributes.to) ? x : undefined,
      update: ({ attributes }) => {
        attributes.to = { type: 'int', value: wideCode(attributes.to) };
      },
    },
  },
  CastLike: {
    lower: ({ b, inputs: [x, like] }) => {
      const { dtype } = b.info(like!);
      return [b.info(x!).dtype === dtype ? x : b.node('Cast', [x!], { to: DTYPES[dtype].code })];
    },
  },
  Transpose: {
    shape: (c) => {
      const x = input(c);
      const perm = intsAttribute(c.attributes, 'perm') ?? x.shape.map((_, i) => x.shape.length - 1 - i);
      return [{ dtype: x.dtype, shape: perm.map((p) => x.shape[p]!) }];
    },
    known: never('shapes are vectors'),
    gradient: ({ b, node }, dy) => {
      const rank = b.shape(dy).length;
      const perm =
        intsAttribute(node.attributes, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
      const inverse: number[] = [];
      perm.forEach((p, i) => {
        inverse[p] = i;
      });
      return [b.transpose(dy, inverse)];
    },
    cheap: true,
  },
  Reshape: {
    shape: (c) => {
      const x = input(c);
      const target = targetSizes(c, 1);
      if (!ints(c, 1)) return [{ dtype: x.dtype, shape: target }];
      const keep = intAttribute(c.attributes, 'allowzero', 0) === 0;
      const shape: Dim[] = target.map((t, i) => (t === 0 && keep ? (x.shape[i] ?? 0) : t));
      const open = target.indexOf(-1);
      if (open >= 0) {
        shape[open] = quotientDim(
          x.shape,
          shape.filter((_, i) => i !== open),
        );
      }
      return [{ dtype: x.dtype, shape }];
    },
    known: (c) => {
      const x = c.known(0);
      const target = c.known(1);
      if (!x || !target) return undefined;
      return target.values.length === 0 ? { dims: [], values: x.values } : known.vector(x.values);
    },
    gradient: backToShape,
    cheap: 'view',
    import: {
      shorten: ({ b, inputs: [x, target] }, y) => {
        if (!b.known(target!)) return undefined;
        const shape = b.shape(y);
        const from = b.shape(x!);
        if (shape.join() === from.join()) return x;
        const constant = constantTarget(from, shape);
        return constant && b.assume(b.reshape(x!, constant), shape);
      },
    },
  },
  Unsqueeze: {
    shape: (c) => {
      const x = input(c);
      const axes = numbers(c, 1) ?? intsAttribute(c.attributes, 'axes') ?? [];
      const rank = x.shape.length + axes.length;
      const at = axes.map((a) => axisFromStart(a, rank));
      const rest = [...x.shape];
      const shape = Array.from({ length: rank }, (_, i) => (at.includes(i) ? 1 : rest.shift()!));
      return [{ dtype: x.dtype, shape }];
    },
    known: (c) => {
      const x = c.known(0);
      const axes = c.known(1);
      if (!x || !axes) return undefined;
      const rank = x.dims.length + axes.values.length;
      const at = axes.values.map((a) => axisFromStart(Number(a), rank));
      const rest = [...x.dims];
      return {
        dims: Array.from({ length: rank }, (_, i) => (at.includes(i) ? 1 : rest.shift()!)),
        values: x.values,
      };
    },
    gradient: backToShape,
    cheap: 'view',
    import: axesAsInput,
  },
  Squeeze: {
    shape: (c) => {
      const x = input(c);
      const axes = numbers(c, 1) ?? intsAttribute(c.attributes, 'axes');
      const at = axes?.map((a) => axisFromStart(a, x.shape.length));
      return [{ dtype: x.dtype, shape: x.shape.filter((d, i) => (at ? !at.includes(i) : d !== 1)) }];
    },
    known: (c) => {
      const x = c.known(0);
      if (!x) return undefined;
      const at = c.known(1)?.values.map((a) => axisFromStart(Number(a), x.dims.length));
      return { dims: x.dims.filter((d, i) => (at ? !at.includes(i) : d !== 1)), values: x.values };
    },
    gradient: backToShape,
    cheap: 'view',
    import: axesAsInput,
  },
  Flatten: {
    shape: (c) => {
      const { dtype, shape } = input(c);
      const axis = axisFromStart(intAttribute(c.attributes, 'axis', 1), shape.length);
      return [{ dtype, shape: [productDim(shape.slice(0, axis)), productDim(shape.slice(axis))] }];
    },
    known: never('its output has two axes'),
    gradient: backToShape,
    cheap: 'view',
  },
  Expand: {
    shape: (c) => {
      const target = targetSizes(c, 1);
      return [{ dtype: input(c).dtype, shape: broadcastDims(input(c).shape, target) }];
    },
    known: never('no exporter seen so far computes a size with it'),
    gradient: unary((b, x, _y, dy) => unbroadcast(b, dy, b.shape(x))),
    cheap: true,
    import: {
      shorten: ({ b, inputs: [x, target] }, y) => {
        if (!b.known(target!)) return undefined;
        const shape = b.shape(y);
        const from = b.shape(x!);
        if (shape.join() === from.join()) return x;
        const at = (i: number): Dim | undefined => from[i - shape.length + from.length];
        const constant = shape.map((d, i) => (typeof d === 'number' ? d : at(i) === d ? 1 : undefined));
        return constant.every((t) => t !== undefined)
          ? b.assume(b.node('Expand', [x!, b.ints(constant)]), shape)
          : undefined;
      },
    },
  },
  Tile: {
    shape: (c) => {
      const x = input(c);
      const repeats = ints(c, 1);
      const shape = x.shape.map((d, i) => (repeats ? multiplyDims(d, repeats[i]!) : unknownDim()));
      return [{ dtype: x.dtype, shape }];
    },
    known: never('no exporter seen so far computes a size with it'),
    /** The gradients of all copies add up. */
    gradient: ({ b, node }, dy) => {
      const x = node.inputs[0]!;
      const repeats = b.known(node.inputs[1]!)?.values;
      if (!repeats?.every((r) => typeof r === 'number')) {
        throw new Error('the gradient of Tile is known for constant repeats only');
      }
      const shape = b.shape(x);
      const sizes = shape.flatMap((_, i) => [b.ints([repeats[i]!]), sizeOf(b, x, i)]);
      const split = b.assume(
        b.node('Reshape', [dy, b.concat(sizes, 0)]),
        shape.flatMap((d, i) => [repeats[i]!, d]),
      );
      const copies = shape.map((_, i) => 2 * i);
      return [b.assume(b.sum(split, copies, false), shape)];
    },
    cheap: false,
  },
  Concat: {
    shape: (c) => {
      const x = input(c);
      const axis = axisFromStart(intAttribute(c.attributes, 'axis', 0), x.shape.length);
      const along = c.inputs.map((i) => i!.shape[axis]!);
      const size = along.reduce<Dim>(addDims, 0);
      return [{ dtype: x.dtype, shape: x.shape.map((d, i) => (i === axis ? size : d)) }];
    },
    known: (c) => {
      const parts = c.inputs.map((_, i) => c.known(i));
      if (parts.some((p) => p?.dims.length !== 1)) return undefined;
      return known.vector(parts.flatMap((p) => p!.values));
    },
    gradient: ({ b, node, wanted }, dy) => {
      const axis = axisOf(node, b, 0);
      const sizes = node.inputs.map((v) => b.shape(v)[axis]!);
      if (sizes.every((s) => typeof s === 'number')) {
        let at = 0;
        return sizes.map((size, i) => {
          const start = at;
          at += size;
          return wanted(i) ? b.slice(dy, start, at, axis) : undefined;
        });
      }
      const lengths = node.inputs.map((v) =>
        b.node('Gather', [b.node('Shape', [v]), b.ints([axis])], { axis: 0 }),
      );
      const parts = b.nodes('Split', [dy, b.concat(lengths, 0)], { axis }, sizes.length);
      return parts.map((part, i) => b.assume(part, b.shape(node.inputs[i]!)));
    },
    cheap: true,
    import: {
      /** Empty parts fall away: a cache of no tokens is one. */
      fold: ({ b, node, inputs }) => {
        const [x] = inputs;
        const axis = intAttribute(node.attributes, 'axis', 0);
        const parts = inputs.filter((v) => b.shape(v).at(axis) !== 0);
        if (parts.length === inputs.length) return inputs.length === 1 ? x : undefined;
        return parts.length <= 1 ? (parts[0] ?? x) : b.concat(parts, axis);
      },
    },
  },
  Split: {
    shape: (c) => {
      const x = input(c);
      const axis = axisFromStart(intAttribute(c.attributes, 'axis', 0), x.shape.length);
      const sizes = c.inputs[1] ? ints(c, 1) : intsAttribute(c.attributes, 'split');
      const whole = x.shape[axis]!;
      return Array.from({ length: c.outputs }, (_, k) => ({
        dtype: x.dtype,
        shape: x.shape.map((d, i) =>
          i !== axis ? d : (sizes?.[k] ?? divideDims(whole, c.outputs) ?? unknownDim()),
        ),
      }));
    },
    known: never('values are known for operators with one output only'),
    gradient: ({ b, node, grad }) => {
      const parts = node.outputs.map((out, i) => grad(i) ?? b.zerosLike(out));
      return [b.assume(b.concat(parts, axisOf(node, b, 0)), b.shape(node.inputs[0]!))];
    },
    cheap: true,
    import: {
      /** Sizes were an attribute in older opsets; without sizes, the newest wants the number of parts. */
      update: ({ b, node, attributes, inputs }) => {
        const sizes = intsAttribute(attributes, 'split');
        if (sizes) {
          inputs[1] = b.ints(sizes);
          delete attributes.split;
        }
        if (inputs[1]) return;
        delete attributes.num_outputs;
        const parts = node.outputs.length;
        if (parts > 1) attributes.num_outputs = { type: 'int', value: parts };
      },
    },
  },
  Pad: {
    shape: (c) => {
      const x = input(c);
      const pads = ints(c, 1);
      const axes = c.inputs[3] ? numbers(c, 3) : undefined;
      const shape = x.shape.map((d, i) => {
        const at = axes ? axes.findIndex((a) => axisFromStart(a, x.shape.length) === i) : i;
        if (at < 0) return d;
        const half = axes?.length ?? x.shape.length;
        return pads ? addDims(d, addDims(pads[at]!, pads[half + at]!)) : unknownDim();
      });
      return [{ dtype: x.dtype, shape }];
    },
    known: never('no exporter seen so far computes a size with it'),
    /** The part of `dy` where the input stands. */
    gradient: ({ b, node }, dy) => {
      const [x, pads, , axes] = node.inputs as [Value, Value, Value?, Value?];
      const sizes = b.known(pads)?.values;
      const mode = textAttribute(node.attributes, 'mode', 'constant');
      if (mode !== 'constant' || axes || !sizes?.every((v) => Number(v) >= 0)) {
        throw new Error('the gradient of Pad is known for constants around all axes only');
      }
      const starts = b.ints(sizes.slice(0, b.shape(x).length).map(Number));
      const ends = b.add(starts, b.node('Shape', [x]));
      return [b.assume(b.node('Slice', [dy, starts, ends]), b.shape(x))];
    },
    cheap: false,
  },
  Trilu: {
    shape: same,
    known: REAL,
    gradient: ({ b, node }, dy) => [b.node('Trilu', [dy, ...node.inputs.slice(1)], node.attributes)],
    cheap: true,
  },
};
