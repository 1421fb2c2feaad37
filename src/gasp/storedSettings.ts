/** Settings as a record holds them. */
import * as v from 'valibot';
import { checkSettings, DEFAULT_SETTINGS } from './defaults.ts';
import type { Settings } from './settings.ts';

/** Of any age: what a setting that is missing here was then is its default now. */
export const storedSettings = v.pipe(
  v.custom<Record<string, unknown>>((value) => typeof value === 'object' && value !== null),
  v.transform((given): Settings => {
    const chosen: Record<string, unknown> = { ...DEFAULT_SETTINGS };
    for (const key of Object.keys(DEFAULT_SETTINGS)) if (Object.hasOwn(given, key)) chosen[key] = given[key];
    return chosen as unknown as Settings;
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const [first] = Object.entries(checkSettings(dataset.value));
    if (first) addIssue({ message: `settings that cannot be used (${first[0]}: ${first[1]})` });
  }),
  v.transform(({ tuning, axes, ...rest }): Settings => {
    const { kind } = tuning;
    const plain =
      kind === 'full'
        ? { kind }
        : {
            kind,
            rank: tuning.rank,
            alpha: tuning.alpha,
            ...(tuning.layers !== undefined && { layers: tuning.layers }),
          };
    return { ...rest, axes: [...axes], tuning: plain };
  }),
);
