/** The glossary of the field: a sentence or two, the formula, and the formula with a run's numbers in it. */
import { azrPaper, type Citation, foothold, gaspPaper } from '../../gasp/citations.ts';
import { ESTIMATOR_NAMES, ESTIMATORS } from '../../gasp/estimators.ts';
import { inBand, paidByCurve, proposerReward } from '../../gasp/rewards.ts';
import { expectedSolved, summarizeDistances } from '../../gasp/distance.ts';
import type { Axis, ProposerRole } from '../../gasp/question.ts';
import { type FrontierPoint, frontier } from '../../run/frontier.ts';
import { unseenGain, unseenRate } from '../../run/gains.ts';
import {
  finishedIterations,
  goalpostStates,
  type IterationState,
  type RunState,
  roleMeans,
  type Stone,
  summarizeEvaluation,
} from '../../run/state.ts';
import { measureOf } from '../figures/climbMeasure.ts';
import { count, oneIn, percent, short } from './format.ts';

export interface Definition {
  text: string[];
  formula?: string;
  /** The formula with this run's numbers, or what this run says about it; undefined where it says nothing yet. */
  here?: (state: RunState) => string | undefined;
  source?: Citation;
}

/** Which of teacher and student reads which part of a goalpost. */
export const whoReads =
  'Of a goalpost the teacher reads title and examples. The student, when tried on it, gets the examples only: the title would give the program away. Neither reads the program.';

const chen: Citation = { text: 'Chen et al. 2021', url: 'https://arxiv.org/abs/2107.03374' };
const ppo: Citation = { text: 'Schulman et al. 2017', url: 'https://arxiv.org/abs/1707.06347' };
const kl: Citation = { text: 'Schulman 2020', url: 'http://joschu.net/blog/kl-approx.html' };
const lora: Citation = { text: 'Hu et al. 2021', url: 'https://arxiv.org/abs/2106.09685' };

/** A negative number in a formula stands in parentheses. */
const inside = (value: number) => (value < 0 ? `(${short(value)})` : short(value));

function newest(state: RunState, role: ProposerRole): (Stone & { passRate: number }) | undefined {
  for (const iteration of state.iterations.toReversed()) {
    const found = iteration.stones.findLast((s) => s.proposal.role === role && s.passRate !== undefined);
    if (found?.passRate !== undefined) return { ...found, passRate: found.passRate };
  }
  return undefined;
}

function lastUpdate(state: RunState): (IterationState & { update: object }) | undefined {
  return state.iterations.findLast(
    (iteration): iteration is IterationState & { update: NonNullable<IterationState['update']> } =>
      iteration.update !== undefined && iteration.update.stats.steps > 0,
  );
}
const stat =
  (say: (stats: NonNullable<IterationState['update']>['stats'], iteration: number) => string) =>
  (state: RunState): string | undefined => {
    const iteration = lastUpdate(state);
    return iteration?.update && say(iteration.update.stats, iteration.iteration);
  };

const rewardSums: Record<ProposerRole, (p: string, q: string) => string> = {
  lemma: (p, q) => `[4 · ${p} · ${q}]⁵`,
  lift: (p, q) => `10 · ${p} · (${q}/0.9)⁹`,
  unguided: (p) => `1 − ${p}`,
};

/** Digits enough that the sum comes out as written. */
const exact = (value: number) => String(Number(value.toPrecision(4)));

/** A proposer's reward with its pass rate put into the formula. */
export function rewardSum(role: ProposerRole, p: number): string {
  const value = short(proposerReward(role, p));
  return inBand(role, p)
    ? `${rewardSums[role](exact(p), exact(1 - p))} = ${value}`
    : `p = ${short(p)} lies outside of the band: ${value}`;
}

const filled = (state: RunState, role: ProposerRole): string | undefined => {
  const stone = newest(state, role);
  if (!stone) return undefined;
  const sum = paidByCurve(state.settings)
    ? rewardSum(role, stone.passRate)
    : `p = ${short(stone.passRate)}, paid ${short(stone.reward ?? 0)} by another rule`;
  const iteration = state.iterations.find((i) => i.iteration === finishedIterations(state));
  const means = iteration && roleMeans(iteration, role);
  const mean =
    means && means.proposed > 0
      ? ` Iteration ${iteration.iteration}: ${means.accepted} of ${means.proposed} accepted.`
      : '';
  return `the newest: ${sum}.${mean}`;
};

export const definitions = {
  goalpost: {
    text: [
      'A question that the model cannot solve: none of many answers passed before training. It gives the direction; GASP does not train on it.',
      whoReads,
    ],
    formula: 'pass@n = 0 at the start',
    here: (state) => {
      const goalposts = goalpostStates(state);
      const solved = goalposts.filter((goalpost) => goalpost.solvedAt !== undefined).length;
      return `${goalposts.length} goalposts, ${solved} solved since the start.`;
    },
    source: gaspPaper('section 3'),
  },
  lemma: {
    text: [
      'An easier variant of a goalpost. The teacher, who is the same model, reads the goalpost and writes it. It is paid most for a question that half of the answers solve.',
    ],
    formula: '[4p(1 − p)]⁵ for 0.3 ≤ p ≤ 0.7, else −0.5',
    here: (state) => filled(state, 'lemma'),
    source: gaspPaper('Fig. 3'),
  },
  lift: {
    text: [
      'A harder variant of an accepted lemma, written without seeing the goalpost. It is paid most for a question that one answer in ten solves.',
    ],
    formula: '10p((1 − p)/0.9)⁹ for 0.1 ≤ p ≤ 0.5, else −0.5',
    here: (state) => filled(state, 'lift'),
    source: gaspPaper('Fig. 3'),
  },
  'unguided question': {
    text: [
      'The teacher makes it up, with no goalpost in sight. It is paid more the fewer answers pass, and nothing where all or none do.',
    ],
    formula: '1 − p for 0 < p < 1, else 0',
    here: (state) => filled(state, 'unguided'),
    source: azrPaper,
  },
  'pass rate': {
    text: [
      'The share of the student’s answers to one question that pass. A program passes when it agrees with the interpreter on every pair, those that the student did not see included.',
    ],
    formula: 'p = passed / answers',
    here: (state) => {
      const stone = state.iterations.flatMap((i) => i.stones).findLast((s) => s.passRate !== undefined);
      const attempts = stone?.trials.find((trial) => trial.task === 'induction')?.attempts;
      if (!attempts) return undefined;
      const passed = attempts.filter((attempt) => attempt.verdict === 'passed').length;
      return `the newest question: ${passed} / ${attempts.length} = ${short(passed / attempts.length)}.`;
    },
    source: gaspPaper('section 3'),
  },
  reward: {
    text: [
      'What a text is paid. The teacher: by the pass rate of its question, on the curve of its role (SGS asks a guide besides, SOAR pays what the student gains); −1 for text that cannot be used, −0.5 for a copy. The student: 1 for a right answer, −0.5 for a wrong one, −1 for one that is no program.',
    ],
    here: (state) => {
      const groups = lastUpdate(state)?.update;
      if (!groups) return undefined;
      const { groups: list } = groups as NonNullable<IterationState['update']>;
      return `means of the last update: ${list
        .map(
          (group) =>
            `${group.role === 'solver' ? `student, ${group.task}` : group.role} ${short(group.meanReward)}`,
        )
        .join('; ')}.`;
    },
    source: gaspPaper('Fig. 3'),
  },
  accepted: {
    text: [
      'A question whose pass rate lies in its role’s band. It joins the questions that later ones are compared with, and a lemma then gets a lift. SGS accepts what earns anything, SOAR the group from which the student gains most.',
    ],
    formula: 'lemma 0.3 ≤ p ≤ 0.7; lift 0.1 ≤ p ≤ 0.5',
    here: (state) => {
      const stones = state.iterations.flatMap((iteration) => iteration.stones);
      const accepted = stones.filter((stone) => stone.accepted).length;
      return stones.length > 0
        ? `${accepted} of ${count(stones.length)} proposals, ${percent(accepted / stones.length)}.`
        : undefined;
    },
    source: gaspPaper('Fig. 3'),
  },
  axis: {
    text: [
      'What changes from a goalpost to its lemma and on to the lift: the algorithm (f axis), or the inputs and outputs with the algorithm kept (I/O axis). Drawn uniformly for each lemma; the lift keeps it. It is what the teacher is asked for: beside it stands whether the program (I/O) or the inputs (f) did stay.',
    ],
    here: (state) => {
      const told = state.iterations.flatMap(({ stones }) =>
        stones.filter(({ followed }) => followed !== undefined),
      );
      const on = (asked: Axis) => {
        const made = told.filter(({ proposal }) => proposal.axis === asked);
        return `${made.filter(({ followed }) => followed).length} of ${count(made.length)}`;
      };
      return told.length > 0
        ? `the same program in ${on('io')} asked for along I/O, the same inputs in ${on('f')} along f.`
        : undefined;
    },
    source: gaspPaper('section 3'),
  },
  similarity: {
    text: [
      'How close a proposal is to the nearest earlier question: the larger of two cosines, that of their pairs of input and output and that of their programs with the inputs. The same program on other inputs is new practice. Above the threshold it counts as a copy and is never tried; without this filter late proposals become all alike.',
    ],
    formula: 'cos(a, b) = a · b / (|a| |b|)',
    here: (state) => {
      const proposals = state.iterations.flatMap((i) => i.stones.map((stone) => stone.proposal));
      const copies = proposals.filter((proposal) => proposal.fault?.kind === 'copy').length;
      return `threshold ${short(state.settings.noveltyThreshold)}; ${copies} of ${count(proposals.length)} proposals were copies.`;
    },
    source: gaspPaper('ablations'),
  },
  frontier: {
    text: [
      'How hard a question is that the student gets right in half of its answers, and in one of ten: the band between them is its reach. By a logistic regression of its answers on the difficulty, over the last twelve iterations.',
      'The difficulty does not move with the student: how seldom the starting model is right, as the probability that it writes one of the known right answers says, or the length of the program in records and for models without it.',
    ],
    formula: 'logit p = a − b · difficulty; half right at a / b',
    here: (state) => {
      const measure = measureOf(state.model);
      const points = frontier(state.iterations, measure);
      const at = ({ half }: FrontierPoint) =>
        measure === 'lines'
          ? `at ${short(half)} lines`
          : `where the starting model got ${oneIn(10 ** -half)}`;
      const last = points.at(-1);
      return last && `half right ${at(points[0]!)} at first, ${at(last)} now.`;
    },
  },
  solved: {
    text: [
      'A goalpost with at least one right answer among fresh ones that are never trained on. Luck counts too, so the same count for the starting weights stands beside it.',
    ],
    formula: 'passed ≥ 1 of n',
    here: (state) => {
      const last = state.evaluations.at(-1);
      if (!last) return undefined;
      const start = state.evaluations.find((evaluation) => evaluation.iteration === 0);
      const { solved, tried } = summarizeEvaluation(last);
      return `iteration ${last.iteration}: ${solved} of ${tried} with n = ${last.samples}${start ? `; ${summarizeEvaluation(start).solved} by the starting weights` : ''}.`;
    },
    source: gaspPaper('section 4'),
  },
  distance: {
    text: [
      'How far the student is from a goalpost, without luck: the logarithm of the probability that it answers with the goalpost’s own program, at temperature 1. At −3 one answer in a thousand is that one. Other programs may be right too, so that the chance of a right answer is at least this; so many goalposts are expected solved at least.',
      'A goalpost whose program the model cannot write has no such number: the share of right answers stands in its place, with Wilson’s interval at 95 %.',
    ],
    formula: 'expected solved ≥ Σ 1 − (1 − p)ⁿ',
    here: (state) => {
      const last = state.evaluations.findLast(({ logprobs }) => logprobs);
      if (!last?.logprobs) return undefined;
      const { scored, meanLog10 } = summarizeDistances(last.logprobs);
      const start = state.evaluations.find(({ iteration, logprobs }) => iteration === 0 && logprobs);
      const first = start?.logprobs && summarizeDistances(start.logprobs).meanLog10;
      return `iteration ${last.iteration}: ${first === undefined ? '' : `from ${short(first)} `}to ${short(meanLog10)} on average; with n = ${last.samples} at least ${short(expectedSolved(last.logprobs, last.samples))} of ${scored} are expected solved.`;
    },
  },
  'unseen questions': {
    text: [
      'Every few iterations the student answers some of the bank’s validation questions. Nothing trains on them, and the teacher never reads them: a higher share of right answers is something learned, not remembered. The held-out questions of a comparison are others.',
      'The line says how far this share is from that before any training, with the interval in which the true difference lies 95 times in 100; where that holds 0, it may be chance.',
    ],
    formula: 'd ± √((p₁ − l₁)² + (u₀ − p₀)²), l and u by Wilson’s interval',
    here: (state) => {
      const gain = unseenGain(state);
      const last = state.validations?.at(-1);
      if (!gain || !last) return undefined;
      const answers = Object.keys(last.passed).length * last.samples;
      return `iteration ${last.iteration}: ${percent(unseenRate(last).rate)} of ${count(answers)} answers are right; before training ${percent(gain.start.rate)}.`;
    },
    source: {
      text: 'Newcombe 1998',
      url: 'https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I',
    },
  },
  'pass@1': {
    text: [
      'The chance that one answer is right, estimated by the share of right ones; pass@k is the chance that at least one of k is. The mean over all goalposts is far less noisy than the count of those solved.',
    ],
    formula: 'pass@k = 1 − C(n − c, k) / C(n, k)',
    here: (state) => {
      const last = state.evaluations.at(-1);
      if (!last) return undefined;
      const passed = Object.values(last.passed).reduce((sum, n) => sum + n, 0);
      const { tried, meanPassRate } = summarizeEvaluation(last);
      return `iteration ${last.iteration}: ${passed} right of ${tried} · ${last.samples} answers = ${percent(meanPassRate)}.`;
    },
    source: chen,
  },
  estimator: {
    text: [
      'How rewards become advantages, the weights of texts in the update.',
      ...ESTIMATOR_NAMES.map((name) => `${name}: ${ESTIMATORS[name].note}`),
    ],
    formula: 'A = (r − mean) / sd',
    here: (state) => {
      const groups = (lastUpdate(state)?.update as IterationState['update'])?.groups ?? [];
      const group = groups.find((candidate) => candidate.role === 'solver');
      return `it uses ${state.settings.estimator}, ${ESTIMATORS[state.settings.estimator].formula}${group ? `; the student’s mean is ${short(group.meanReward)}, so a right answer stands ${inside(1 - group.meanReward)} above it` : ''}.`;
    },
    source: azrPaper,
  },
  hindsight: {
    text: [
      'The student also trains on right answers that nobody sampled just now: a valid proposal’s own program, which the teacher wrote and the judge ran, in the form of an answer. It counts by the share of answers that were wrong, and comes again in later iterations, on other questions’ inputs, until the student gives it every other time. A program that answers a goalpost is never taken.',
    ],
    formula: 'A = w (1 − p); when it comes again w (1 − q), q = exp(Σ log π)',
    here: ({ settings, iterations }) => {
      const last = iterations.findLast(({ hindsight }) => hindsight);
      if (!last?.hindsight) return undefined;
      const { sequences, replayed, mastered, logprob } = last.hindsight;
      const likely = Number.isFinite(logprob) ? `, mean log-probability ${short(logprob)} before it` : '';
      return `iteration ${last.iteration}: ${sequences} answers with w = ${short(settings.hindsightWeight)}${likely}; ${mastered} of ${replayed} earlier ones are mastered.`;
    },
    source: foothold,
  },
  loss: {
    text: [
      'The policy-gradient loss: minus the advantage times the probability ratio, a mean over tokens and optimizer steps. Its level means little; that it stays finite matters.',
    ],
    formula: 'L = −mean(A · π / π_old)',
    here: stat(
      (stats, iteration) =>
        `iteration ${iteration}: ${short(stats.loss)} over ${count(stats.tokens)} tokens in ${stats.steps} steps.`,
    ),
    source: ppo,
  },
  'gradient norm': {
    text: [
      'The length of the gradient before clipping. One that is longer than the bound is shortened to it.',
    ],
    formula: 'g ← g · min(1, bound / |g|)',
    here: (state) =>
      stat(({ gradNorm }, iteration) => {
        const bound = state.settings.maxGradNorm;
        return `iteration ${iteration}: |g| = ${short(gradNorm)}, bound ${short(bound)}, so g · ${short(Math.min(1, bound / gradNorm))}.`;
      })(state),
  },
  moved: {
    text: ['How far the trained weights went in one update, as a share of their own length.'],
    formula: '|θ_new − θ_old| / |θ_old|',
    here: stat((stats, iteration) => `iteration ${iteration}: ${percent(stats.moved)}.`),
  },
  KL: {
    text: ['How far the policy has gone from the one that sampled the texts, per token.'],
    formula: 'mean(exp(d) − d − 1), d = log π − log π_old',
    here: stat((stats, iteration) => `iteration ${iteration}: ${short(stats.kl)} nats a token.`),
    source: kl,
  },
  clipped: {
    text: [
      'The share of tokens whose probability ratio left the trusted range, so that they were not pushed further; under CISPO, so that the bound weighs them. 0 where there is no clip.',
    ],
    formula: '1 − ε ≤ π / π_old ≤ 1 + ε, or 1 + ε_high above',
    here: (state) =>
      stat(
        (stats, iteration) =>
          `iteration ${iteration}: ${percent(stats.clipped)} with ε = ${short(state.settings.clip)}${state.settings.clip === 0 ? ', which turns the clip off' : state.settings.clipHigh > 0 ? ` and ε_high = ${short(state.settings.clipHigh)}` : ''}.`,
      )(state),
    source: ppo,
  },
  entropy: {
    text: [
      'The mean negative log-probability of the trained tokens. Near 0 all answers are alike and there is nothing left to learn from. Answers learned in hindsight are among them.',
    ],
    formula: 'H = −mean(log π)',
    here: stat(
      (stats, iteration) =>
        `iteration ${iteration}: ${short(stats.entropy)} nats, as if choosing among ${short(Math.exp(stats.entropy))} equally likely tokens.`,
    ),
  },
  LoRA: {
    text: [
      'Each weight matrix stays as it is and gets a product of two thin ones beside it; only these are trained. It forgets less than training all weights, and a checkpoint is small.',
    ],
    formula: 'W + (α / r) · B A',
    here: ({ settings: { tuning }, policy }) =>
      tuning.kind === 'lora'
        ? `r = ${tuning.rank}, α = ${short(tuning.alpha)}, so B A counts ${short(tuning.alpha / tuning.rank)} times${policy ? `; ${count(policy.trainable)} trained weights beside ${count(policy.parameters)}` : ''}.`
        : 'it trains all weights instead.',
    source: lora,
  },
} satisfies Record<string, Definition>;

export type TermName = keyof typeof definitions;
