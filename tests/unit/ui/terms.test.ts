import { describe, expect, it } from 'vitest';
import { csvFile } from '../../../src/figures/figure.ts';
import { foldEvents } from '../../../src/run/state.ts';
import { type Definition, definitions, rewardSum } from '../../../src/ui/parts/terms.ts';
import { exampleEvents } from '../../fixtures/events.ts';

describe('definitions', () => {
  const all: [string, Definition][] = Object.entries(definitions);
  it.each(all)('%s says something about a run, with numbers', (_, { here }) => {
    const state = foldEvents(exampleEvents({ iterations: 20 }))!;
    const text = here?.(state) ?? '0';
    expect(text).toMatch(/\d/);
    expect(text).not.toMatch(/NaN|undefined|null|Infinity|\[object/);
  });
  it.each(all)('%s says nothing wrong about a run that has only begun', (_, { here }) => {
    const state = foldEvents(exampleEvents({ iterations: 0 }))!;
    expect(here?.(state) ?? '').not.toMatch(/NaN|undefined|null|Infinity|\[object/);
  });
});

describe('rewardSum', () => {
  it('puts the pass rate into the formula', () => {
    expect(rewardSum('lemma', 0.5)).toBe('[4 · 0.5 · 0.5]⁵ = 1');
    expect(rewardSum('lift', 0.1)).toBe('10 · 0.1 · (0.9/0.9)⁹ = 1');
    expect(rewardSum('unguided', 0.25)).toBe('1 − 0.25 = 0.75');
    expect(rewardSum('lemma', 1)).toBe('p = 1 lies outside of the band: −0.5');
  });
});

describe('csvFile', () => {
  it('quotes what needs it, keeps formulas texts, and leaves a hole where there is no number', () => {
    const columns = ['iteration', 'title, in words', 'value'];
    const rows = [
      [1, 'say "x"', 0.5],
      [2, '=1+1', Number.NaN],
    ];
    expect(csvFile({ columns, rows })).toBe(
      'iteration,"title, in words",value\r\n1,"say ""x""",0.5\r\n2,\'=1+1,\r\n',
    );
  });
});
