/**
 * Data that are too large for the repository or not ours to pass on, in `../shared` beside it. Tests that need
 * them are skipped where they are not there, and say so at the end of their title, which `npm test` counts.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const sharedFolder = fileURLToPath(new URL('../../../shared/', import.meta.url));

/** A real model in 4 bits, with PyTorch's numbers. */
export const SMOLLM2 = 'models/SmolLM2-135M-Instruct';
/** Benchmarks and a model's answers to them, with the verdicts of the references. */
export const JUDGED = 'data/judged';

/** For `test.skipIf`: whether `path` below the shared folder is absent. */
export const lacksShared = (path: string) => !existsSync(sharedFolder + path);

/** The title of a test that needs `path`. */
export const needs = (path: string, title: string) => `${title} (needs ../shared/${path})`;
