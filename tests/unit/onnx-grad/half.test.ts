/** Half precision against the definition of IEEE 754, over every half there is. */
import { expect, test } from 'vitest';
import { Random } from '../../../packages/onnx-lora/src/random.ts';
import { constantValues, floatToHalf, halfToFloat } from '../../../packages/onnx-grad/src/model.ts';

const halves = Array.from({ length: 65536 }, (_, h) => h);

test('every half is its sign, fraction and power of two', () => {
  for (const h of halves) {
    const value = halfToFloat(h);
    const exponent = (h & 0x7c00) >> 10;
    const fraction = h & 0x3ff;
    if (exponent === 31) {
      const expected = fraction
        ? Number.NaN
        : h & 0x8000
          ? Number.NEGATIVE_INFINITY
          : Number.POSITIVE_INFINITY;
      if (!Object.is(value, expected)) expect.fail(`half ${h} was read as ${value}`);
      continue;
    }
    const magnitude = exponent ? (0x400 | fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24;
    if (!Object.is(value, h & 0x8000 ? -magnitude : magnitude)) expect.fail(`half ${h} was read as ${value}`);
  }
});

test('every half comes back from its number', () => {
  for (const h of halves) {
    const back = floatToHalf(halfToFloat(h));
    // What is not a number stays so; its other bits may change.
    if ((h & 0x7fff) > 0x7c00 ? (back & 0x7fff) <= 0x7c00 : back !== h)
      expect.fail(`half ${h} came back as ${back}`);
  }
});

test('numbers between two halves go to the nearer one, and to the even one from the middle', () => {
  for (let h = 0; h < 0x7bff; h++) {
    const [low, high] = [halfToFloat(h), halfToFloat(h + 1)];
    const middle = (low + high) / 2;
    const nudge = (high - low) * 2 ** -20;
    const even = h % 2 === 0 ? h : h + 1;
    for (const sign of [1, -1]) {
      const bit = sign < 0 ? 0x8000 : 0;
      const got = [middle - nudge, middle, middle + nudge].map((x) => floatToHalf(sign * x));
      if (got[0] !== (h | bit) || got[1] !== (even | bit) || got[2] !== ((h + 1) | bit)) {
        expect.fail(`around the middle of halves ${h} and ${h + 1}: ${got}`);
      }
    }
  }
});

test('what is too large becomes infinite, from half a step above the largest half on', () => {
  expect(floatToHalf(65504)).toBe(0x7bff);
  expect(floatToHalf(65519.99)).toBe(0x7bff);
  expect(floatToHalf(65520)).toBe(0x7c00);
  expect(floatToHalf(-1e30)).toBe(0xfc00);
  expect(floatToHalf(2 ** -26)).toBe(0);
  expect(halfToFloat(floatToHalf(Number.NaN))).toBeNaN();
});

test('a tensor of halves reads as the numbers it was made from, to half a unit in the last place', () => {
  const random = new Random(5);
  const values = Array.from({ length: 2000 }, () => (random.uniform() - 0.5) * 2 ** (random.int(30) - 14));
  const bytes = new Uint8Array(Uint16Array.from(values, floatToHalf).buffer);
  const back = constantValues({ dtype: 'float16', dims: [values.length], bytes });
  values.forEach((v, i) => {
    expect(Math.abs(back[i]! - v)).toBeLessThanOrEqual(Math.max(Math.abs(v) * 2 ** -11, 2 ** -25));
  });
});
