/** The judge's own Python: one module in several files. */

/** A file of `sandbox/harness`. */
export interface HarnessPart {
  name: string;
  source: string;
}

/** Their names, in the order in which they run: each uses what those before it define. */
export const HARNESS_PARTS = [
  'rules',
  'state',
  'examining',
  'values',
  'older',
  'sizes',
  'afresh',
  'settling',
  'once',
  'crossing',
  'steps',
  'testing',
  'requests',
] as const;
