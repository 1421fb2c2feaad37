/** One iteration of self-play, over the ports: proposals, validation, rollouts, rewards, one update. */
import type { IterationEvent } from './events.ts';
import { advantages, type Rollout, rewardGroups } from './advantages.ts';
import { beginningOf } from './begunAnswer.ts';
import { drawGoalposts, drawInTurn } from './goalposts.ts';
import { type Replay, review, type Tried } from './hindsight.ts';
import { methodSettings, slots } from './methods.ts';
import type { NoveltyBuffer } from './novelty.ts';
import type { UpdateStats } from './policyRecord.ts';
import type { Completion, Dialect, Prompt, WeightedSequence } from './ports.ts';
import type { Stage } from './progress.ts';
import type { Axis, Proposal, Question, Task } from './question.ts';
import { deriveSeed, Random } from 'onnx-lora/random';
import { goalpostsReached } from './reach.ts';
import { faultReward, inBand, proposerReward, type TeacherPay } from './rewards.ts';
import { type Pay, payByGuide } from './selfGuided.ts';
import { drawsOf, type Settings } from './settings.ts';
import { type Dealt, payByProgress, standing, type Student } from './studentProgress.ts';
import { startRollouts } from './rollouts.ts';
import { type Solved, sampledTokens, solve, type Tools } from './solving.ts';
import { startPassRates } from './startRates.ts';
import { type Validated, validateDraft } from './validation.ts';

/** Earlier questions that an unguided proposer is asked to be different from (AZR's K). */
const REFERENCES = 3;

export interface IterationInput {
  settings: Settings;
  goalposts: readonly Question[];
  /** All goalposts of the run, where fewer are aimed at: hindsight learns no program that answers one of them. */
  allGoalposts?: readonly Question[];
  /** Real questions to train on, where the settings give them a share. */
  questions?: readonly Question[];
  /** Counts from 1. */
  iteration: number;
  /** Questions that the run accepted in earlier iterations; not changed. */
  accepted: NoveltyBuffer;
  /** Questions that a person kept since the last iteration: the student tries and trains on them. */
  taught?: readonly Question[];
  /** Answers of earlier iterations to learn again; not changed. */
  replay?: Replay;
}

export interface IterationResult {
  /** The caller adds these to the buffer once the iteration is stored. */
  accepted: Question[];
  tokensSampled: number;
  tokensTrained: number;
}

/**
 * Runs one iteration and hands its events to `emit`, in order, in batches that are never empty, each awaited: from
 * `iteration-started` (its arrays run over the guided draws) to `updated`. Every random choice derives
 * from the settings' seed and the iteration's number, so the same policy state gives the same events.
 * Rejects with the signal's reason when aborted; the policy may then have changed.
 */
export async function runIteration(
  given: IterationInput,
  tools: Tools,
  emit: (events: IterationEvent[]) => Promise<void>,
): Promise<IterationResult> {
  const settings = methodSettings(given.settings);
  const input = { ...given, settings };
  const { iteration } = input;
  const buffer = input.accepted.fork(settings.noveltyWindow);
  const run = new Proposing(input, buffer, tools, emit);
  const { guided, unguided } = slots(settings);
  const drawn = drawGoalposts(input.goalposts, guided, iteration, settings.axes, settings.seed);
  await emit([
    {
      type: 'iteration-started',
      iteration,
      goalposts: drawn.map((d) => d.goalpost.id),
      axes: drawn.map((d) => d.axis),
    },
  ]);
  const tried = settings.trainOnGoalposts ? await tryGoalposts(drawn, input, tools, emit) : [];
  const fallen = new Set(tried.filter((s) => s.passRate > 0).map((s) => s.task.question.id));
  const draws = drawn.filter(({ goalpost }) => !fallen.has(goalpost.id));

  let made = await run.propose(guided > 0 ? 'lemmas' : 'questions', [
    ...draws.map(({ goalpost, axis }): Plan => {
      const read = settings.teacherReadsTitles ? goalpost : { ...goalpost, title: '' };
      return { role: 'lemma', axis, goalpost, prompt: tools.dialect.lemmaPrompt(read, axis) };
    }),
    ...Array.from({ length: unguided }, (_, i): Plan => {
      const references = Random.for(settings.seed, 'references', iteration, i)
        .shuffle(input.accepted.questions)
        .slice(0, REFERENCES);
      return { role: 'unguided', prompt: tools.dialect.unguidedPrompt(references) };
    }),
  ]);
  const all = made.slice();
  for (let step = 0; step < settings.lifts; step++) {
    const parents = made.filter((m) => m.accepted && m.plan.axis && m.plan.goalpost);
    made = await run.propose(
      'lifts',
      parents.flatMap(({ plan, solved, proposal }): Plan[] => {
        const question = solved!.task.question;
        const axis = plan.axis!;
        const seen = settings.liftSeesGoalpost ? plan.goalpost : undefined;
        const prompt = tools.dialect.liftPrompt(question, axis, seen);
        const lift: Plan = { role: 'lift', axis, goalpost: plan.goalpost!, parent: proposal.id, prompt };
        return new Array<Plan>(settings.liftsPerLemma).fill(lift);
      }),
    );
    all.push(...made);
  }

  const trained = all.filter((m) => m.solved && (m.accepted || settings.studentTrainsOn === 'valid'));
  const { solved, tokens } = await answersToTrainOn(trained, input, tools, emit);
  const rollouts = [
    ...(settings.teacherWeight > 0 ? proposalsToTrainOn(all, settings).map(proposalRollout) : []),
    ...[...tried, ...solved].flatMap(answerRollouts),
  ];
  const batch = weigh(rollouts, settings, tools.dialect);
  tools.signal?.throwIfAborted();
  if (settings.hindsight !== 'none') {
    const { batch: more, event } = await review(
      iteration,
      learnable(all, solved, settings),
      given.replay,
      settings,
      tools,
    );
    batch.push(...more);
    await emit([event]);
  }
  const stats = await update(batch, input, tools);
  await emit([
    {
      type: 'updated',
      iteration,
      stats,
      groups: rewardGroups(rollouts.map((r) => r.rollout)),
      sequences: batch.length,
    },
  ]);
  return {
    accepted: all.filter((m) => m.accepted).map((m) => m.proposal.question!),
    tokensSampled: run.tokens + sampledTokens(tried) + tokens,
    tokensTrained: run.tokensTrained + stats.tokens,
  };
}

/** The proposals that the teacher learns from. Where the student's gain pays, what cannot be used is in no group. */
const proposalsToTrainOn = (made: readonly Made[], { teacherPay }: Settings) =>
  teacherPay === 'progress' ? made.filter(({ solved }) => solved) : made;

/** A proposal to ask for. */
interface Plan {
  role: Proposal['role'];
  axis?: Axis;
  goalpost?: Question;
  parent?: string;
  prompt: Prompt;
}

/** A proposal and what became of it; `solved` and `reaches` are set for valid ones. */
interface Made {
  plan: Plan;
  proposal: Proposal;
  completion: Completion;
  solved?: Solved;
  /** Goalposts that its program answers; null where that cannot be told. */
  reaches?: string[] | null;
  reward: number;
  accepted: boolean;
}

/** Steps 1 to 4 of an iteration, once for the first proposals and once for each step of lifts. */
class Proposing {
  /** Tokens sampled so far, and those trained on in updates that were taken back. */
  tokens = 0;
  tokensTrained = 0;
  private made = 0;
  private readonly settings: Settings;
  private readonly iteration: number;
  private readonly goalposts: readonly Question[];

  constructor(
    private readonly input: IterationInput,
    /** Grows with each accepted question. */
    private readonly buffer: NoveltyBuffer,
    private readonly tools: Tools,
    private readonly emit: (events: IterationEvent[]) => Promise<void>,
  ) {
    this.settings = input.settings;
    this.iteration = input.iteration;
    this.goalposts = input.allGoalposts ?? input.goalposts;
  }

  async propose(kind: 'lemmas' | 'lifts' | 'questions', plans: readonly Plan[]): Promise<Made[]> {
    if (plans.length === 0) return [];
    const { settings, iteration, tools } = this;
    const first = this.made;
    this.made += plans.length;
    const ids = plans.map((plan, i) => `${iteration}.${plan.role}.${first + i}`);
    const { completions, validated } = await this.sample(`proposing-${kind}`, plans, ids, first);
    const proposals = this.examine(plans, ids, completions, validated);
    await this.emit(proposals.map((proposal) => ({ type: 'proposed', iteration, proposal })));

    const valid = proposals.filter((p) => p.question);
    const solved = await solve(
      valid.map((p): Task => ({ type: 'induction', question: p.question! })),
      {
        samples: settings.rollouts,
        ...drawsOf(settings),
        seed: deriveSeed(settings.seed, 'rollouts', iteration, first),
        stage: `solving-${kind}`,
      },
      tools,
    );
    this.tokens += sampledTokens(solved);
    const reached = await goalpostsReached(
      valid.map(({ question }) => question!.program),
      this.goalposts,
      tools,
    );
    const reaches = new Map(valid.map(({ id }, i) => [id, reached[i]!]));
    const bySolved = new Map(solved.map((s) => [s.task.question.id, s]));
    const paid = await this.pay(
      proposals.flatMap((proposal, i) => {
        const own = bySolved.get(proposal.id);
        return own ? [{ plan: plans[i]!, solved: own, group: i % settings.progressGroups }] : [];
      }),
    );
    const startRates = await startPassRates(solved, tools);
    const made = proposals.map((proposal, i): Made => {
      const base = { plan: plans[i]!, proposal, completion: completions[i]! };
      const own = bySolved.get(proposal.id);
      if (own) return { ...base, solved: own, reaches: reaches.get(proposal.id)!, ...paid.get(proposal.id)! };
      // A guide's rewards have no sign.
      const reward = settings.teacherPay === 'guide' ? 0 : faultReward(proposal.fault!.kind);
      return { ...base, reward, accepted: false };
    });
    for (const { accepted, proposal } of made) if (accepted) this.buffer.add(proposal.question!);
    const events = made.flatMap(
      ({ solved: own, reaches: answered, proposal, reward, accepted }): IterationEvent[] => {
        if (!own) return [];
        const { passRate } = own;
        const startPassRate = startRates.get(proposal.id);
        return [
          attempted(iteration, own),
          {
            ...{ type: 'rewarded', iteration, proposal: proposal.id, passRate, reward, accepted },
            ...(answered?.length && { reaches: answered }),
            ...(startPassRate !== undefined && { startPassRate }),
          },
        ];
      },
    );
    if (events.length > 0) await this.emit(events);
    return made;
  }

  /** What valid proposals earn, by the id of their question. */
  private async pay(valid: readonly (Dealt & { plan: Plan })[]): Promise<Map<string, Pay>> {
    const { settings, tools } = this;
    const rewards: Record<TeacherPay, () => Pay[] | Promise<Pay[]>> = {
      curve: () =>
        valid.map(({ plan: { role }, solved: { passRate } }) => {
          const paidAs = role === 'lemma' ? settings.lemmaBand : role;
          return { reward: proposerReward(paidAs, passRate), accepted: inBand(paidAs, passRate) };
        }),
      guide: () =>
        payByGuide(
          valid.map(({ plan, solved }) => ({
            question: solved.task.question,
            ...(plan.goalpost && { goalpost: plan.goalpost }),
            passRate: solved.passRate,
          })),
          tools.judge,
          tools.signal,
        ),
      progress: () => payByProgress(valid, this.student()),
    };
    const paid = await rewards[settings.teacherPay]();
    tools.signal?.throwIfAborted();
    return new Map(valid.map(({ solved }, i) => [solved.task.question.id, paid[i]!]));
  }

  /** The student, to learn from a group of questions, and some of the goalposts to measure it on. */
  private student(): Student {
    const { settings, iteration, input, tools } = this;
    const drawn = drawInTurn(
      input.goalposts,
      Math.min(settings.progressGoalposts, input.goalposts.length),
      ...([iteration, settings.seed, 'progress'] as const),
    );
    const goalposts = [...new Set(drawn)];
    return {
      policy: tools.policy,
      learn: async (solved, group) => {
        tools.signal?.throwIfAborted();
        const batch = weigh(solved.flatMap(answerRollouts), settings, tools.dialect);
        if (batch.length > 0)
          this.tokensTrained += (await update(batch, input, tools, ['group', group])).tokens;
        return batch.length > 0;
      },
      measure: async () => {
        tools.signal?.throwIfAborted();
        const { value, tokens } = await standing(
          goalposts,
          settings.progressBy,
          {
            samples: settings.rollouts,
            ...drawsOf(settings),
            seed: deriveSeed(settings.seed, 'progress', iteration),
            stage: 'measuring',
          },
          tools,
        );
        this.tokens += tokens;
        return value;
      },
    };
  }

  /** One text for each plan, validated while others are written. */
  private async sample(
    stage: Stage,
    plans: readonly Plan[],
    ids: readonly string[],
    first: number,
  ): Promise<{ completions: Completion[]; validated: Validated[] }> {
    const { settings, tools } = this;
    const { policy, judge, dialect, progress } = tools;
    const maxTokens = dialect.maxTokens.proposal;
    let [done, writing] = [0, true];
    const report = () => {
      if (!writing) progress?.stage('validating', done, plans.length, 'proposals');
    };
    const { sampled, examined } = startRollouts(
      policy,
      plans.map(({ prompt }) => ({ prompt, samples: 1, maxTokens })),
      {
        ...drawsOf(settings),
        seed: deriveSeed(settings.seed, 'proposals', this.iteration, first),
        ...(tools.signal && { signal: tools.signal }),
        onProgress: (p) => {
          progress?.stage(stage, p.finished, p.total, 'proposals');
          progress?.sampling(plans[0]!.role, p, (request) => ids[request]!);
        },
      },
      async ({ text }, i, signal) => {
        const draft = dialect.parseProposal(text, plans[i]!.prompt);
        const result = await validateDraft(draft, ids[i]!, judge, dialect, { signal });
        done++;
        report();
        return result;
      },
    );
    const completions = (await sampled).map((s) => s[0]!);
    this.tokens += completions.reduce((sum, c) => sum + c.tokens.length, 0);
    writing = false;
    report();
    return { completions, validated: (await examined).map((v) => v[0]!) };
  }

  /** Proposals as validation and novelty leave them. */
  private examine(
    plans: readonly Plan[],
    ids: readonly string[],
    completions: readonly Completion[],
    validated: readonly Validated[],
  ): Proposal[] {
    const { settings } = this;
    // Of two copies in one batch the first is tried, although it may not be accepted.
    const seen = this.buffer.fork();
    return plans.map((plan, i): Proposal => {
      const base: Proposal = {
        id: ids[i]!,
        role: plan.role,
        text: beginningOf(plan.prompt) + completions[i]!.text,
        ...(plan.axis && { axis: plan.axis }),
        ...(plan.goalpost && { goalpost: plan.goalpost.id }),
        ...(plan.parent && { parent: plan.parent }),
      };
      const result = validated[i]!;
      if ('fault' in result) return { ...base, fault: result.fault };
      const { similarity, id } = seen.nearest(result.question);
      if (similarity > settings.noveltyThreshold) {
        const percent = Math.round(similarity * 100);
        return {
          ...base,
          similarity,
          fault: { kind: 'copy', message: `${percent}% similar to question ${id}.` },
        };
      }
      seen.add(result.question);
      return { ...base, similarity, question: result.question };
    });
  }
}

/** Questions that hindsight may take: proposals that answer no goalpost, or whatever has right answers of the student. */
function learnable(made: readonly Made[], solved: readonly Solved[], { hindsight }: Settings): Tried[] {
  return hindsight === 'proposals'
    ? made.flatMap(({ solved: own, reaches }) =>
        own && reaches?.length === 0 ? [{ question: own.task.question, passRate: own.passRate }] : [],
      )
    : solved.flatMap(({ task, passRate }) =>
        task.type === 'induction' ? [{ question: task.question, passRate }] : [],
      );
}

function attempted(iteration: number, { task, attempts, passRate }: Solved): IterationEvent {
  const index = task.type === 'induction' ? {} : { index: task.index };
  return {
    type: 'attempted',
    iteration,
    question: task.question.id,
    task: task.type,
    ...index,
    attempts,
    passRate,
  };
}

/** The student's answers to the goalposts drawn, each of them once. */
async function tryGoalposts(
  draws: readonly { goalpost: Question }[],
  { settings, iteration }: IterationInput,
  tools: Tools,
  emit: (events: IterationEvent[]) => Promise<void>,
): Promise<Solved[]> {
  const goalposts = new Map(draws.map(({ goalpost }) => [goalpost.id, goalpost]));
  const tried = await solve(
    [...goalposts.values()].map((question): Task => ({ type: 'induction', question })),
    {
      samples: settings.rollouts,
      ...drawsOf(settings),
      seed: deriveSeed(settings.seed, 'goalposts', iteration),
      stage: 'solving-tasks',
    },
    tools,
  );
  if (tried.length > 0) await emit(tried.map((s) => attempted(iteration, s)));
  return tried;
}

/**
 * The student's rollouts for the update. Where the settings convert tasks, each new question is asked as
 * one of the three task types, drawn uniformly; one that stays induction has its answers already.
 * Questions of earlier iterations, those that a person kept and the bank's own are tried as they are.
 */
async function answersToTrainOn(
  made: readonly Made[],
  { settings, iteration, accepted, questions = [], taught = [] }: IterationInput,
  tools: Tools,
  emit: (events: IterationEvent[]) => Promise<void>,
): Promise<{ solved: Solved[]; tokens: number }> {
  const random = Random.for(settings.seed, 'tasks', iteration);
  const toTask = (question: Question): Task => {
    if (!settings.convertTasks) return { type: 'induction', question };
    const type = random.pick(['induction', 'deduction', 'abduction'] as const);
    const index = random.int(question.inputs.length);
    return type === 'induction' ? { type, question } : { type, question, index };
  };
  const own = made.map((m) => ({ task: toTask(m.proposal.question!), solved: m.solved! }));
  const asTheyAre = [
    ...taught,
    ...Random.for(settings.seed, 'replay', iteration).shuffle(accepted.questions).slice(0, settings.replay),
    ...drawInTurn(questions, slots(settings).real, iteration, settings.seed, 'real'),
  ].map((question): Task => ({ type: 'induction', question }));
  const fresh = await solve(
    [...own.filter(({ task }) => task.type !== 'induction').map(({ task }) => task), ...asTheyAre],
    {
      samples: settings.rollouts,
      ...drawsOf(settings),
      seed: deriveSeed(settings.seed, 'tasks', iteration),
      stage: 'solving-tasks',
    },
    tools,
  );
  if (fresh.length > 0) await emit(fresh.map((s) => attempted(iteration, s)));
  const byTask = new Map(fresh.map((s) => [s.task, s]));
  return {
    solved: [
      ...own.map(({ task, solved }) => byTask.get(task) ?? solved),
      ...asTheyAre.map((task) => byTask.get(task)!),
    ],
    tokens: sampledTokens(fresh),
  };
}

/** A rollout with the text that earned its reward, before it is weighed. */
interface SampledRollout {
  rollout: Rollout;
  completion: Completion;
}

const logprobOf = ({ logprobs }: Completion) => logprobs.reduce((sum, logprob) => sum + logprob, 0);

function proposalRollout({ proposal, completion, reward, accepted }: Made): SampledRollout {
  const rollout: Rollout = {
    role: proposal.role,
    task: 'proposal',
    question: proposal.id,
    reward,
    passed: accepted,
    logprob: logprobOf(completion),
  };
  return { rollout, completion };
}

function answerRollouts({ task, attempts, completions }: Solved): SampledRollout[] {
  return attempts.map(({ reward, verdict }, i) => ({
    rollout: {
      role: 'solver',
      task: task.type,
      question: task.question.id,
      reward,
      passed: verdict === 'passed',
      logprob: logprobOf(completions[i]!),
    },
    completion: completions[i]!,
  }));
}

/**
 * Rollouts with their advantages, a proposal's on the tokens that take it. Rollouts without an advantage are left
 * out, of the KL term too: a forward pass over them for that term alone would cost more than all other rollouts.
 */
function weigh(
  rollouts: readonly SampledRollout[],
  settings: Settings,
  dialect: Dialect,
): WeightedSequence[] {
  const weights = advantages(
    rollouts.map((r) => r.rollout),
    settings,
  );
  return rollouts.flatMap(({ rollout, completion }, i) => {
    const { promptTokens, tokens, logprobs, text } = completion;
    const isAnswer = rollout.role === 'solver';
    const advantage = weights[i]! * (isAnswer ? 1 : settings.teacherWeight);
    if (advantage === 0) return [];
    const taken = isAnswer ? tokens.length : (dialect.creditedTokens?.(text) ?? tokens.length);
    return [{ promptTokens, tokens: tokens.slice(0, taken), logprobs: logprobs.slice(0, taken), advantage }];
  });
}

async function update(
  batch: WeightedSequence[],
  { settings, iteration }: IterationInput,
  { policy, dialect, progress, signal }: Tools,
  /** Tells updates of one iteration apart. */
  label: readonly (string | number)[] = [],
): Promise<UpdateStats> {
  if (batch.length === 0) {
    return { loss: 0, gradNorm: 0, kl: 0, clipped: 0, entropy: 0, steps: 0, tokens: 0, moved: 0 };
  }
  progress?.stage('updating', 0, 0, 'steps');
  return policy.update(batch, {
    learningRate: settings.learningRate,
    minibatch: settings.minibatch,
    epochs: settings.epochs,
    clip: settings.clip,
    clipHigh: settings.clipHigh,
    clipping: settings.clipping,
    lossMean:
      settings.lossMean === 'longest' ? { tokensOfText: dialect.maxTokens.answer } : settings.lossMean,
    klWeight: settings.klWeight,
    maxGradNorm: settings.maxGradNorm,
    weightDecay: settings.weightDecay,
    adamEpsilon: settings.adamEpsilon,
    microbatchTokens: settings.microbatchTokens,
    seed: deriveSeed(settings.seed, 'update', iteration, ...label),
    ...(signal && { signal }),
    onProgress: (step, steps) => progress?.stage('updating', step, steps, 'steps'),
  });
}
