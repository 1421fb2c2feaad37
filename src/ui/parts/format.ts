/** Numbers and words as the page writes them. */
import type { Axis, ProposerRole, Verdict } from '../../gasp/question.ts';
import type { Activity } from '../../lab/protocol.ts';
import type { RunEvent } from '../../run/events.ts';

export const percent = (share: number): string =>
  `${(share * 100).toFixed(share > 0 && share < 0.01 ? 2 : share < 0.1 && share > 0 ? 1 : 0)}%`;

/** "4 times", and below one "0.3 times". */
export const times = (factor: number): string =>
  `${factor >= 1e4 ? factor.toExponential(0).replace('e+', ' · 10^') : factor >= 10 ? Math.round(factor) : Number(factor.toPrecision(2))} times`;

/** "1 in 40": a share below a half as people say it. */
export function oneIn(share: number): string {
  if (share >= 0.5) return percent(share);
  const one = 1 / share;
  const rounded = one < 10 ? Number(one.toFixed(1)) : Number(one.toPrecision(2));
  return rounded < 1e6 ? `1 in ${rounded.toLocaleString('en')}` : '1 in millions';
}

/** Three significant digits or so, without zeros that say nothing. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  const text =
    size > 0 && size < 0.001
      ? value.toExponential(1)
      : String(Number(value.toFixed(size < 0.1 ? 4 : size < 10 ? 2 : size < 100 ? 1 : 0)));
  return text.replaceAll('-', '−');
}

/** 1234567 as "1.23 M". */
export function count(value: number): string {
  if (value < 1e4) return value.toLocaleString('en');
  if (value < 1e6) return `${(value / 1e3).toFixed(value < 1e5 ? 1 : 0)} k`;
  return `${(value / 1e6).toFixed(2)} M`;
}

export function bytes(value: number): string {
  if (value < 1e6) return `${Math.round(value / 1e3)} kB`;
  return value < 1e9 ? `${(value / 1e6).toFixed(value < 1e8 ? 1 : 0)} MB` : `${(value / 1e9).toFixed(1)} GB`;
}

export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** "3 minutes ago", from the browser's own words for it. */
export function ago(at: number, now: number): string {
  const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  const seconds = (at - now) / 1000;
  const units = [
    ['day', 86400],
    ['hour', 3600],
    ['minute', 60],
  ] as const;
  for (const [unit, size] of units)
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit);
  return 'just now';
}

export const roleNames: Record<ProposerRole, string> = {
  lemma: 'Lemma',
  lift: 'Lift',
  unguided: 'Unguided question',
};

export const axisNames = { io: 'I/O axis', f: 'f axis' } as const;

/** What an axis asks to be kept, and whether it was. */
const kept = {
  io: { yes: 'same program', no: 'another program' },
  f: { yes: 'same inputs', no: 'other inputs' },
} as const;

/** "I/O axis, another program": what was asked for, and what came of it where that is known. */
export function axisText(axis: Axis, followed: boolean | undefined): string {
  return followed === undefined
    ? axisNames[axis]
    : `${axisNames[axis]}, ${kept[axis][followed ? 'yes' : 'no']}`;
}

export const verdictNames: Record<Verdict, string> = {
  passed: 'passed',
  wrong: 'wrong',
  raised: 'raised an error',
  timeout: 'took too long',
  unsafe: 'not allowed',
  unparsable: 'not a program',
};

const activities: Record<Activity['task'], string> = {
  'loading-model': 'Loading the model',
  'loading-judge': 'Starting Python',
  'proposing-lemmas': 'Writing lemmas',
  'proposing-lifts': 'Writing lifts',
  'proposing-questions': 'Making questions up',
  validating: 'Running the proposals',
  'solving-lemmas': 'Trying the lemmas',
  'solving-lifts': 'Trying the lifts',
  'solving-questions': 'Trying the questions',
  'solving-tasks': 'Trying other questions',
  updating: 'Updating the weights',
  evaluating: 'Trying all goalposts',
  'validating-unseen': 'Trying unseen questions',
  'trying-kept': 'Trying your question again',
  mining: 'Looking for goalposts',
  measuring: 'Measuring',
  saving: 'Saving a checkpoint',
};

/** Words for a task once its files are loaded. */
const loaded: Partial<Record<Activity['task'], string>> = {
  'loading-model': 'Preparing the model',
  'loading-judge': 'Starting Python in its sandbox',
};

/** "Trying the lemmas, 24 of 96 answers". */
export function activityText({ task, done, total, unit }: Activity): string {
  if (total === 0) return activities[task];
  if (done >= total && loaded[task]) return loaded[task];
  const amount =
    unit === 'bytes'
      ? `${bytes(done)} of ${bytes(total)}`
      : `${count(Math.floor(done))} of ${count(total)} ${unit}`;
  return `${activities[task]}, ${amount}`;
}

/** Progress of a task from 0 to 1; undefined where it is unknown. */
export function activityShare({ task, done, total }: Activity): number | undefined {
  return total === 0 || (done >= total && loaded[task]) ? undefined : done / total;
}

/** "lift accepted": an event in two or three words. */
export function eventText(event: RunEvent): string {
  switch (event.type) {
    case 'run-started':
      return 'run started';
    case 'renamed':
      return 'renamed';
    case 'noted':
      return 'note written';
    case 'resumed':
      return event.after === 0 ? 'begins' : 'resumed';
    case 'iteration-started':
      return 'goalposts drawn';
    case 'proposed':
      return event.proposal.fault ? `${event.proposal.role} turned away` : `${event.proposal.role} proposed`;
    case 'attempted':
      return `${event.attempts.length} answers`;
    case 'rewarded':
      return event.accepted ? 'accepted' : 'out of its band';
    case 'hindsight':
      return 'right answers learned';
    case 'taught':
      return 'taught by a person';
    case 'taught-tried':
      return 'your question tried again';
    case 'updated':
      return 'weights updated';
    case 'evaluated':
      return event.iteration === 0 ? 'start evaluated' : 'goalposts tried';
    case 'validated':
      return event.iteration === 0 ? 'start’s rate known' : 'unseen questions tried';
    case 'measured':
      return 'measured';
    case 'checkpoint':
      return 'checkpoint';
    case 'iteration-finished':
      return 'iteration done';
  }
}
