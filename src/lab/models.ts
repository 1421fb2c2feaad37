/** Which repository and dialect a run's model name stands for. */
import { microDialect } from '../dialects/micro/dialect.ts';
import type { Dialect } from '../gasp/ports.ts';
import { LabError } from './problems.ts';

/** The model that ships with the page. */
export const EMBEDDED_MODEL = 'embedded';

export interface ModelSource {
  /** Of the repository's folder, relative to the app's own files. */
  path: string;
  dialect: Dialect;
}

export function modelSource(model: string): ModelSource {
  if (model === EMBEDDED_MODEL) return { path: 'models/foothold-micro', dialect: microDialect() };
  throw new LabError(
    `There is no model named ${model} here.`,
    `Choose "${EMBEDDED_MODEL}", the one that ships with the page.`,
  );
}
