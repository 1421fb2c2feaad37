/** What happens at a moment of a run, in one plain line with the run's own names. */
import type { Question } from '../gasp/question.ts';
import { slots } from '../gasp/methods.ts';
import { paidByCurve } from '../gasp/rewards.ts';
import type { RunEvent } from './events.ts';
import { change, unseenGain } from './gains.ts';
import { tenths, trend } from './gainWords.ts';
import { findStone, goalpostStates, newlySolved, type RunState, type Stone } from './state.ts';

const trends = { up: 'it got better', down: 'it got worse', even: 'that may be chance' };
const WORDS = 'no one two three four five six seven eight nine ten eleven twelve'.split(' ');
const number = (n: number) => WORDS[n] ?? String(n);
const quoted = ({ title, id }: Pick<Question, 'title' | 'id'>) => `“${title || id}”`;
const plural = (n: number, one: string) => `${number(n)} ${one}${n === 1 ? '' : 's'}`;

/** `state` is the run right after `event`. Null where there is nothing to say. */
export function narrate(state: RunState, event: RunEvent): string | null {
  const guided = slots(state.settings).guided > 0;
  switch (event.type) {
    case 'run-started':
    case 'resumed':
    case 'noted':
    case 'renamed':
      if (state.iterations.some(({ counters }) => counters)) return 'The run is taken up again.';
      return guided
        ? `${state.name} begins. A small model has ${plural(state.goalposts.length, 'goalpost')} before it that it cannot solve.`
        : `${state.name} begins. A small model makes questions up and answers them itself.`;
    case 'iteration-started': {
      const [first, ...others] = event.goalposts.map((id) => goalpostOf(state, id));
      return first
        ? `Iteration ${event.iteration}: it looks at ${quoted(first)}${others.length > 0 ? ` and ${number(others.length)} more` : ''}.`
        : `Iteration ${event.iteration}: it makes questions up.`;
    }
    case 'proposed': {
      const stone = findStone(state, event.proposal.id);
      return stone ? written(state, stone) : null;
    }
    case 'rewarded': {
      const stone = findStone(state, event.proposal);
      return stone ? tried(state, stone) : null;
    }
    case 'attempted': {
      const stones = [...(state.iterations.at(-1)?.stones ?? []), ...state.taught];
      const stone = stones.findLast(({ proposal }) => proposal.question?.id === event.question);
      return stone ? tried(state, stone) : null;
    }
    case 'taught':
      return event.proposal.question
        ? `Somebody wrote ${quoted(event.proposal.question)} in the teacher’s place.`
        : null;
    case 'hindsight':
      return `It also learns from ${event.sequences} right answers that it has not sampled now: programs of its own questions, and earlier answers.`;
    case 'updated': {
      const stones = state.iterations.at(-1)?.stones ?? [];
      const usable = stones.filter(({ proposal }) => proposal.question).length;
      const few = stones.length > 0 && usable < stones.length / 4;
      return event.sequences === 0
        ? `There was nothing to learn from in iteration ${event.iteration}: no question got right and wrong answers.`
        : `Now it learns from ${event.sequences} of its own texts: what went right becomes likelier.${few ? ` Only ${usable} of ${stones.length} questions that it wrote could be used.` : ''}`;
    }
    case 'evaluated': {
      const tries = Object.values(event.passed);
      const solved = tries.filter((passed) => passed > 0).length;
      const [first, ...others] = newlySolved(state, event.iteration);
      const news = first
        ? ` For the first time: ${quoted(first.question)}${others.length > 0 ? ` and ${number(others.length)} more` : ''}.`
        : '';
      return `The goalposts themselves are tried, ${plural(event.samples, 'answer')} each: ${solved} of ${tries.length} with a right one.${news} It does not train on these answers.`;
    }
    case 'taught-tried': {
      const stone = findStone(state, event.question);
      return `It learned from your question ${stone?.proposal.question ? quoted(stone.proposal.question) : event.question}: ${event.passed} of ${event.samples} new answers are right.`;
    }
    case 'validated': {
      const gain = unseenGain(state);
      if (!gain) return null;
      if (!gain.now)
        return `Before training, ${tenths(gain.start.rate)} of its answers to questions that it has never seen are right.`;
      const certain = trends[trend(change(gain.start, gain.now))];
      return `Questions that it has never seen: ${tenths(gain.now.rate)} of the answers are right, ${tenths(gain.start.rate)} at the start; ${certain}.`;
    }
    case 'measured':
    case 'checkpoint':
    case 'iteration-finished': {
      const { stones = [], iteration = 0 } = state.iterations.at(-1) ?? {};
      if (stones.length === 0) return null;
      const accepted = stones.filter((stone) => stone.accepted).length;
      return `Iteration ${iteration} is over: ${number(accepted)} of ${stones.length} questions that it wrote ${paidByCurve(state.settings) ? 'were hard enough and not too hard' : 'go into what it learns'}.`;
    }
  }
}

const goalpostOf = (state: RunState, id: string | undefined) =>
  state.goalposts.find((goalpost) => goalpost.id === id);

/** Before its answers. */
function written(state: RunState, { proposal, passRate }: Stone): string {
  const goalpost = goalpostOf(state, proposal.goalpost);
  if (!proposal.question)
    return `${goalpost ? `For ${quoted(goalpost)} it` : 'It'} wrote something that cannot be used: ${proposal.fault?.message ?? 'no question'}`;
  const title = quoted(proposal.question);
  const next = passRate === undefined ? ' Can it solve that?' : '';
  if (proposal.role === 'lemma' && goalpost)
    return `${cannot(state, goalpost)} It wrote itself something easier, ${title}.${next}`;
  if (proposal.role === 'lift') {
    const parent = findStone(state, proposal.parent)?.proposal.question;
    return `${parent ? `From ${quoted(parent)} it` : 'It'} made something harder, ${title}.${next}`;
  }
  return `It made a question up, ${title}.${next}`;
}

/** With its answers. */
function tried(state: RunState, stone: Stone): string {
  const attempts = stone.trials.find(({ task }) => task === 'induction')?.attempts;
  const { role, question, goalpost: id, parent } = stone.proposal;
  if (!question) return written(state, stone);
  const title = quoted(question);
  const right = attempts?.filter(({ verdict }) => verdict === 'passed').length;
  const score =
    right !== undefined
      ? `${number(right)} of ${number(attempts!.length)} answers right`
      : `${Math.round(100 * (stone.passRate ?? 0))}% of the answers right`;
  const rate = stone.passRate ?? (right ?? 0) / (attempts?.length ?? 1);
  const goalpost = goalpostOf(state, id);
  const verdict = rate === 0 ? ' Too hard for now.' : rate === 1 ? ' Too easy to learn from.' : '';
  if (role === 'lemma' && goalpost) {
    const next = stone.accepted && slots(state.settings).guided > 0 ? ' Now something harder.' : verdict;
    return `${cannot(state, goalpost)} It wrote itself ${title}: ${score}.${next}`;
  }
  if (role === 'lift') {
    const from = findStone(state, parent)?.proposal.question;
    return `${from ? `From ${quoted(from)} it` : 'It'} made something harder, ${title}: ${score}.${verdict}`;
  }
  return `It made up ${title}: ${score}.${verdict}`;
}

function cannot(state: RunState, goalpost: Question): string {
  const status = goalpostStates(state).find(({ question }) => question.id === goalpost.id);
  return status?.solvedAt === undefined
    ? `It cannot do ${quoted(goalpost)}.`
    : `It solves ${quoted(goalpost)} now and then.`;
}
