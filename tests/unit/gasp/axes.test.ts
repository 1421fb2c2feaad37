/** Whether proposals follow their axis. */
import { expect, test } from 'vitest';
import { followsAxis } from '../../../src/gasp/axes.ts';

const goalpost = {
  program: 'def f(x):\n    x = sorted(x)\n    x = x[1:]\n    return x\n',
  inputs: ['[3, 1, 2]', '[5, 4]', '[9]'],
};
const other = 'def f(x):\n    return x[1:]\n';

test('along I/O the same program is kept, whatever its layout, its comments and its inputs', () => {
  const again = 'def f(x):\n\n    x = sorted( x )  # in order\n    x = x[1 : ]\n    return x';
  expect(followsAxis('io', goalpost, { program: again, inputs: ['[1, 2]'] })).toBe(true);
  expect(followsAxis('io', goalpost, { ...goalpost, program: other })).toBe(false);
});

test('a statement in another block is another program', () => {
  const one = 'def f(x):\n    for v in x:\n        x = x[1:]\n        x = x[1:]\n    return x';
  const two = 'def f(x):\n    for v in x:\n        x = x[1:]\n    x = x[1:]\n    return x';
  expect(followsAxis('io', { program: one, inputs: [] }, { program: two, inputs: [] })).toBe(false);
});

test('along f the inputs are kept, in any order, and fewer will do', () => {
  const kept = { program: other, inputs: ['[5,4]', '[3, 1, 2]'] };
  expect(followsAxis('f', goalpost, kept)).toBe(true);
  expect(followsAxis('f', goalpost, { ...kept, inputs: [...kept.inputs, '[0]'] })).toBe(false);
  // What happens to the program is not asked.
  expect(followsAxis('f', goalpost, { ...kept, program: goalpost.program })).toBe(true);
});

test('a goalpost without a program, or without inputs, leaves it open', () => {
  expect(followsAxis('io', { program: '', inputs: [] }, goalpost)).toBeUndefined();
  expect(followsAxis('io', { program: '# nothing\n', inputs: [] }, goalpost)).toBeUndefined();
  expect(followsAxis('f', { program: '', inputs: [] }, goalpost)).toBeUndefined();
});
