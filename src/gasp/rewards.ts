/** Rewards of proposals and answers (GASP, Fig. 3; AZR, equation 4 and its format-aware reward). */
import type { FaultKind, ProposerRole, Verdict } from './question.ts';

/** What pays a valid proposal: its role's curve over the pass rate, a guide beside that (`selfGuided.ts`), or what the student gains by it (`studentProgress.ts`). */
export type TeacherPay = 'curve' | 'guide' | 'progress';

/** Whether reward and acceptance are read off the pass rate alone, as the curves and bands below have it. */
export const paidByCurve = ({ teacherPay }: { teacherPay: TeacherPay }): boolean => teacherPay === 'curve';

/** A valid proposal out of its band. */
export const OUT_OF_BAND = -0.5;
/** Text that cannot be used at all: AZR's format penalty. */
export const FORMAT_PENALTY = -1;

/** `[4p(1-p)]^5` for 0.3 <= p <= 0.7, peak 1 at p = 0.5. */
export function lemmaReward(p: number): number {
  return inBand('lemma', p) ? (4 * p * (1 - p)) ** 5 : OUT_OF_BAND;
}

/** `10 p ((1-p)/0.9)^9` for 0.1 <= p <= 0.5, peak 1 at p = 0.1. */
export function liftReward(p: number): number {
  return inBand('lift', p) ? 10 * p * ((1 - p) / 0.9) ** 9 : OUT_OF_BAND;
}

/** AZR's learnability: `1 - p`, and 0 where no answer passes or all do. */
export function unguidedReward(p: number): number {
  return inBand('unguided', p) ? 1 - p : 0;
}

const BANDS: Record<ProposerRole, (p: number) => boolean> = {
  lemma: (p) => p >= 0.3 && p <= 0.7,
  lift: (p) => p >= 0.1 && p <= 0.5,
  unguided: (p) => p > 0 && p < 1,
};
const REWARDS: Record<ProposerRole, (p: number) => number> = {
  lemma: lemmaReward,
  lift: liftReward,
  unguided: unguidedReward,
};

/**
 * Whether a pass rate lies in the role's band, which is what accepts a question. The unguided band is
 * where its reward is positive.
 */
export function inBand(role: ProposerRole, p: number): boolean {
  return BANDS[role](p);
}

/** The reward of a valid proposal whose question the student solved with rate `p`. */
export function proposerReward(role: ProposerRole, p: number): number {
  return REWARDS[role](p);
}

/**
 * The reward of a proposal that never entered the buffer: the format penalty where it could not be
 * parsed, run or reproduced; as much as a miss of the band where it ran but asks nothing new.
 */
export function faultReward(kind: FaultKind): number {
  return kind === 'degenerate' || kind === 'copy' ? OUT_OF_BAND : FORMAT_PENALTY;
}

/** 1 for a right answer, -0.5 for a well-formed wrong one, -1 for one that cannot be parsed. */
export function studentReward(verdict: Verdict): number {
  if (verdict === 'passed') return 1;
  return verdict === 'unparsable' ? FORMAT_PENALTY : -0.5;
}
