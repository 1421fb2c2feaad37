/** Checks before a model is loaded. All of them throw `CodedError`. */
import { CodedError } from '../util/codedError.ts';
import { checkSettings, completeSettings } from '../gasp/defaults.ts';
import { METHODS, slots } from '../gasp/methods.ts';
import type { Dialect } from '../gasp/ports.ts';
import type { Question } from '../gasp/question.ts';
import type { Settings } from '../gasp/settings.ts';
import type { EventOf, RunEvent } from '../run/events.ts';
import { EVENT_VERSION } from '../run/eventVersion.ts';

/** The beginning of a stored run, with what settings were added since at their defaults. */
export function startOf(run: string, events: readonly RunEvent[]): EventOf<'run-started'> {
  const [first] = events;
  if (first?.type !== 'run-started') {
    throw new CodedError('run-unknown', { run }, `There is no run ${run} here.`);
  }
  if (first.version !== EVENT_VERSION) {
    throw new CodedError(
      'run-version',
      { version: first.version },
      `This run was recorded by another version of the lab (format ${String(first.version)}).`,
    );
  }
  return { ...first, settings: completeSettings(first.settings) };
}

export function checkTrains({ method }: Settings, iterations?: number): void {
  if (!METHODS[method]?.untrained || iterations === 0) return;
  throw new CodedError(
    'method-untrained',
    { method },
    'The base model is what the others are compared with: it is not trained.',
  );
}

export function checkStart(
  settings: Settings,
  goalposts: readonly Question[],
  questions: readonly Question[] = [],
): void {
  const errors: Record<string, string> = checkSettings(settings);
  const list = Object.entries(errors).map(([field, error]) => `${field}: ${error}`);
  if (list.length > 0) {
    const message = `These settings cannot be used. ${list.join(' ')}`;
    throw new CodedError('settings-invalid', { settings: errors }, message);
  }
  const { guided, real } = slots(settings);
  if (questions.length === 0 && real > 0) {
    throw new CodedError(
      'questions-missing',
      { method: settings.method },
      `${METHODS[settings.method].title} trains on the bank's own questions, and there are none.`,
    );
  }
  if (goalposts.length === 0 && guided > 0) {
    throw new CodedError(
      'goalposts-missing',
      { method: settings.method },
      'There are no goalposts to guide this run.',
    );
  }
}

export function checkReadable(dialect: Dialect, goalposts: readonly Question[]): void {
  const problems = goalposts.flatMap((q) => {
    const reason = dialect.unreadable?.(q);
    return reason ? [`“${q.title}”: ${reason}.`] : [];
  });
  if (problems.length > 0) {
    throw new CodedError(
      'goalposts-unreadable',
      { count: problems.length },
      `The model cannot read ${problems.length} of the goalposts. ${problems[0]}`,
    );
  }
}

/** A replay without weights comes without the tests of its benchmark's problems: nobody could be judged. */
export function checkTests(questions: readonly Question[]): void {
  const without = questions.filter(({ benchmark }) => benchmark && benchmark.tests === undefined);
  if (without.length === 0) return;
  throw new CodedError(
    'tests-missing',
    {},
    `The tests of “${without[0]!.title}” did not come with it: a replay without weights leaves them out.`,
  );
}

/** Weights of a checkpoint that were asked for and are not here. */
export function goneCheckpoint(checkpoint: string): CodedError {
  return new CodedError('checkpoint-gone', {}, `The weights of ${checkpoint} are not stored here.`);
}
