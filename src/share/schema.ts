/**
 * What a stranger's session may hold. Everything is built anew from the fields that are known here, so
 * that nothing else (`__proto__`, a title that is an object) comes through.
 */
import * as v from 'valibot';
import { list, name, whole } from '../gasp/fields.ts';
import { question } from '../gasp/question.ts';
import { storedSettings } from '../gasp/storedSettings.ts';
import { blob, type RunEventBody, events } from '../run/events.ts';

/** An event on its way: with its time, and without the number that its place in the list gives it. */
type SentEvent = RunEventBody & { at: number };
const at = v.pipe(v.number(), v.finite());
type SentSchema = v.GenericSchema<unknown, SentEvent>;
const kinds = new Map<unknown, SentSchema>(
  // The compiler takes the entries of all kinds together, and loses which `type` has which fields.
  events.map((kind) => [
    kind.entries.type.literal,
    v.object({ ...kind.entries, at }) as unknown as SentSchema,
  ]),
);
const unknownKind: SentSchema = v.custom<SentEvent>(() => false, 'an event of an unknown type');
/** Found by its type instead of tried as one kind after the other: a long run has ten thousand of them. */
const event = v.lazy(
  (input) => kinds.get((input as { type?: unknown } | null | undefined)?.type) ?? unknownKind,
);

/** Recipe as a link carries it. */
export const recipeSchema = v.object({
  model: name,
  bank: name,
  settings: storedSettings,
  goalposts: list(question),
  /** The bank's training questions, for methods that train on them. */
  questions: v.exactOptional(list(question)),
});
export type Recipe = v.InferOutput<typeof recipeSchema>;

export const replaySchema = v.object({
  runs: v.pipe(
    v.array(
      v.object({
        events: list(event),
        checkpoints: list(v.object({ blob, bytes: whole })),
      }),
    ),
    v.minLength(1),
    v.maxLength(1000),
  ),
});

/** The value, built anew, or one sentence that says what and where it cannot be. */
export function check<T extends v.GenericSchema>(
  schema: T,
  value: unknown,
): { ok: true; value: v.InferOutput<T> } | { ok: false; reason: string } {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return { ok: true, value: result.output };
  const [issue] = result.issues;
  const where = v.getDotPath(issue);
  return { ok: false, reason: `${where ? `${where}: ` : ''}${issue.message}`.slice(0, 300) };
}
