import { expect, test } from 'vitest';
import {
  checkSettings,
  completeSettings,
  DEFAULT_SETTINGS,
  NUMBER_RULES,
} from '../../../src/gasp/defaults.ts';

test('the defaults pass', () => {
  expect(checkSettings(DEFAULT_SETTINGS)).toEqual({});
  expect(checkSettings({ ...DEFAULT_SETTINGS, tuning: { kind: 'full' } })).toEqual({});
});

test('every number is checked on both sides of its bounds', () => {
  for (const [field, rule] of Object.entries(NUMBER_RULES)) {
    for (const bad of [rule.min - 1, rule.max + 1, Number.NaN, '1', undefined]) {
      expect(checkSettings({ ...DEFAULT_SETTINGS, [field]: bad }), `${field} = ${bad}`).toHaveProperty(field);
    }
    expect(checkSettings({ ...DEFAULT_SETTINGS, [field]: rule.max })).toEqual({});
  }
});

test('errors are sentences, one a field', () => {
  const errors = checkSettings({
    ...DEFAULT_SETTINGS,
    rollouts: 2.5,
    temperature: 0,
    method: 'ppo',
    axes: [],
    teacherWeight: 'yes',
    tuning: { kind: 'lora', rank: 0, alpha: 16 },
  });
  expect(errors).toEqual({
    rollouts: 'Must be a whole number.',
    temperature: 'Must be greater than 0.',
    method: expect.stringContaining('Must be one of: base, azr, real, gasp, gasp+real, '),
    axes: 'Choose at least one axis.',
    teacherWeight: 'Must be a number.',
    tuning: 'Rank: Must be at least 1.',
  });
});

test('anything at all can be checked', () => {
  for (const junk of [null, undefined, 3, 'x', []]) {
    expect(Object.keys(checkSettings(junk)).sort()).toEqual(Object.keys(DEFAULT_SETTINGS).sort());
  }
});

test('settings of an older run keep what they say and get the rest', () => {
  const { teacherReadsTitles, ...older } = { ...DEFAULT_SETTINGS, rollouts: 3 };
  expect(completeSettings(older as typeof DEFAULT_SETTINGS)).toEqual({
    ...DEFAULT_SETTINGS,
    rollouts: 3,
    teacherReadsTitles,
  });
});

test('a run from before a setting goes on as it went, whatever the default is now', () => {
  const { liftsPerLemma, adamEpsilon, ...older } = DEFAULT_SETTINGS;
  const completed = completeSettings(older as typeof DEFAULT_SETTINGS);
  expect(completed).toEqual({ ...DEFAULT_SETTINGS, liftsPerLemma: 1, adamEpsilon: 1e-8 });
  expect([liftsPerLemma, adamEpsilon]).not.toEqual([1, 1e-8]);
});
