import { expect, test } from 'vitest';
import {
  checkSettings,
  completeSettings,
  copySettings,
  DEFAULT_SETTINGS,
  settingsOfAnyAge,
  withMethod,
} from '../../../src/gasp/defaults.ts';
import { methodSettings } from '../../../src/gasp/methods.ts';
import { type Setting, SETTING_GROUPS, settingRule } from '../../../src/gasp/settingKinds.ts';
import { SETTINGS } from '../../../src/gasp/settings.ts';

const all = Object.entries(SETTINGS) as [keyof typeof SETTINGS, Setting][];

test('the defaults pass', () => {
  expect(checkSettings(DEFAULT_SETTINGS)).toEqual({});
  expect(checkSettings({ ...DEFAULT_SETTINGS, tuning: { kind: 'full' } })).toEqual({});
});

test('every number is checked on both sides of its bounds', () => {
  for (const [field, rule] of all) {
    if (rule.kind !== 'number') continue;
    for (const bad of [rule.min - 1, rule.max + 1, Number.NaN, '1', undefined]) {
      expect(checkSettings({ ...DEFAULT_SETTINGS, [field]: bad }), `${field} = ${bad}`).toHaveProperty(field);
    }
    expect(checkSettings({ ...DEFAULT_SETTINGS, [field]: rule.max })).toEqual({});
  }
});

test('every setting has a name of its own, a sentence on what it does, a group and a rule', () => {
  expect(new Set(all.map(([, { label }]) => label)).size).toBe(all.length);
  for (const [name, setting] of all) {
    expect(setting.label, name).toMatch(/^[A-Z]/);
    expect(setting.note, name).toMatch(/\.$/);
    expect(SETTING_GROUPS, name).toHaveProperty(setting.group);
    expect(settingRule(setting), name).not.toBe('');
    if (setting.before !== undefined) {
      expect(checkSettings({ ...DEFAULT_SETTINGS, [name]: setting.before })).toEqual({});
    }
  }
});

test('eight settings are in sight, the others behind Advanced', () => {
  expect(all.filter(([, setting]) => setting.basic)).toHaveLength(8);
});

test('another method takes the place of an unusable value in a setting that it fixes, and of no other', () => {
  const typed = { ...DEFAULT_SETTINGS, lifts: -1, temperature: 0 };
  const next = withMethod(typed, 'chain-3');
  expect(next).toMatchObject({ lifts: 3, temperature: 0 });
  expect(withMethod(typed, 'gasp').lifts).toBe(-1);
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
    ...methodSettings(DEFAULT_SETTINGS),
    rollouts: 3,
    teacherReadsTitles,
  });
});

test('a run from before a setting goes on as it went, whatever the default is now', () => {
  const { method, liftsPerLemma, adamEpsilon, noveltyCompares, noveltyWindow, hindsightInputs, ...older } =
    DEFAULT_SETTINGS;
  const completed = completeSettings(older as typeof DEFAULT_SETTINGS);
  const before = {
    ...{ method: 'gasp', hindsight: 'none', hindsightInputs: 'own' },
    ...{ liftsPerLemma: 1, adamEpsilon: 1e-8, noveltyCompares: 'programs', noveltyWindow: 8 },
  };
  expect(completed).toEqual({ ...DEFAULT_SETTINGS, ...before });
  expect(method).toBe('gasp-hindsight');
  expect([noveltyCompares, noveltyWindow, hindsightInputs]).toEqual(['questions', 0, 'fresh']);
  expect([liftsPerLemma, adamEpsilon]).not.toEqual([1, 1e-8]);
});

test('a setting that is no more becomes what took its place', () => {
  const { teacherWeight, ...older } = DEFAULT_SETTINGS;
  expect(settingsOfAnyAge({ ...older, trainTeacher: true })).toEqual({
    ...DEFAULT_SETTINGS,
    teacherWeight: 1,
  });
  expect(completeSettings({ ...older, trainTeacher: false })).toEqual({
    ...methodSettings(DEFAULT_SETTINGS),
    teacherWeight: 0,
  });
  expect(settingsOfAnyAge({ ...DEFAULT_SETTINGS, trainTeacher: true })).toEqual(DEFAULT_SETTINGS);
  expect(teacherWeight).not.toBe(1);
});

test('what is unknown, and what only looks like a setting, is left out', () => {
  const strange = JSON.parse('{"__proto__":{"rollouts":3},"fromTheFuture":1,"learningRate":null}') as object;
  const settings = settingsOfAnyAge(strange);
  expect(Object.keys(settings)).toEqual(Object.keys(DEFAULT_SETTINGS));
  expect(settings.rollouts).toBe(DEFAULT_SETTINGS.rollouts);
  // As JSON writes a number that is none: refused, not replaced.
  expect(checkSettings(settings)).toEqual({ learningRate: 'Must be a number.' });
});

test('a copy keeps every value, shares nothing and holds nothing that is not known', () => {
  const tuning = { kind: 'lora', rank: 4, alpha: 8, layers: 2 } as const;
  const given = { ...DEFAULT_SETTINGS, tuning: { ...tuning, more: 1 }, more: 1 };
  const copy = copySettings(given);
  expect(copy).toEqual({ ...DEFAULT_SETTINGS, tuning });
  expect(copy.axes).not.toBe(given.axes);
  expect(copySettings({ ...DEFAULT_SETTINGS, tuning: { kind: 'full' } }).tuning).toEqual({ kind: 'full' });
});
