import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, test } from 'vitest';
import { compareRuns } from '../../../src/compare/comparison.ts';
import { digestRun, type RunDigest, startingModel } from '../../../src/compare/digest.ts';
import { comparisonFigures } from '../../../src/compare/comparisonFigures.tsx';
import { reportPage } from '../../../src/compare/report.tsx';
import { seriesLines } from '../../../src/compare/seriesLines.ts';
import { csvFile } from '../../../src/figures/figure.ts';
import { figureStyle } from '../../../src/figures/figureStyle.ts';
import { LineChart, spreadOut } from '../../../src/figures/LineChart.tsx';
import { marksFor } from '../../../src/figures/marks.tsx';
import { svgFile } from '../../../src/figures/svgFile.tsx';
import { METHOD_NAMES } from '../../../src/gasp/methods.ts';
import { foldEvents } from '../../../src/run/state.ts';
import { exampleEvents } from '../../fixtures/events.ts';

const runs = [1, 2].map((seed) => digestRun(foldEvents(exampleEvents({ iterations: 20, seed }))!));
const all = [startingModel(runs[0]!)!, ...runs];

test('a comparison has its figures, each with numbers and a name for who cannot see it', () => {
  const groups = comparisonFigures(compareRuns(all, { budget: {}, bank: 'b' }), all);
  const figures = groups.flatMap((group) => group.figures);
  const ids = figures.map(({ id }) => id);
  for (const id of [
    'pass-at-k-goalposts',
    'goalposts-solved',
    'goalposts-by-checkpoints',
    'similarity',
    'entropy',
  ]) {
    expect(ids).toContain(id);
  }
  for (const id of ['reward-curve-lemma', 'reward-curve-lift', 'gradNorm', 'reward-lemma'])
    expect(ids).toContain(id);
  // Held-out questions were not tried.
  expect(ids).not.toContain('pass-at-k-heldout');
  expect(new Set(ids).size).toBe(ids.length);
  for (const { drawing, table, title } of figures) {
    const svg = renderToStaticMarkup(drawing);
    expect(/aria-label="([^"]*)"/.exec(svg)![1]).toContain(title);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    for (const row of table.rows) expect(row).toHaveLength(table.columns.length);
  }
});

test.each([
  [0.117, 0.139],
  [-0.5, 1],
  [0.5, 0.5],
  [0, 0.004],
])('no two ticks of an axis from %d to %d bear the same label', (low, high) => {
  const points = [low, high].map((y, x) => ({ x, y, sd: 0 }));
  const chart = createElement(LineChart, {
    title: 't',
    lines: [{ label: 'a', mark: 0, points }],
    x: { title: 'x', ticks: [] },
    y: { format: (v) => v.toFixed(2) },
  });
  const labels = [...renderToStaticMarkup(chart).matchAll(/text-anchor="end">([^<]+)</g)].map(
    ([, label]) => label,
  );
  expect(labels.length).toBeGreaterThan(0);
  expect(new Set(labels).size).toBe(labels.length);
});

test('the report is one file that loads nothing and runs nothing', () => {
  const page = reportPage(compareRuns(all, { budget: { minutes: 1 }, bank: '<b>' }), all);
  expect(page).not.toMatch(/<script|<link|@import|url\(/);
  expect(page).not.toMatch(/(?:src|href)="(?!data:|https:\/\/arxiv\.org)/);
  expect(page).toContain('&lt;b&gt;');
  // No held-out question was tried.
  expect(page).not.toMatch(/undefined|NaN/);
  expect(page).toContain('not tried on held-out questions');
});

test('a line is the mean over runs of their means over a stretch of tokens', () => {
  const run = (seed: number, ...values: number[]): RunDigest => ({
    ...runs[0]!,
    seed,
    series: { s: values.map((value, i) => ({ iteration: i + 1, tokens: (i + 1) * 100, value })) },
  });
  const [line] = seriesLines([run(1, 1, 3), run(2, 3, 5)], 's', new Map([['gasp', 3]]), 30);
  expect(line!.points).toEqual([
    { x: expect.closeTo(103.33, 1), y: 2, sd: Math.SQRT2 },
    { x: expect.closeTo(196.67, 1), y: 4, sd: Math.SQRT2 },
  ]);
  expect(seriesLines(runs, 'nothing', new Map(), 30)).toEqual([]);
});

test('names of lines keep their order and their distance', () => {
  const places = spreadOut([50, 50, 51, 10], 12, 0, 60);
  expect(places[3]).toBe(10);
  const crowd = places.slice(0, 3).sort((a, b) => a - b);
  expect(crowd[2]).toBeLessThanOrEqual(60);
  expect(crowd[1]! - crowd[0]!).toBeGreaterThanOrEqual(12);
  expect(crowd[2]! - crowd[1]!).toBeGreaterThanOrEqual(12);
});

test('text is escaped, numbers are quoted where CSV needs it', () => {
  const lines = [{ label: '1 < 2 & 3', mark: 0, points: [{ x: 1, y: 1, sd: 0 }] }];
  const chart = createElement(LineChart, { title: 'a"b', lines, x: { title: 'x' }, y: { format: String } });
  const file = svgFile(chart);
  expect(file).toContain('>1 &lt; 2 &amp; 3</text>');
  expect(file).toContain('aria-label="a&quot;b. ');
  // Its style is the first thing in it, and no rule of it ends early.
  expect(file).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"[^>]*><style>/);
  expect(file).toContain(`<style>${figureStyle}</style>`);
  expect(csvFile({ columns: ['a,b', 'c"d'], rows: [[1.5, '=x']] })).toBe('"a,b","c""d"\r\n1.5,\'=x\r\n');
});

describe('marks', () => {
  /** WCAG's relative luminance. */
  const luminance = (hex: string) =>
    [1, 3, 5]
      .map((i) => Number.parseInt(hex.slice(i, i + 2), 16) / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
      .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i]!, 0);
  const contrast = (a: string, b: string) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high! + 0.05) / (low! + 0.05);
  };

  test('every colour has 3:1 or better on its ground', () => {
    const [light, dark] = figureStyle.split('@media (prefers-color-scheme:dark)');
    const colours = (text: string) => [...text.matchAll(/--c:(#[0-9a-f]{6})/g)].map(([, hex]) => hex!);
    expect(colours(light!).length).toBeGreaterThanOrEqual(10);
    for (const hex of colours(light!)) expect(contrast(hex, '#faf9f5'), hex).toBeGreaterThanOrEqual(3);
    for (const hex of colours(dark!)) expect(contrast(hex, '#131419'), hex).toBeGreaterThanOrEqual(3);
  });

  test('methods keep theirs whoever else is there; no two of ten are alike', () => {
    expect(marksFor(['gasp', 'x']).get('gasp')).toBe(marksFor(['x', 'azr', 'gasp']).get('gasp'));
    const ten = marksFor(METHOD_NAMES.slice(0, 10));
    expect(new Set(ten.values()).size).toBe(10);
  });
});
