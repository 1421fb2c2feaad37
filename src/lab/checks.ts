/** What is found out before a model is loaded in vain. All of it throws `LabError`s. */
import { checkSettings, completeSettings } from '../gasp/defaults.ts';
import { METHODS, slots } from '../gasp/methods.ts';
import type { Dialect } from '../gasp/ports.ts';
import type { Question } from '../gasp/question.ts';
import type { Settings } from '../gasp/settings.ts';
import { EVENT_VERSION, type EventOf, type RunEvent } from '../run/events.ts';
import { LabError } from './problems.ts';

/** The beginning of a stored run, with what settings were added since at their defaults. */
export function startOf(run: string, events: readonly RunEvent[]): EventOf<'run-started'> {
  const [first] = events;
  if (first?.type !== 'run-started') {
    throw new LabError(
      `There is no run ${run} here.`,
      'It may have been deleted. Choose another one from the list.',
    );
  }
  if (first.version !== EVENT_VERSION) {
    throw new LabError(
      `This run was recorded by another version of the lab (format ${first.version}).`,
      'Reload the page to get the newest version, or start a new run.',
    );
  }
  return { ...first, settings: completeSettings(first.settings) };
}

export function checkTrains({ method }: Settings, iterations?: number): void {
  if (!METHODS[method]?.untrained || iterations === 0) return;
  throw new LabError(
    'The base model is what the others are compared with: it is not trained.',
    'Choose another method.',
  );
}

export function checkStart(
  settings: Settings,
  goalposts: readonly Question[],
  questions: readonly Question[] = [],
): void {
  const errors = Object.entries(checkSettings(settings));
  if (errors.length > 0) {
    const list = errors.map(([field, error]) => `${field}: ${error}`).join(' ');
    throw new LabError(`These settings cannot be used. ${list}`, 'Correct them and press Run again.');
  }
  const { guided, real } = slots(settings);
  if (questions.length === 0 && real > 0) {
    throw new LabError(
      `${METHODS[settings.method].title} trains on the bank's own questions, and there are none.`,
      'Choose a bank that has questions, or another method.',
    );
  }
  if (goalposts.length === 0 && guided > 0) {
    throw new LabError(
      'There are no goalposts to guide this run.',
      'Choose at least one, or the unguided method.',
    );
  }
}

export function checkReadable(dialect: Dialect, goalposts: readonly Question[]): void {
  const problems = goalposts.flatMap((q) => {
    const reason = dialect.unreadable?.(q);
    return reason ? [`“${q.title}”: ${reason}.`] : [];
  });
  if (problems.length > 0) {
    throw new LabError(
      `The model cannot read ${problems.length} of the goalposts. ${problems[0]}`,
      'Leave them out, or choose another model.',
    );
  }
}

/** Weights of a checkpoint that were asked for and are not here. */
export function goneCheckpoint(checkpoint: string): LabError {
  return new LabError(
    `The weights of ${checkpoint} are not stored here.`,
    'Newer ones took their place, or the run came by a link or a file without weights. Choose another checkpoint: in a run of your own the newest and those marked as kept are always there.',
  );
}
