/**
 * Schemas of the fields that stored records are made of. A log of one's own is not checked when it opens;
 * these are what a stranger's record is held to (`share/schema.ts`), with bounds that no record of ours reaches.
 * The library of schemas loads with that check, so that all other code imports only types from here and from the
 * records that are built of these.
 */
import * as v from 'valibot';

/** Characters of anything that is read as a whole, such as a program or what an answer printed. */
export const LONGEST_TEXT = 100_000;
const LONGEST_NAME = 200;
/** Entries of any list. */
const LONGEST_LIST = 100_000;

/** One call instead of a pipe of two: a long run has a million of them. */
export const textUpTo = (longest: number) =>
  v.custom<string>(
    (value) => typeof value === 'string' && value.length <= longest,
    `not a text of at most ${longest} characters`,
  );
export const text = textUpTo(LONGEST_TEXT);
export const name = textUpTo(LONGEST_NAME);
export const list = <T extends v.GenericSchema>(item: T) => v.pipe(v.array(item), v.maxLength(LONGEST_LIST));
export const number = v.pipe(v.number(), v.finite());
/** A mean over nothing is NaN, which JSON writes as null. */
export const mean = v.pipe(
  v.nullable(number),
  v.transform((value) => value ?? Number.NaN),
);
/** A count, or a position from 0. */
export const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** From 0 to 1. */
export const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
/** Ids become keys of objects, where these would find what every object has. */
export const id = v.pipe(
  name,
  v.nonEmpty(),
  v.check((key) => !(key in Object.prototype), 'an id that no question has'),
);
