/** What of a run is made smaller so that a model fits. */
import { expect, test } from 'vitest';
import { DEFAULT_SETTINGS } from '../../../src/gasp/defaults.ts';
import type { Settings } from '../../../src/gasp/settings.ts';
import { estimateRun, fittingSettings, HUB_SETTINGS } from '../../../src/lab/hubRun.ts';
import type { Dtype } from '../../../packages/onnx-lora/src/model/memory.ts';
import { PRESETS } from '../../../src/local/presets.ts';
import { describeFitting } from '../../../src/ui/parts/wording.ts';

const settings = { ...DEFAULT_SETTINGS, ...HUB_SETTINGS };
const { size } = PRESETS.find((p) => p.id.includes('Coder-1.5B'))!;
const layersOf = ({ tuning }: Settings) => (tuning.kind === 'lora' ? tuning.layers : undefined);
const withLayers = (count: number): Settings => ({
  ...settings,
  tuning: { kind: 'lora', rank: 8, alpha: 16, layers: count },
});

/** The least that such a run can do with. */
const least = (run: Settings, dtype: Dtype = 'q4') => estimateRun(size, dtype, run, 0).total;

test('what fits stays as it is', () => {
  const { total } = estimateRun(size, 'q4', settings);
  expect(fittingSettings(size, settings, total, ['q4', 'q4f16'])).toMatchObject({ dtype: 'q4', settings });
});

test('one layer more would not fit, in any of the dtypes', () => {
  const limit = least(withLayers(5));
  const q4 = fittingSettings(size, settings, limit, ['q4'])!;
  expect(layersOf(q4.settings)).toBe(5);
  expect(q4.estimate.total).toBeLessThanOrEqual(limit);
  // The smaller dtype leaves room for more.
  const any = fittingSettings(size, settings, limit, ['q4', 'q4f16'])!;
  const layers = layersOf(any.settings)!;
  expect(any.dtype).toBe('q4f16');
  expect(layers).toBeGreaterThan(5);
  expect(least(withLayers(layers + 1), 'q4f16')).toBeGreaterThan(limit);
  const needed = any.estimate.total;
  expect(describeFitting({ ...any, needed }, { dtype: 'q4', settings })).toBe(
    `weights as q4f16, adapters on the last ${layers} layers: about ${(any.estimate.total / 1e9).toFixed(1)} GB`,
  );
});

test('passes become shorter before layers are left out', () => {
  const wide = { ...settings, microbatchTokens: 8192 };
  const limit = least({ ...settings, microbatchTokens: 2048 });
  const fitting = fittingSettings(size, wide, limit, ['q4'])!;
  expect(fitting.settings).toEqual({ ...wide, microbatchTokens: 2048 });
});

test('fewer answers at a time where sampling takes more than training', () => {
  const many = { ...withLayers(1), goalpostsPerIteration: 8 };
  const limit = least({ ...many, goalpostsPerIteration: 3 });
  expect(limit).toBeLessThan(least(many));
  const fitting = fittingSettings(size, many, limit, ['q4'])!;
  expect(fitting.settings.goalpostsPerIteration).toBe(3);
  expect(layersOf(fitting.settings)).toBe(1);
});

test('where not even one layer fits, nothing is offered', () => {
  expect(fittingSettings(size, settings, 2e9, ['q4', 'q4f16'])).toBeUndefined();
});
