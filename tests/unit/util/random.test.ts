import { expect, test } from 'vitest';
import { deriveSeed, Random } from '../../../packages/onnx-lora/src/random.ts';

test('deriveSeed depends on every label and on nothing else', () => {
  expect(deriveSeed(1, 'a', 2)).toBe(deriveSeed(1, 'a', 2));
  const seeds = [
    deriveSeed(1),
    deriveSeed(2),
    deriveSeed(1, 'a'),
    deriveSeed(1, 'a', 1),
    deriveSeed(1, 'a', '1'),
  ];
  expect(new Set(seeds).size).toBe(seeds.length);
  const many = new Set(Array.from({ length: 10_000 }, (_, i) => deriveSeed(7, 'iteration', i)));
  expect(many.size).toBeGreaterThan(9_990);
});

test('streams of neighbouring seeds are uniform and uncorrelated', () => {
  const n = 20_000;
  const draw = (seed: number) => {
    const random = new Random(seed);
    return Array.from({ length: n }, () => random.uniform());
  };
  const [a, b] = [draw(1), draw(2)];
  const mean = a.reduce((sum, x) => sum + x, 0) / n;
  expect(mean).toBeCloseTo(0.5, 1.5);
  const covariance = a.reduce((sum, x, i) => sum + (x - 0.5) * (b[i]! - 0.5), 0) / n;
  expect(Math.abs(covariance * 12)).toBeLessThan(0.03);
  expect(Math.min(...a)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...a)).toBeLessThan(1);
});

test('shuffle is a permutation, and each item lands everywhere', () => {
  const counts = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const order = Random.for(3, i).shuffle(['a', 'b', 'c']).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect([...counts.keys()].sort()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba']);
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
});
