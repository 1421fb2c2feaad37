/** By which measure a run's questions lie on the climb. */
import { isEmbedded } from '../../lab/models.ts';
import type { Measure } from '../../run/difficulty.ts';

/** Of the shipped model it is known how often it is right before any training; of others the programs' length tells. */
export const measureOf = (model: string): Measure => (isEmbedded(model) ? 'start' : 'lines');
