/**
 * Everything that decides how a run of a given method goes: one descriptor a setting. The page's sheet,
 * the check, `--set` with its help, links and the reading of stored runs come from here. To add a setting,
 * add its descriptor, and read it where the method uses it. One that is no longer needed goes to `RETIRED`
 * in `defaults.ts`, so that stored runs and links that carry it still open.
 */
import { drGrpoPaper, gaspPaper, grpoPaper, sgsPaper, soarPaper } from './citations.ts';
import { ESTIMATOR_NAMES, ESTIMATORS } from './estimators.ts';
import type { NoveltyScope } from './novelty.ts';
import type { Clipping } from './ports.ts';
import type { Axis } from './question.ts';
import type { TeacherPay } from './rewards.ts';
import type { ProgressBy } from './studentProgress.ts';
import { choice, number, several, toggle, tuning, type ValueOf } from './settingKinds.ts';

export const SETTINGS_BESIDE_METHOD = {
  /**
   * First questions of an iteration: a lemma for each goalpost drawn, and in place of some of them, by the
   * shares below, unguided proposals and real questions.
   */
  goalpostsPerIteration: number({
    default: 24,
    ...{ min: 1, max: 1024, integer: true, step: 1 },
    label: 'Goalposts an iteration',
    note: 'How many are drawn; each gets one lemma.',
    group: 'selfPlay',
    basic: true,
  }),
  rollouts: number({
    default: 8,
    ...{ min: 1, max: 256, integer: true, step: 1 },
    label: 'Rollouts',
    note: 'Answers of the student to each question.',
    group: 'selfPlay',
    basic: true,
  }),
  /** The share of an iteration's first proposals that are unguided, as in AZR. */
  unguidedShare: number({
    default: 0,
    ...{ min: 0, max: 1, step: 0.05 },
    label: 'Unguided share',
    note: 'Share of questions made up without a goalpost: guards against forgetting.',
    group: 'selfPlay',
  }),
  lifts: number({
    default: 1,
    ...{ min: 0, max: 16, integer: true, step: 1 },
    label: 'Lifts',
    note: 'Made one from another after the lemma; 0 stops at the lemma.',
    group: 'selfPlay',
  }),
  /**
   * Lifts written from each accepted lemma, and from each accepted lift where more follow. Few lemmas fall
   * into their band, so that lifts are what an iteration has least of.
   */
  liftsPerLemma: number({
    default: 4,
    before: 1,
    ...{ min: 1, max: 64, integer: true, step: 1 },
    label: 'Lifts of a lemma',
    note: 'Written side by side from each; the paper has 1.',
    group: 'selfPlay',
  }),
  /** The band and reward of lemmas: their own, or a lift's where they are to be hard at once (ablation). */
  lemmaBand: choice<'lemma' | 'lift'>({
    default: 'lemma',
    options: [
      { value: 'lemma', label: 'lemmas' },
      { value: 'lift', label: 'lifts' },
    ],
    label: 'Lemmas are paid as',
    note: 'Lemmas near half solved, lifts near a tenth.',
    group: 'selfPlay',
  }),
  teacherPay: choice<TeacherPay>({
    default: 'curve',
    options: [
      {
        value: 'curve',
        label: 'its role’s curve',
        note: 'By the pass rate alone, on the curve of its role.',
        source: gaspPaper('Fig. 3'),
      },
      {
        value: 'guide',
        label: 'a guide',
        note: 'Hardness among what is solved, times how near it is to its goalpost and how few lines are idle.',
        source: sgsPaper,
      },
      {
        value: 'progress',
        label: 'the student’s gain',
        note: 'What the student gains on goalposts by an update on its group of questions, which is taken back.',
        source: soarPaper,
      },
    ],
    label: 'Teacher is paid by',
    note: 'What a valid proposal earns.',
    group: 'selfPlay',
  }),
  progressGroups: number({
    default: 4,
    ...{ min: 2, max: 64, integer: true, step: 1 },
    label: 'Groups',
    note: 'Of an iteration’s proposals, where the student’s gain pays: each is learned from by itself.',
    group: 'selfPlay',
  }),
  progressGoalposts: number({
    default: 16,
    ...{ min: 1, max: 1024, integer: true, step: 1 },
    label: 'Goalposts for the gain',
    note: 'On how many the student’s gain is measured, others in each iteration.',
    group: 'selfPlay',
  }),
  progressBy: choice<ProgressBy>({
    default: 'likelihood',
    options: [
      {
        value: 'likelihood',
        label: 'reference answers',
        note: 'By the log-probability of reference answers: a gain shows long before an answer passes.',
      },
      {
        value: 'passes',
        label: 'passing answers',
        note: 'By the share of fresh answers that pass, as in SOAR; they are sampled, and count as tokens.',
      },
    ],
    label: 'Gain is measured by',
    note: 'How the student’s gain on goalposts is told.',
    group: 'selfPlay',
  }),
  trainOnGoalposts: toggle({
    default: false,
    label: 'Train on goalposts',
    note: 'The student tries the goalposts drawn and trains on them; those solved get no lemma.',
    group: 'selfPlay',
  }),
  /** The share of an iteration's first questions that are the bank's own: no teacher proposes these. */
  realShare: number({
    default: 0,
    ...{ min: 0, max: 1, step: 0.05 },
    label: 'Real share',
    note: 'Share of questions that are the bank’s own, goalposts among them.',
    group: 'selfPlay',
  }),
  /** The first so many goalposts that no trial has solved yet. */
  goalpostsAtOnce: number({
    default: 0,
    ...{ min: 0, max: 1e6, integer: true, step: 1 },
    label: 'Goalposts at once',
    note: 'Aimed at until a trial solves them, then the next; 0: all, all along.',
    group: 'selfPlay',
  }),
  /**
   * Which goalposts those are. With `nearest` all are tried before the first iteration, and each trial of goalposts
   * measures anew how near all of them are.
   */
  goalpostOrder: choice<'listed' | 'nearest'>({
    default: 'listed',
    before: 'listed',
    options: [
      { value: 'listed', label: 'as listed' },
      { value: 'nearest', label: 'nearest first' },
    ],
    label: 'Goalposts come',
    note: 'With a limit on goalposts at once: the first of the list, or the most likely ones.',
    group: 'selfPlay',
  }),
  /**
   * Questions accepted in earlier iterations that the student tries again in each one (AZR draws its
   * student's batch from such a buffer): what the novelty filter lets in once is practised until it is easy.
   */
  replay: number({
    default: 0,
    ...{ min: 0, max: 1024, integer: true, step: 1 },
    label: 'Replay',
    note: 'Earlier accepted questions that the student practises again.',
    group: 'selfPlay',
  }),
  axes: several<Axis>({
    default: ['io', 'f'],
    item: 'axis',
    options: [
      { value: 'io', label: 'I/O' },
      { value: 'f', label: 'f' },
    ],
    label: 'Axes',
    note: 'What may change from goalpost to lemma to lift.',
    group: 'selfPlay',
  }),
  /** Cosine similarity. */
  noveltyThreshold: number({
    default: 0.95,
    ...{ min: 0, max: 1, above: true, step: 0.01 },
    label: 'Novelty',
    note: 'Similarity above which a proposal is a copy; 1 turns it off.',
    group: 'selfPlay',
  }),
  /** Programs alone: a program may not come again on other inputs, as a step of practice would have it. */
  noveltyCompares: choice<NoveltyScope>({
    default: 'questions',
    before: 'programs',
    options: [
      { value: 'questions', label: 'whole questions' },
      { value: 'programs', label: 'programs' },
    ],
    label: 'Novelty compares',
    note: 'Whole questions, inputs and outputs too, or their programs alone.',
    group: 'selfPlay',
  }),
  /** Against programs alone, where these are few and inputs many, an endless memory forbids practice. */
  noveltyWindow: number({
    default: 0,
    before: 8,
    ...{ min: 0, max: 1e6, integer: true, step: 1 },
    label: 'Novelty window',
    note: 'Last accepted questions it must differ from; 0: all of the run’s, as in the paper.',
    group: 'selfPlay',
  }),
  /** The lemma's author reads a goalpost's title besides its examples. The student never does. */
  teacherReadsTitles: toggle({
    default: true,
    label: 'Teacher reads titles',
    note: 'Off: it sees a goalpost’s examples only, as the student does.',
    group: 'selfPlay',
  }),
  liftSeesGoalpost: toggle({
    default: false,
    label: 'Lift sees the goalpost',
    note: 'An ablation: teachers then copy its surface.',
    group: 'selfPlay',
  }),
  estimator: choice({
    default: 'positive',
    options: ESTIMATOR_NAMES.map((value) => ({ value, ...ESTIMATORS[value] })),
    label: 'Estimator',
    note: 'How rewards become the weights of texts in the update.',
    group: 'training',
    basic: true,
  }),
  passK: number({
    default: 4,
    ...{ min: 2, max: 256, integer: true, step: 1 },
    label: 'Pass@k’s k',
    note: 'Of the estimator pass@k; at most the rollouts.',
    group: 'training',
  }),
  rankPenalty: number({
    default: 0.25,
    ...{ min: 0, max: 1, step: 0.05 },
    label: 'Rank penalty',
    note: 'Of the estimator unlikeliness: its b, taken off the likeliest right answer.',
    group: 'training',
  }),
  /** F-GRPO: https://arxiv.org/abs/2602.06717 */
  focal: number({
    default: 0,
    ...{ min: 0, max: 16, step: 0.5 },
    label: 'Focal power',
    note: 'g of (1 − p)^g on any estimator: solved questions count less; 0 turns it off.',
    group: 'training',
  }),
  learningRate: number({
    default: 1e-3,
    ...{ min: 0, max: 1, above: true, step: 1e-4 },
    label: 'Learning rate',
    note: "AdamW's step size, the same all along.",
    group: 'training',
    basic: true,
  }),
  tuning: tuning({
    default: { kind: 'lora', rank: 8, alpha: 16 },
    label: 'Trained weights',
    note: 'LoRA trains small adapters, which forget less than all weights do.',
    group: 'training',
  }),
  minibatch: number({
    default: 32,
    ...{ min: 1, max: 4096, integer: true, step: 1 },
    label: 'Mini-batch',
    note: 'Texts in one optimizer step, about; several steps an iteration.',
    group: 'training',
  }),
  epochs: number({
    default: 2,
    ...{ min: 1, max: 16, integer: true, step: 1 },
    label: 'Epochs',
    note: 'Passes over an iteration’s texts.',
    group: 'training',
  }),
  clip: number({
    default: 0,
    ...{ min: 0, max: 1, step: 0.05 },
    label: 'Clip',
    note: "PPO's clip of the ratio; 0 turns the ratio off.",
    group: 'training',
  }),
  clipHigh: number({
    default: 0,
    ...{ min: 0, max: 100, step: 0.04 },
    label: 'Upper clip',
    note: 'How far the ratio may rise, beside a clip (DAPO has 0.28 beside 0.2); 0: as far as it may fall.',
    group: 'training',
  }),
  clipping: choice<Clipping>({
    default: 'ppo',
    options: [
      {
        value: 'ppo',
        label: 'PPO',
        note: 'A token that went beyond the clip gets no gradient.',
        source: { text: 'Schulman et al. 2017', url: 'https://arxiv.org/abs/1707.06347' },
      },
      {
        value: 'cispo',
        label: 'CISPO',
        note: 'A token that went beyond the clip is weighed by the clip; 1 and an upper clip are the paper’s.',
        source: { text: 'Chen et al. 2025', url: 'https://arxiv.org/abs/2506.13585' },
      },
    ],
    label: 'Kind of clip',
    note: 'What becomes of tokens beyond the clip.',
    group: 'training',
  }),
  lossMean: choice<'tokens' | 'texts' | 'longest'>({
    default: 'tokens',
    options: [
      {
        value: 'tokens',
        label: 'tokens',
        note: 'All tokens of a mini-batch count alike.',
        source: { text: 'Yu et al. 2025', url: 'https://arxiv.org/abs/2503.14476' },
      },
      {
        value: 'texts',
        label: 'texts',
        note: 'All texts count alike, so that a token of a long one counts less.',
        source: grpoPaper,
      },
      {
        value: 'longest',
        label: 'the longest text',
        note: 'The sum over tokens, divided by the texts times the longest answer allowed: no length is favoured.',
        source: drGrpoPaper,
      },
    ],
    label: 'Loss is a mean over',
    note: 'What the sum over a mini-batch’s tokens is divided by.',
    group: 'training',
  }),
  /** The weight of the KL divergence from the starting model, over the texts that are trained on. */
  klWeight: number({
    default: 0,
    ...{ min: 0, max: 10, step: 0.01 },
    label: 'KL to the start',
    note: 'Holds on to the starting model; 0 turns it off.',
    group: 'training',
  }),
  maxGradNorm: number({
    default: 1,
    ...{ min: 0, max: 1e6, above: true, step: 0.1 },
    label: 'Gradient clip',
    note: 'A gradient longer than this is shortened to it.',
    group: 'training',
  }),
  weightDecay: number({
    default: 0.01,
    ...{ min: 0, max: 1, step: 0.01 },
    label: 'Weight decay',
    note: 'Pulls the trained weights towards zero a little; 0 turns it off.',
    group: 'training',
  }),
  /**
   * Added to the root of the second moment. Of the size of a gradient's coordinates it leaves those alone
   * that hardly have one; near 0 Adam moves all coordinates equally far.
   */
  adamEpsilon: number({
    default: 1e-3,
    before: 1e-8,
    ...{ min: 0, max: 1, above: true },
    label: 'Adam’s epsilon',
    note: 'Leaves weights alone whose gradient is much smaller; 1e-8 is usual.',
    group: 'training',
  }),
  studentTrainsOn: choice<'accepted' | 'valid'>({
    default: 'valid',
    options: [
      { value: 'accepted', label: 'accepted questions' },
      { value: 'valid', label: 'all valid questions' },
    ],
    label: 'Student trains on',
    note: 'Questions in their band, or every valid one.',
    group: 'training',
  }),
  /** Converted tasks enter the student's update only. */
  convertTasks: toggle({
    default: false,
    label: 'Deduction and abduction',
    note: 'Some accepted questions are turned into these.',
    group: 'training',
  }),
  /** A proposal's inputs are random text, whose gradient is many times an answer's. */
  teacherWeight: number({
    default: 0.02,
    ...{ min: 0, max: 10, step: 0.05 },
    label: 'Teacher’s weight',
    note: 'Scales the teacher’s advantages; 0 trains only the student’s answers.',
    group: 'training',
  }),
  /** Right answers that the student trains on besides its own samples. */
  hindsight: choice<'none' | 'proposals' | 'answers'>({
    default: 'none',
    options: [
      { value: 'none', label: 'nothing' },
      { value: 'proposals', label: 'valid proposals’ own programs' },
      { value: 'answers', label: 'its own earlier right answers' },
    ],
    label: 'Hindsight',
    note: 'Right answers to train on besides those just sampled.',
    group: 'training',
  }),
  hindsightWeight: number({
    default: 0.5,
    ...{ min: 0, max: 10, step: 0.1 },
    label: 'Hindsight’s weight',
    note: 'Of such an answer’s advantage, times the share of answers that are not right yet.',
    group: 'training',
  }),
  hindsightReplay: number({
    default: 32,
    ...{ min: 0, max: 4096, integer: true, step: 1 },
    label: 'Hindsight’s replay',
    note: 'Earlier ones that are trained on again each iteration, until mastered.',
    group: 'training',
  }),
  hindsightInputs: choice<'own' | 'fresh'>({
    default: 'fresh',
    before: 'own',
    options: [
      {
        value: 'fresh',
        label: 'inputs of other questions',
        note: 'The program is run on them: how it follows from examples is learned, not one text.',
      },
      { value: 'own', label: 'the question’s own', note: 'The same question again.' },
    ],
    label: 'Hindsight’s inputs',
    note: 'What an earlier proposal’s program comes again with.',
    group: 'training',
  }),
  temperature: number({
    default: 1,
    ...{ min: 0, max: 5, above: true, step: 0.1 },
    label: 'Temperature',
    note: '1 samples from the model as it is.',
    group: 'sampling',
    basic: true,
  }),
  topP: number({
    default: 1,
    ...{ min: 0, max: 1, above: true, step: 0.05 },
    label: 'Top-p',
    note: '1 keeps the whole distribution.',
    group: 'sampling',
  }),
  topK: number({
    default: 0,
    before: 0,
    ...{ min: 0, max: 1e6, integer: true, step: 1 },
    label: 'Top-k',
    note: 'Tokens are drawn from so many of the most likely ones, before top-p; 0: from all.',
    group: 'sampling',
  }),
  seed: number({
    default: 1,
    ...{ min: 0, max: 0xffffffff, integer: true, step: 1 },
    label: 'Seed',
    note: 'The same seed on the same backend gives the same run.',
    group: 'sampling',
    basic: true,
  }),
  evaluateEvery: number({
    default: 10,
    ...{ min: 0, max: 1e6, integer: true, step: 1 },
    label: 'Try goalposts every',
    note: 'Iterations between trials of all goalposts; 0 never.',
    group: 'keeping',
    basic: true,
  }),
  evaluateSamples: number({
    default: 8,
    ...{ min: 1, max: 4096, integer: true, step: 1 },
    label: 'Answers for each',
    note: 'Fresh answers to each goalpost when all are tried.',
    group: 'keeping',
  }),
  validateEvery: number({
    default: 5,
    before: 0,
    ...{ min: 0, max: 1e6, integer: true, step: 1 },
    label: 'Try unseen questions every',
    note: 'Iterations between trials of the bank’s validation questions, which nothing trains on; 0 never.',
    group: 'keeping',
  }),
  validateAnswers: number({
    default: 512,
    ...{ min: 8, max: 1e6, integer: true, step: 64 },
    label: 'Answers to unseen questions',
    note: 'In one such trial, spread over up to 128 questions.',
    group: 'keeping',
  }),
  checkpointEvery: number({
    default: 10,
    ...{ min: 1, max: 1e6, integer: true, step: 1 },
    label: 'Keep a checkpoint every',
    note: 'Iterations; the newest is always there.',
    group: 'keeping',
  }),
  microbatchTokens: number({
    default: 8192,
    ...{ min: 64, max: 1 << 24, integer: true, step: 1024 },
    label: 'Micro-batch',
    note: 'Tokens at once in an update: bounds its memory; smaller is slower.',
    group: 'keeping',
  }),
};

export type SettingsBesideMethod = {
  -readonly [Name in keyof typeof SETTINGS_BESIDE_METHOD]: ValueOf<(typeof SETTINGS_BESIDE_METHOD)[Name]>;
};
