/** Sine and cosine that no backend rounds for us, and their slopes. */
import { expect, test } from 'vitest';
import { differentiate } from '../../../packages/onnx-grad/src/autodiff.ts';
import { GraphBuilder } from '../../../packages/onnx-grad/src/builder.ts';
import { sine } from '../../../packages/onnx-grad/src/ops/trigonometry.ts';
import { compile, numbers } from './float64.ts';

test.each([
  ['sine', 0, Math.sin, Math.cos],
  ['cosine', 1, Math.cos, (x: number) => -Math.sin(x)],
])('%s of angles up to 32,768 radians either way', async (_name, quarters, value, slope) => {
  const b = new GraphBuilder('angles');
  const x = b.input('x', 'float32', ['n']);
  const y = sine(b, x, quarters);
  const [dx] = differentiate(b, y, b.input('seed', 'float32', ['n']), [x]);
  b.output('y', y);
  b.output('dx', dx!);
  // Positions times a frequency, both signs, and the borders between quarters of a turn.
  const angles = Float32Array.from({ length: 4000 }, (_, i) =>
    i < 3000 ? (i % 2 ? -1 : 1) * 32_768 ** (i / 3000) : (i - 3500) * (Math.PI / 4),
  );
  const dims = [angles.length];
  const seed = { dtype: 'float32', dims, data: new Float32Array(angles.length).fill(1) } as const;
  const out = await (await compile(b))({ x: { dtype: 'float32', dims, data: angles }, seed });
  const [values, slopes] = [numbers(out, 'y'), numbers(out, 'dx')];
  const off = (found: Float64Array, f: (x: number) => number) =>
    Math.max(...Array.from(angles, (angle, i) => Math.abs(found[i]! - f(angle))));
  expect(off(values, value)).toBeLessThan(6e-7);
  expect(off(slopes, slope)).toBeLessThan(1e-5);
});
