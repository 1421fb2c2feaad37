/** Every system that can be run and compared here, as data: the settings that it fixes, and its source. */
import { azrPaper, type Citation, foothold, gaspPaper, sgsPaper, soarPaper } from './citations.ts';
import type { SettingsBesideMethod } from './settingTable.ts';

/** Of the paper, of its ablations, of ours, or of other papers. */
export type MethodKind = 'system' | 'ablation' | 'extension' | 'rival';

export interface Method {
  title: string;
  kind: MethodKind;
  /** Its difference from the other methods, in a sentence for a person. */
  about: string;
  citation: Citation;
  /** The settings that make it this method; all others are a person's to choose. */
  fixed: Partial<SettingsBesideMethod>;
  /** Methods that are parts of this one. A goalpost that a part solves counts as solved by the part alone even where this one solves it too. */
  contains: readonly string[];
  /** It runs no iteration. */
  untrained?: true;
}

const table = {
  base: {
    title: 'Base model',
    kind: 'system',
    about: 'The model as it ships, never trained: what all others start from.',
    citation: gaspPaper('experiments'),
    fixed: {},
    contains: [],
    untrained: true,
  },
  azr: {
    title: 'AZR',
    kind: 'system',
    about: 'Unguided self-play: the teacher makes questions up without a goalpost, paid 1 − p for each.',
    citation: azrPaper,
    fixed: { unguidedShare: 1, realShare: 0, lifts: 0, hindsight: 'none' },
    contains: [],
  },
  real: {
    title: 'Real-data RL',
    kind: 'system',
    about:
      'No self-play: the student trains on the bank’s own training questions, the goalposts among them, with their hidden pairs as the reward.',
    citation: gaspPaper('experiments'),
    fixed: { realShare: 1, lifts: 0, hindsight: 'none' },
    contains: [],
  },
  gasp: {
    title: 'GASP',
    kind: 'system',
    about: 'Guided self-play: from each goalpost a lemma, from each accepted lemma a lift.',
    citation: gaspPaper('method'),
    fixed: { realShare: 0, hindsight: 'none' },
    contains: [],
  },
  'gasp+real': {
    title: 'GASP + Real-data RL',
    kind: 'system',
    about: 'Half of the first questions are the bank’s own, as in real-data RL; the rest is GASP.',
    citation: gaspPaper('experiments'),
    fixed: { realShare: 0.5, hindsight: 'none' },
    contains: ['gasp', 'real'],
  },
  'f-only': {
    title: 'GASP without the I/O axis',
    kind: 'ablation',
    about: 'Lemmas and lifts vary the algorithm only (f axis), never the inputs and outputs alone.',
    citation: gaspPaper('ablations'),
    fixed: { realShare: 0, axes: ['f'] },
    contains: [],
  },
  'io-only': {
    title: 'GASP without the f axis',
    kind: 'ablation',
    about: 'Lemmas and lifts vary inputs and outputs only (I/O axis): the counterpart of the above.',
    citation: gaspPaper('method'),
    fixed: { realShare: 0, axes: ['io'] },
    contains: [],
  },
  'one-step-medium': {
    title: 'One step, medium',
    kind: 'ablation',
    about: 'The goalpost’s variant is trained on at once, paid as a lemma (p near 0.5); no lift follows.',
    citation: gaspPaper('ablations'),
    fixed: { realShare: 0, lifts: 0, lemmaBand: 'lemma' },
    contains: [],
  },
  'one-step-hard': {
    title: 'One step, hard',
    kind: 'ablation',
    about: 'The goalpost’s variant is trained on at once, paid as a lift (p near 0.1); no lemma precedes.',
    citation: gaspPaper('ablations'),
    fixed: { realShare: 0, lifts: 0, lemmaBand: 'lift' },
    contains: [],
  },
  'lift-sees-goalpost': {
    title: 'Lift sees the goalpost',
    kind: 'ablation',
    about: 'The lift’s author reads the goalpost too; in the paper such lifts copy its surface.',
    citation: gaspPaper('ablations'),
    fixed: { realShare: 0, liftSeesGoalpost: true },
    contains: [],
  },
  'no-novelty': {
    title: 'No novelty filter',
    kind: 'ablation',
    about: 'Copies of earlier questions are let in; in the paper late proposals collapse onto each other.',
    citation: gaspPaper('ablations'),
    fixed: { realShare: 0, noveltyThreshold: 1 },
    contains: [],
  },
  'gasp-hindsight': {
    title: 'GASP + hindsight',
    kind: 'extension',
    about:
      'GASP, and the student also trains on each valid proposal’s own program, a right answer, until it has mastered it; never on one that answers a goalpost.',
    citation: foothold,
    fixed: { realShare: 0, hindsight: 'proposals' },
    contains: ['gasp'],
  },
  'azr-hindsight': {
    title: 'AZR + hindsight',
    kind: 'extension',
    about: 'AZR with the same training on proposals’ own programs: the control, which no goalpost guides.',
    citation: foothold,
    fixed: { unguidedShare: 1, realShare: 0, lifts: 0, hindsight: 'proposals' },
    contains: ['azr'],
  },
  'real-replay': {
    title: 'Real-data RL + replay',
    kind: 'extension',
    about:
      'Real-data RL, and the student trains again on its own earlier right answers until it has mastered them.',
    citation: foothold,
    fixed: { realShare: 1, lifts: 0, hindsight: 'answers' },
    contains: ['real'],
  },
  dynamic: {
    title: 'Dynamic goalposts',
    kind: 'extension',
    about:
      'Aims at the 24 goalposts that are nearest; one that is solved retires, and the next nearest takes its place.',
    citation: gaspPaper('left open'),
    // Trials every ten iterations tell which of the goalposts aimed at are solved.
    fixed: { realShare: 0, goalpostsAtOnce: 24, goalpostOrder: 'nearest', evaluateEvery: 10 },
    contains: ['gasp'],
  },
  'chain-3': {
    title: 'Chain of three',
    kind: 'extension',
    about: 'From each accepted lift another lift, and from that one a third, on the way to the goalpost.',
    citation: gaspPaper('left open'),
    fixed: { realShare: 0, lifts: 3 },
    contains: ['gasp'],
  },
  sgs: {
    title: 'SGS',
    kind: 'rival',
    about:
      'Self-guided self-play: a lemma for each unsolved goalpost, paid by hardness times a guide’s score; the student trains on goalposts, too.',
    citation: sgsPaper,
    fixed: {
      ...{ unguidedShare: 0, realShare: 0, lifts: 0, noveltyThreshold: 1, hindsight: 'none' },
      ...{ teacherPay: 'guide', trainOnGoalposts: true, estimator: 'half' },
    },
    contains: [],
  },
  soar: {
    title: 'SOAR',
    kind: 'rival',
    about:
      'The teacher sees no goalpost and is paid what the student gains on goalposts by learning from its questions; the best group of them is kept.',
    citation: soarPaper,
    fixed: {
      ...{ unguidedShare: 1, realShare: 0, lifts: 0, noveltyThreshold: 1, hindsight: 'none' },
      // RLOO pushes wrong answers away, and an iteration takes several steps.
      ...{ teacherPay: 'progress', studentTrainsOn: 'accepted', estimator: 'rloo', clip: 0.2 },
    },
    contains: [],
  },
} satisfies Record<string, Method>;

export type MethodName = keyof typeof table;
export const METHODS: Record<MethodName, Method> = table;
export const METHOD_NAMES = Object.keys(METHODS) as MethodName[];

type SettingsOfMethod = SettingsBesideMethod & { method: MethodName };

/** The settings with the values that the method fixes in place of the chosen ones. */
export function methodSettings<S extends SettingsOfMethod>(settings: S): S {
  return { ...settings, ...METHODS[settings.method]?.fixed };
}

/** How many of an iteration's first questions are guided by a goalpost, how many are not, and how many are real ones. */
export function slots(settings: SettingsOfMethod): { guided: number; unguided: number; real: number } {
  const { goalpostsPerIteration: count, unguidedShare, realShare } = methodSettings(settings);
  const real = Math.round(count * realShare);
  const unguided = Math.round((count - real) * unguidedShare);
  return { guided: count - real - unguided, unguided, real };
}
