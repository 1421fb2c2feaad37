/** The judge works while others are still sampled; what comes out, and what goes wrong, is as if it had waited. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { publicFolder } from '../../../cli/nodePorts.ts';
import { readBank, SHIPPED_BANK } from '../../../cli/settings.ts';
import { folderFiles } from '../../../packages/onnx-lora/src/repository/folderFiles.ts';
import { nodeRuntime } from '../../../src/backends/runtime.node.ts';
import { microDialect } from '../../../src/dialects/micro/dialect.ts';
import { startReplica } from '../../../src/embedded/replicas/start.node.ts';
import { evenly } from '../../../src/gasp/bank.ts';
import type { Completion, Judge, Policy } from '../../../src/gasp/ports.ts';
import type { Task } from '../../../src/gasp/question.ts';
import { startRollouts } from '../../../src/gasp/rollouts.ts';
import { solve, solveInBatches } from '../../../src/gasp/solving.ts';
import { openLocalPolicy } from '../../../src/local/localPolicy.ts';
import { openHubPolicy } from '../../../src/local/hubPolicy.ts';
import { NodeJudge } from '../../../src/python/nodeJudge.ts';
import { fixtureFolder } from '../../fixtures/models/folders.ts';
import { judgeAnswers } from './judgedAnswers.ts';
import { MicroJudge, program, question, ScriptedPolicy } from './microWorld.ts';

const dialect = microDialect();
const OPTIONS = { temperature: 1, topP: 1, seed: 3 };
const runtime = nodeRuntime(1);

/** Opens the shipped model. */
const openEmbedded = (cores: number) =>
  openLocalPolicy(folderFiles(`${publicFolder}models/foothold-micro-2`), {
    model: 'embedded',
    runtime,
    replicas: { cores, start: startReplica },
    tuning: { kind: 'lora', rank: 2, alpha: 4 },
    seed: 1,
  });

/** A policy, and how many of its last call's completions it had handed out when `mark` was called first. */
function watched(policy: Policy) {
  const seen = { finished: 0, total: 0, atFirstMark: undefined as number | undefined, sampling: false };
  const sampling: Policy = Object.create(policy, {
    sample: {
      value: async (...[requests, options]: Parameters<Policy['sample']>) => {
        seen.sampling = true;
        const completions = await policy.sample(requests, {
          ...options,
          onProgress: (p) => {
            seen.finished = p.finished;
            seen.total = p.total;
            options.onProgress?.(p);
          },
        });
        seen.sampling = false;
        return completions;
      },
    },
  });
  const mark = () => {
    seen.atFirstMark ??= seen.sampling ? seen.finished : seen.total;
  };
  return { policy: sampling, seen, mark };
}

describe.each([1, 2])('the shipped model on %s cores, and Python', (cores) => {
  test('the judge has work before the last answer ends, and gives the verdicts that it gives later', async () => {
    const opened = await openEmbedded(cores);
    const { policy, seen, mark } = watched(opened);
    const judge = new NodeJudge();
    const calls: number[] = [];
    const run = judge.run.bind(judge);
    judge.run = (runs, options) => {
      mark();
      calls.push(runs.length);
      return run(runs, options);
    };
    const tasks = evenly(readBank(SHIPPED_BANK).questions, 16).map(
      (question): Task => ({ type: 'induction', question }),
    );
    const options = { ...OPTIONS, samples: 8, stage: 'solving-lemmas' } as const;
    const solved = await solve(tasks, options, { policy, judge, dialect });
    expect(seen.total).toBe(128);
    expect(seen.atFirstMark).toBeGreaterThan(0);
    expect(seen.atFirstMark).toBeLessThan(64);
    expect(calls.length).toBeGreaterThan(2);
    const judged = calls.reduce((n, count) => n + count);
    for (const { task, completions, attempts } of solved) {
      const again = await judgeAnswers(
        completions.map(({ text }) => ({ task, text })),
        { judge, dialect },
      );
      expect(attempts).toEqual(again);
    }
    expect(solved.map(({ task }) => task)).toEqual(tasks);
    const programs = new Set(
      solved.flatMap(({ task, attempts }) =>
        attempts.flatMap(({ text }) => {
          const answer = dialect.parseAnswer(task, text);
          return answer.ok ? [JSON.stringify([answer.value, task.question.inputs])] : [];
        }),
      ),
    );
    // Equal answers to one question ran once.
    expect(judged).toBe(programs.size);
    await judge.dispose();
    await opened.dispose();
  }, 120_000);
});

test('a model from the Hub hands out each completion once, the first before the last ends', async () => {
  const policy = await openHubPolicy(folderFiles(fixtureFolder('llama-genai-int4')), {
    model: 'fixture',
    runtime,
    tuning: { kind: 'lora', rank: 2, alpha: 4 },
    seed: 1,
  });
  const handed: Completion[][] = [[], []];
  let finished = 0;
  const before: number[] = [];
  const completions = await policy.sample(
    [
      { prompt: 'def f(x):', samples: 3, maxTokens: 4 },
      { prompt: 'x = [1, 2', samples: 2, maxTokens: 40 },
    ],
    {
      ...OPTIONS,
      onProgress: (p) => {
        finished = p.finished;
      },
      onCompletion: (request, sample, completion) => {
        expect(handed[request]![sample]).toBeUndefined();
        handed[request]![sample] = completion;
        before.push(finished);
      },
    },
  );
  expect(handed).toEqual(completions);
  expect(completions.map((own) => own.length)).toEqual([3, 2]);
  expect(before[0]).toBeLessThan(5);
  expect(before.at(-1)).toBeGreaterThan(before[0]!);
  await policy.dispose();
}, 60_000);

const tasks = (count: number) =>
  Array.from(
    { length: count },
    (_, i): Task => ({
      type: 'induction',
      question: question(`q${i}`, program('sort'), [[2, 1], [3], [1, 5, 4]]),
    }),
  );
const solving = { ...OPTIONS, samples: 256, stage: 'solving-lemmas' } as const;

/** A policy whose answers end one by one, each after `gate`; it hears of the signal at each. */
function slowPolicy(gate: () => Promise<void>) {
  const scripted = new ScriptedPolicy(() => (_, sample) => `program ${sample}`);
  const log: string[] = [];
  const policy: Policy = Object.create(scripted, {
    sample: {
      value: async (...[requests, { signal, onCompletion, ...options }]: Parameters<Policy['sample']>) => {
        const all = await scripted.sample(requests, options);
        log.push(`sampling ${requests.length}`);
        try {
          for (const [request, own] of all.entries()) {
            for (const [sample, completion] of own.entries()) {
              if (sample % 64 === 0) await gate();
              signal?.throwIfAborted();
              onCompletion?.(request, sample, completion);
            }
          }
        } catch (error) {
          log.push('stopped');
          throw error;
        }
        log.push('sampled');
        return all;
      },
    },
  });
  return { policy, log };
}

const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 2));
const parsing = { ...dialect, parseAnswer: (_: Task, text: string) => ({ ok: true as const, value: text }) };
/** Asks nothing of Python: the tests below are about when it is asked. */
const judgeWith = (run: Judge['run']): Judge => Object.assign(new MicroJudge(), { run });
const ran = (count: number) =>
  Array.from({ length: count }, () => ({ status: 'syntax' as const, error: 'no' }));

describe('what goes wrong', () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  beforeEach(() => {
    process.on('unhandledRejection', note);
  });
  afterEach(async () => {
    await pause();
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  test("the judge's failure is the call's, and ends the sampling", async () => {
    const { policy, log } = slowPolicy(pause);
    let calls = 0;
    const judge = judgeWith(async (runs) => {
      await pause();
      if (++calls === 2) throw new Error('Python is gone');
      return ran(runs.length);
    });
    await expect(solve(tasks(2), solving, { policy, judge, dialect: parsing })).rejects.toThrow(
      'Python is gone',
    );
    expect(log).toEqual(['sampling 2', 'stopped']);
  });

  test("the sampler's failure is the call's, and calls the judge off", async () => {
    const { policy } = slowPolicy(pause);
    let stopped = 0;
    const judge = judgeWith(
      (_, options) =>
        new Promise((_, reject) => {
          options!.signal!.addEventListener('abort', () => {
            stopped++;
            reject(options!.signal!.reason);
          });
        }),
    );
    const failing: Policy = Object.create(policy, {
      sample: {
        value: async (...[requests, options]: Parameters<Policy['sample']>) => {
          await policy.sample(requests, options);
          throw new Error('the device was lost');
        },
      },
    });
    const call = solve(tasks(1), solving, { policy: failing, judge, dialect: parsing });
    await expect(call).rejects.toThrow('the device was lost');
    expect(stopped).toBe(4);
  });

  test('a call that is called off ends both, with the reason', async () => {
    const { policy, log } = slowPolicy(pause);
    const abort = new AbortController();
    let stopped = false;
    const judge = judgeWith(
      (_, options) =>
        new Promise((_, reject) => {
          options!.signal!.addEventListener('abort', () => {
            stopped = true;
            reject(options!.signal!.reason);
          });
          abort.abort(new Error('enough'));
        }),
    );
    const tools = { policy, judge, dialect: parsing, signal: abort.signal };
    await expect(solve(tasks(2), solving, tools)).rejects.toThrow('enough');
    expect([stopped, log.at(-1)]).toEqual([true, 'stopped']);
  });
});

test('the next batch is sampled while the last verdicts are awaited; who leaves ends it', async () => {
  const { policy, log } = slowPolicy(pause);
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const judge = judgeWith(async (runs) => {
    await held;
    return ran(runs.length);
  });
  const first: number[] = [];
  const reading = (async () => {
    // Two tasks a batch, four batches.
    for await (const batch of solveInBatches(tasks(8), solving, { policy, judge, dialect: parsing })) {
      first.push(batch.length);
      break;
    }
  })();
  await expect.poll(() => log.filter((line) => line === 'sampling 2').length).toBe(2);
  expect(first).toEqual([]);
  release();
  await reading;
  expect(first).toEqual([2]);
  // The second batch, and no third one.
  expect(log.filter((line) => line === 'sampling 2')).toHaveLength(2);
  expect(['sampled', 'stopped']).toContain(log.at(-1));
});

test('each completion is examined once, and results come in the order of the requests', async () => {
  const policy = new ScriptedPolicy(() => (prompt, sample) => `${prompt}${sample}`);
  const { sampled, examined } = startRollouts(
    policy,
    ['a', 'b'].map((prompt) => ({ prompt, samples: 2, maxTokens: 4 })),
    OPTIONS,
    async ({ text }, request) => {
      // The first to be handed out is the last to be ready.
      if (text === 'a0') await pause();
      return `${request} ${text}`;
    },
  );
  expect((await sampled).map((own) => own.map(({ text }) => text))).toEqual([
    ['a0', 'a1'],
    ['b0', 'b1'],
  ]);
  expect(await examined).toEqual([
    ['0 a0', '0 a1'],
    ['1 b0', '1 b1'],
  ]);
});
