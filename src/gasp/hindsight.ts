/**
 * Hindsight: the student also learns from right answers that nobody sampled just now. A valid proposal comes with one,
 * its own program, which the teacher wrote and the judge ran; and a right answer of earlier iterations is still
 * right. Each is trained on as the text with which the student would answer, by its likelihood.
 */
import { Random } from 'onnx-lora/random';
import type { IterationEvent } from './events.ts';
import { withFreshInputs } from './freshInputs.ts';
import type { Dialect, Judge, Policy, WeightedSequence } from './ports.ts';
import type { Question } from './question.ts';
import type { Settings } from './settings.ts';
import { answerTokens } from './solving.ts';

type HindsightSettings = Pick<
  Settings,
  'hindsight' | 'hindsightWeight' | 'hindsightReplay' | 'hindsightInputs' | 'seed'
>;

/** Answers that are kept to be learned again: a dozen iterations' worth on the shipped model. */
const KEPT = 512;

/** A question with a right answer to learn. */
export interface Remembered {
  question: Question;
  /** Text of the student's own right answer; absent where the question's own program is the answer. */
  answer?: string;
}

/**
 * Probability from which an answer counts as mastered: the student then writes this very text in every other answer,
 * and whatever else is right comes on top of it. Scoring the text costs one forward pass, a fresh try of the question
 * costs one for each token of each answer.
 */
const MASTERED = 0.5;

/**
 * Answers to learn again until they are mastered: the newest ones, a few of them in each iteration. What is in it follows from a run's
 * stored events alone, so that a run that is taken up again goes on with the same ones.
 */
export class Replay {
  private readonly entries = new Map<string, Remembered>();
  /** By question id, since the iteration began: its question, and the student's shortest right answer to it. */
  private proposed = new Map<string, Question>();
  private answered = new Map<string, string>();
  private readonly real: ReadonlyMap<string, Question>;

  /** `questions`: the bank's own, which a run's events name by their ids only. */
  constructor(
    private readonly settings: HindsightSettings,
    questions: readonly Question[] = [],
  ) {
    this.real = new Map(questions.map((question) => [question.id, question]));
  }

  /** In the order in which they came. */
  get remembered(): readonly Remembered[] {
    return [...this.entries.values()];
  }

  /** Some of them, drawn for one iteration. */
  draw(iteration: number): Remembered[] {
    const { seed, hindsightReplay } = this.settings;
    return Random.for(seed, 'hindsight', iteration).shuffle(this.remembered).slice(0, hindsightReplay);
  }

  /** The events of finished iterations, in order. */
  take(events: readonly (IterationEvent | { type: string })[]): void {
    if (this.settings.hindsight === 'none') return;
    for (const event of events as readonly IterationEvent[]) this.takeOne(event);
  }

  private takeOne(event: IterationEvent): void {
    switch (event.type) {
      case 'iteration-started':
        this.proposed = new Map();
        this.answered = new Map();
        break;
      case 'proposed':
        if (event.proposal.question) this.proposed.set(event.proposal.id, event.proposal.question);
        break;
      case 'attempted': {
        const own = event.task === 'induction' ? shortestRight(event.attempts) : undefined;
        if (own !== undefined) this.answered.set(event.question, own);
        break;
      }
      case 'hindsight':
        for (const id of event.mastered) this.entries.delete(id);
        for (const id of event.remembered) this.remember(id);
        break;
    }
  }

  private remember(id: string): void {
    const question = this.proposed.get(id) ?? this.real.get(id);
    const answer = this.settings.hindsight === 'answers' ? this.answered.get(id) : undefined;
    if (!question) return;
    this.entries.delete(id);
    this.entries.set(id, { question, ...(answer !== undefined && { answer }) });
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= KEPT) break;
      this.entries.delete(oldest);
    }
  }
}

const shortestRight = (attempts: readonly { text: string; verdict: string }[]): string | undefined =>
  attempts
    .filter(({ verdict }) => verdict === 'passed')
    .map(({ text }) => text)
    .sort((a, b) => a.length - b.length)[0];

/** A question of this iteration with its pass rate. */
export interface Tried {
  question: Question;
  passRate: number;
}

export interface Review {
  batch: WeightedSequence[];
  event: Extract<IterationEvent, { type: 'hindsight' }>;
}

/**
 * The sequences of one iteration, with what its event says. `tried` are the questions that may be learned or
 * remembered; those with pass rate 1 are neither.
 *
 * A sequence's advantage is `hindsightWeight` times the share of answers that are not right yet: `1 - p` for a fresh
 * question, with p its pass rate, and for a replayed one `1 - q`, with q the probability of its text. An update's
 * loss is the mean over tokens of `-A log p`, so that with the ratio off this is weighted log-likelihood; every
 * mini-batch mixes these sequences with the sampled ones, and more sequences make more steps, not smaller shares.
 *
 * With fresh inputs a proposal's program comes again on inputs of other questions: what is learned is how a program
 * follows from examples, where the same examples again would teach this one text.
 */
export async function review(
  iteration: number,
  tried: readonly Tried[],
  replay: Replay | undefined,
  settings: HindsightSettings,
  tools: { policy: Policy; judge: Judge; dialect: Dialect; signal?: AbortSignal },
): Promise<Review> {
  const { policy, dialect, signal } = tools;
  const write = ({ question, answer }: Remembered) => {
    const text = answer ?? dialect.referenceAnswer(question);
    if (text === undefined) return undefined;
    const encoded = policy.encodeAnswer(dialect.solvePrompt({ type: 'induction', question }), text);
    return encoded && encoded.tokens.length <= answerTokens(question, dialect) ? encoded : undefined;
  };
  const open = tried.filter(({ passRate }) => passRate < 1);
  const fresh =
    settings.hindsight === 'proposals'
      ? open.flatMap(({ question, passRate }) => {
          const encoded = write({ question });
          return encoded ? [{ id: question.id, encoded, passRate }] : [];
        })
      : [];
  const replayed = (await replayedEntries(iteration, replay, settings, tools)).flatMap((entry) => {
    const encoded = write(entry);
    return encoded ? [{ id: entry.question.id, encoded }] : [];
  });
  const sequences = [...fresh, ...replayed];
  const scored =
    sequences.length > 0
      ? await policy.score(
          sequences.map(({ encoded }) => encoded),
          signal,
        )
      : [];
  const sums = scored.map((logprobs) => logprobs.reduce((sum, logprob) => sum + logprob, 0));
  const batch = sequences.flatMap(({ encoded }, i): WeightedSequence[] => {
    const known = fresh[i]?.passRate ?? Math.exp(sums[i]!);
    const advantage = settings.hindsightWeight * (1 - known);
    return advantage > 0 ? [{ ...encoded, logprobs: scored[i]!, advantage }] : [];
  });
  const mastered = replayed.filter((_, i) => Math.exp(sums[fresh.length + i]!) >= MASTERED);
  const remembered =
    settings.hindsight === 'answers'
      ? open.filter(({ passRate }) => passRate > 0).map(({ question }) => question.id)
      : fresh.map(({ id }) => id);
  return {
    batch,
    event: {
      type: 'hindsight',
      iteration,
      sequences: batch.length,
      replayed: replayed.length,
      tokens: batch.reduce((sum, { tokens }) => sum + tokens.length, 0),
      logprob: sums.reduce((sum, x) => sum + x, 0) / sums.length,
      remembered,
      mastered: mastered.map(({ id }) => id),
    },
  };
}

/** What comes again in this iteration. The student's own answers stay with the inputs for which it gave them. */
async function replayedEntries(
  iteration: number,
  replay: Replay | undefined,
  { hindsight, hindsightInputs, seed }: HindsightSettings,
  tools: { judge: Judge; dialect: Dialect; signal?: AbortSignal },
): Promise<Remembered[]> {
  const drawn = replay?.draw(iteration) ?? [];
  if (hindsight !== 'proposals' || hindsightInputs === 'own') return drawn;
  const questions = await withFreshInputs(
    drawn.map(({ question }) => question),
    replay?.remembered.map(({ question }) => question) ?? [],
    Random.for(seed, 'hindsight-inputs', iteration),
    tools,
  );
  return questions.map((question) => ({ question }));
}
