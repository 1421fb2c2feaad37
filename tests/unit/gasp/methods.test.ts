import { expect, test } from 'vitest';
import { checkSettings, completeSettings, DEFAULT_SETTINGS, withMethod } from '../../../src/gasp/defaults.ts';
import { foothold } from '../../../src/gasp/citations.ts';
import { METHOD_NAMES, METHODS, methodSettings, slots } from '../../../src/gasp/methods.ts';

test('every method is usable, cited and told apart from the others by what it fixes', () => {
  const made = new Map<string, string>();
  for (const method of METHOD_NAMES) {
    const { title, about, citation, contains } = METHODS[method];
    expect(title).not.toBe('');
    expect(about).toMatch(/\.$/);
    if (citation !== foothold) expect(citation.url).toMatch(/^https:\/\/arxiv\.org\/abs\/\d/);
    for (const part of contains) expect(METHOD_NAMES).toContain(part);
    const settings = methodSettings({ ...DEFAULT_SETTINGS, method });
    expect(checkSettings(settings)).toEqual({});
    const { method: _, ...rest } = settings;
    const same = JSON.stringify(rest);
    if (METHODS[method].untrained) continue;
    expect(made.get(same), `${method} fixes what this one does`).toBeUndefined();
    made.set(same, method);
  }
});

test('what a method fixes stands above what was chosen, in stored runs too', () => {
  const some = { ...DEFAULT_SETTINGS, goalpostsPerIteration: 32, unguidedShare: 0.25 };
  expect(slots({ ...some, method: 'azr' })).toEqual({
    guided: 0,
    unguided: 32,
    real: 0,
  });
  const { lifts, realShare, ...older } = { ...some, method: 'azr' as const };
  expect(completeSettings(older as typeof DEFAULT_SETTINGS)).toMatchObject({ unguidedShare: 1, lifts: 0 });
});

test('real questions take their share first, unguided ones theirs of the rest', () => {
  const settings = { ...DEFAULT_SETTINGS, goalpostsPerIteration: 32, unguidedShare: 0.25 };
  expect(slots({ ...settings, method: 'real' })).toEqual({ guided: 0, unguided: 0, real: 32 });
  expect(slots({ ...settings, method: 'gasp' })).toEqual({ guided: 24, unguided: 8, real: 0 });
  expect(slots({ ...settings, method: 'gasp+real' })).toEqual({ guided: 12, unguided: 4, real: 16 });
});

test('another method frees what the one before had fixed, and nothing that was chosen', () => {
  const chosen = { ...DEFAULT_SETTINGS, unguidedShare: 0.25, rollouts: 4 };
  // As a run stores them.
  const azr = methodSettings({ ...chosen, method: 'azr' });
  const gasp = methodSettings(withMethod(azr, 'gasp'));
  expect(slots(gasp)).toMatchObject({ unguided: 0, real: 0 });
  expect(gasp).toMatchObject({ method: 'gasp', lifts: DEFAULT_SETTINGS.lifts, rollouts: 4 });
  // As somebody has them who looks through the methods.
  expect(withMethod(withMethod(chosen, 'azr'), chosen.method)).toEqual(chosen);
  for (const from of METHOD_NAMES)
    for (const to of METHOD_NAMES) {
      const run = methodSettings({ ...DEFAULT_SETTINGS, method: from });
      expect(methodSettings(withMethod(run, to))).toEqual(
        methodSettings({ ...DEFAULT_SETTINGS, method: to }),
      );
    }
});
