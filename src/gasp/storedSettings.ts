/** Settings as a record holds them. */
import * as v from 'valibot';
import { checkSettings, copySettings, settingsOfAnyAge } from './defaults.ts';

/** Settings of a stored run of any age; a missing one gets the behaviour from before the setting existed. */
export const storedSettings = v.pipe(
  v.custom<object>((value) => typeof value === 'object' && value !== null),
  v.transform(settingsOfAnyAge),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const [first] = Object.entries(checkSettings(dataset.value));
    if (first) addIssue({ message: `settings that cannot be used (${first[0]}: ${first[1]})` });
  }),
  v.transform(copySettings),
);
