import { DEFAULT_SETTINGS } from '../../../src/gasp/defaults.ts';
import type { PolicySnapshot } from '../../../src/gasp/ports.ts';
import type { RunEventBody } from '../../../src/run/events.ts';

export function started(run: string, name = run): RunEventBody {
  return {
    type: 'run-started',
    version: 1,
    run,
    name,
    settings: DEFAULT_SETTINGS,
    model: 'embedded',
    bank: 'themed',
    goalposts: [],
  };
}

export function finished(iteration: number): RunEventBody {
  return {
    type: 'iteration-finished',
    iteration,
    counters: { tokensSampled: 7 * iteration, tokensTrained: 3 * iteration, seconds: iteration / 8 },
  };
}

export function checkpointed(iteration: number, blob: string): RunEventBody {
  return { type: 'checkpoint', iteration, blob, bytes: 0, kept: true };
}

/** Values differ by step and position, so that a mix-up shows; some are not finite or not normal. */
export function snapshot(step: number, length = 1000): PolicySnapshot {
  const fill = (phase: number) => Float32Array.from({ length }, (_, i) => Math.sin(step + phase + i) * 1e-3);
  const weights = fill(0);
  weights.set([Number.NaN, Number.POSITIVE_INFINITY, -0, 1e-42]);
  return { layout: 'tiny lora 8', step, weights, firstMoment: fill(1), secondMoment: fill(2) };
}
