/**
 * What a stranger's session may hold. Everything is built anew from the fields that are known here, so
 * that nothing else (`__proto__`, a title that is an object) comes through.
 */
import * as v from 'valibot';
import { checkSettings, DEFAULT_SETTINGS } from '../gasp/defaults.ts';
import type { Attempt, Question } from '../gasp/question.ts';
import type { Settings } from '../gasp/settings.ts';
import { EVENT_VERSION, type RunEvent } from '../run/events.ts';

/** Characters of anything that is read as a whole, such as a program or what an answer printed. */
const LONGEST_TEXT = 100_000;
const LONGEST_NAME = 200;
/** Entries of any list. */
const LONGEST_LIST = 100_000;

/** One call instead of a pipe of two: a long run has a million of them. */
const textUpTo = (longest: number) =>
  v.custom<string>(
    (value) => typeof value === 'string' && value.length <= longest,
    `not a text of at most ${longest} characters`,
  );
const text = textUpTo(LONGEST_TEXT);
const name = textUpTo(LONGEST_NAME);
const list = <T extends v.GenericSchema>(item: T) => v.pipe(v.array(item), v.maxLength(LONGEST_LIST));
const number = v.pipe(v.number(), v.finite());
/** JSON writes NaN as null: a mean over nothing. */
const measured = v.pipe(
  v.nullable(number),
  v.transform((value) => value ?? Number.NaN),
);
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
/** Ids become keys of objects, where these would find what every object has. */
const id = v.pipe(
  name,
  v.nonEmpty(),
  v.check((key) => !(key in Object.prototype), 'an id that no question has'),
);

const question = v.pipe(
  v.object({
    id,
    title: textUpTo(2000),
    message: text,
    program: text,
    inputs: list(text),
    outputs: list(text),
    shown: whole,
    tags: v.exactOptional(v.record(name, v.union([text, number, v.boolean()]))),
  }),
  v.check(
    ({ inputs, outputs, shown }) => inputs.length === outputs.length && shown <= inputs.length,
    'a question whose inputs and outputs do not match',
  ),
);

const task = v.picklist(['induction', 'deduction', 'abduction']);
const axis = v.picklist(['io', 'f']);
const proposer = v.picklist(['lemma', 'lift', 'unguided']);
const role = v.picklist(['lemma', 'lift', 'unguided', 'solver']);
const faultKind = v.picklist([
  'unparsable',
  'syntax',
  'unsafe',
  'raises',
  'timeout',
  'nondeterministic',
  'degenerate',
  'copy',
]);

const proposal = v.pipe(
  v.object({
    id,
    role: proposer,
    axis: v.exactOptional(axis),
    goalpost: v.exactOptional(id),
    parent: v.exactOptional(id),
    text,
    similarity: v.exactOptional(measured),
    question: v.exactOptional(question),
    fault: v.exactOptional(v.object({ kind: faultKind, message: text, line: v.exactOptional(whole) })),
  }),
  v.check(({ question, fault }) => !question !== !fault, 'a proposal that is neither usable nor at fault'),
);

const VERDICTS: readonly unknown[] = ['passed', 'wrong', 'raised', 'timeout', 'unsafe', 'unparsable'];

/** By hand, since nine tenths of a log are these. */
const attempt = v.pipe(
  v.custom<Attempt>((value) => {
    if (typeof value !== 'object' || value === null) return false;
    const { text, verdict, reason, reward } = value as Record<string, unknown>;
    return (
      [text, reason].every((part) => typeof part === 'string' && part.length <= LONGEST_TEXT) &&
      VERDICTS.includes(verdict) &&
      Number.isFinite(reward)
    );
  }, 'not an answer with its verdict'),
  v.transform(({ text, verdict, reason, reward }): Attempt => ({ text, verdict, reason, reward })),
);

const adapter = v.object({
  modules: list(v.object({ name, in: whole, out: whole, rank: whole, scale: number })),
});
const policy = v.object({
  model: name,
  backend: name,
  parameters: whole,
  trainable: whole,
  adapter: v.exactOptional(adapter),
});

/** Of any age: what a setting that is missing here was then is its default now. */
const settings = v.pipe(
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

const at = v.pipe(v.number(), v.finite());
const iteration = whole;
/** Names of checkpoints become names of files. */
const blob = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/));
const branchedFrom = v.object({ run: name, iteration: whole });

const kinds = [
  v.object({
    type: v.literal('run-started'),
    version: v.literal(EVENT_VERSION),
    run: id,
    name,
    settings,
    model: name,
    bank: name,
    goalposts: list(question),
    questions: v.exactOptional(list(question)),
    adapter: v.exactOptional(name),
    branchedFrom: v.exactOptional(branchedFrom),
    at,
  }),
  v.object({ type: v.literal('renamed'), name, at }),
  v.object({ type: v.literal('noted'), text, at }),
  v.object({ type: v.literal('resumed'), after: whole, policy, at }),
  v.object({
    type: v.literal('iteration-started'),
    iteration,
    goalposts: list(id),
    axes: list(v.nullable(axis)),
    at,
  }),
  v.object({ type: v.literal('proposed'), iteration, proposal, at }),
  v.object({
    type: v.literal('attempted'),
    iteration,
    question: id,
    task,
    index: v.exactOptional(whole),
    attempts: list(attempt),
    passRate: share,
    at,
  }),
  v.object({
    type: v.literal('rewarded'),
    iteration,
    proposal: id,
    passRate: share,
    reward: number,
    accepted: v.boolean(),
    at,
  }),
  v.object({
    type: v.literal('taught'),
    iteration,
    proposal: v.pipe(
      proposal,
      v.check(({ question }) => question !== undefined, 'a kept proposal without its question'),
    ),
    attempts: list(attempt),
    passRate: share,
    reward: number,
    accepted: v.boolean(),
    at,
  }),
  v.object({
    type: v.literal('updated'),
    iteration,
    stats: v.object({
      loss: measured,
      gradNorm: measured,
      kl: measured,
      clipped: measured,
      entropy: measured,
      steps: whole,
      tokens: whole,
      moved: measured,
    }),
    groups: list(
      v.object({
        role,
        task: v.picklist(['induction', 'deduction', 'abduction', 'proposal']),
        rollouts: whole,
        meanReward: measured,
      }),
    ),
    sequences: whole,
    at,
  }),
  v.object({
    type: v.literal('evaluated'),
    iteration,
    samples: v.pipe(whole, v.minValue(1)),
    passed: v.record(id, whole),
    at,
  }),
  v.object({
    type: v.literal('measured'),
    iteration,
    split: v.picklist(['goalposts', 'heldout', 'validation']),
    samples: v.pipe(whole, v.minValue(1)),
    answers: v.record(id, v.pipe(v.string(), v.regex(/^[01]*$/), v.maxLength(LONGEST_TEXT))),
    at,
  }),
  v.object({ type: v.literal('checkpoint'), iteration, blob, bytes: whole, kept: v.boolean(), at }),
  v.object({
    type: v.literal('iteration-finished'),
    iteration,
    counters: v.object({
      tokensSampled: v.pipe(number, v.minValue(0)),
      tokensTrained: v.pipe(number, v.minValue(0)),
      seconds: v.pipe(number, v.minValue(0)),
    }),
    at,
  }),
] as const;
const anyKind = v.variant('type', kinds);
const kindOf = new Map<unknown, (typeof kinds)[number]>(
  kinds.map((kind) => [kind.entries.type.literal, kind]),
);
/** `anyKind`, found by name instead of tried one after the other: a long run has ten thousand of them. */
const event = v.lazy(
  (input): typeof anyKind | (typeof kinds)[number] =>
    kindOf.get((input as { type?: unknown } | null | undefined)?.type) ?? anyKind,
);

export const recipeSchema = v.object({
  model: name,
  bank: name,
  settings,
  goalposts: list(question),
  questions: v.exactOptional(list(question)),
});

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

/** Recipe as a link carries it. */
export interface Recipe {
  model: string;
  bank: string;
  settings: Settings;
  goalposts: Question[];
  /** The bank's training questions, for methods that train on them. */
  questions?: Question[];
}

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

/** Keeps schema and events in step: it lets events through, all kinds of them, with all of their fields. */
type WithoutSeq<E> = E extends RunEvent ? Omit<E, 'seq'> : never;
type Unnumbered = WithoutSeq<RunEvent>;
type Read = v.InferOutput<typeof event>;
type Whole<T> = T extends (infer U)[] ? Whole<U>[] : T extends object ? { [K in keyof T]-?: Whole<T[K]> } : T;
const _reads: (read: Read) => Unnumbered = (read) => read;
const _whole: (read: Whole<Read>) => Whole<Unnumbered> = (read) => read;
const _kinds: (written: Unnumbered['type']) => Read['type'] = (written) => written;
void [_reads, _whole, _kinds];
