/** What the pool believes of interpreters that lie. */
import { expect, test } from 'vitest';
import type { InterpreterEvents, Request, Spawn } from '../../../src/python/interpreter.ts';
import { PooledJudge } from '../../../src/python/pool.ts';

const result = (value: string) => ({
  type: 'result',
  result: JSON.stringify({ status: 'ran', calls: [{ status: 'returned', value }] }),
});
const ran = (value: string) => ({ status: 'ran', calls: [{ status: 'returned', value }] });

type Behaviour = (program: { program: string; alone: boolean }, answer: (message: unknown) => void) => void;

/** Interpreters that do for each program what `behave` says; what they say after their end is sent as well. */
function fakes(behave: Behaviour) {
  let started = 0;
  let running = 0;
  const spawn: Spawn = ({ onAnswer }: InterpreterEvents) => {
    started++;
    running++;
    queueMicrotask(() => onAnswer({ type: 'ready' }));
    return {
      post({ programs }: Request) {
        queueMicrotask(() => {
          for (const { request } of programs) behave(JSON.parse(request), onAnswer);
          onAnswer({ type: 'done', worn: false });
        });
      },
      kill: () => void running--,
    };
  };
  return { spawn, count: () => ({ started, running }) };
}

const runs = (...programs: string[]) => programs.map((program) => ({ program, inputs: ['1'] }));

test('a program that speaks for its interpreter falsifies its own result and no other', async () => {
  const late: (() => void)[] = [];
  const { spawn, count } = fakes(({ program, alone }, answer) => {
    if (program !== 'evil') answer(result(program));
    else if (!alone) answer({ type: 'result', result: '{"status":"alone"}' });
    else {
      for (let i = 0; i < 100; i++) answer(result('forged'));
      answer({ type: 'done', worn: false });
      answer({ type: 'ready' });
      late.push(() => answer(result('forged')));
    }
  });
  const judge = new PooledJudge(spawn, { size: 2 });
  const programs = Array.from({ length: 200 }, (_, i) => (i % 10 === 3 ? 'evil' : `good ${i}`));
  const expected = programs.map((program) => ran(program === 'evil' ? 'forged' : program));
  expect(await judge.run(runs(...programs))).toEqual(expected);
  const again = judge.run(runs(...programs));
  for (const speak of late) speak();
  expect(await again).toEqual(expected);
  // Each of the 40 had one of its own.
  expect(count().started).toBeGreaterThanOrEqual(40);
  expect(count().running).toBe(2);
  await judge.dispose();
  expect(count().running).toBe(0);
});

test.each([
  ['no text', { type: 'result', result: 7 }],
  ['no JSON', { type: 'result', result: '{' }],
  ['no result', { type: 'result', result: '{"status":"fine"}' }],
  ['too few calls', { type: 'result', result: '{"status":"ran","calls":[]}' }],
  ['no call', { type: 'result', result: '{"status":"ran","calls":[null]}' }],
  ['a flood', { type: 'result', result: ' '.repeat(10_000_000) }],
  ['its end', { type: 'crashed', error: 'gone' }],
])('an unreadable answer harms the program it is about: %s', async (_name, lie) => {
  const { spawn } = fakes(({ program }, answer) => answer(program === 'odd' ? lie : result(program)));
  const judge = new PooledJudge(spawn, { size: 1 });
  const results = await judge.run(runs('a', 'odd', 'b', 'c'));
  expect(results).toEqual([ran('a'), { status: 'crashed', error: expect.any(String) }, ran('b'), ran('c')]);
  await judge.dispose();
});

test('what is no message at all is not heard', async () => {
  const { spawn } = fakes(({ program }, answer) => {
    for (const noise of [null, undefined, 'result', 5, {}, { type: 'done' }, { type: 'result' }])
      answer(noise);
    answer({ type: 'done', worn: true });
    answer(result(program));
  });
  const judge = new PooledJudge(spawn, { size: 1 });
  expect(await judge.run(runs('a', 'b'))).toEqual([ran('a'), ran('b')]);
  await judge.dispose();
});

test('an aborted call gives up its program, and others do not wait for it', async () => {
  let hangs = true;
  const { spawn, count } = fakes(({ program }, answer) => {
    if (program !== 'endless') answer(result(program));
  });
  const judge = new PooledJudge(
    ({ onAnswer, onExit }) => {
      // Behind an endless program nothing is answered.
      const isFirst = hangs;
      hangs = false;
      return spawn({
        onExit,
        onAnswer: (answer) => {
          if (!isFirst || (answer as { type: string }).type === 'ready') onAnswer(answer);
        },
      });
    },
    { size: 1, limits: { seconds: 1000 } },
  );
  const abort = new AbortController();
  const aborted = judge.run(runs('endless'), { signal: abort.signal });
  const other = judge.run(runs('a', 'b'));
  await new Promise((resolve) => setTimeout(resolve));
  abort.abort(new Error('enough'));
  await expect(aborted).rejects.toThrow('enough');
  expect(await other).toEqual([ran('a'), ran('b')]);
  expect(count().started).toBe(2);
  await judge.dispose();
});

test('calls with one signal end together, heard by one listener', async () => {
  const { spawn, count } = fakes(({ program }, answer) => {
    if (program !== 'endless') answer(result(program));
  });
  const judge = new PooledJudge(spawn, { size: 1, limits: { seconds: 1000 } });
  const abort = new AbortController();
  const { signal } = abort;
  let listeners = 0;
  const listen = signal.addEventListener.bind(signal);
  signal.addEventListener = (...given: Parameters<typeof listen>) => {
    listeners++;
    listen(...given);
  };
  expect(await judge.run(runs('a'), { signal })).toEqual([ran('a')]);
  const calls = Array.from({ length: 12 }, () => judge.run(runs('endless', 'b'), { signal }));
  expect(listeners).toBe(2);
  const other = judge.run(runs('c'));
  await new Promise((resolve) => setTimeout(resolve));
  abort.abort(new Error('enough'));
  for (const call of calls) await expect(call).rejects.toThrow('enough');
  expect(await other).toEqual([ran('c')]);
  expect(count().started).toBe(2);
  await judge.dispose();
});

test('the first interpreter starts by itself, and then all others', async () => {
  const { spawn } = fakes(({ program }, answer) => answer(result(program)));
  const waiting: (() => void)[] = [];
  const judge = new PooledJudge(
    ({ onAnswer, onExit }) =>
      spawn({
        onExit,
        onAnswer(answer) {
          const isReady = (answer as { type: string }).type === 'ready';
          if (isReady) waiting.push(() => onAnswer(answer));
          else onAnswer(answer);
        },
      }),
    { size: 3 },
  );
  const turn = () => new Promise((resolve) => setTimeout(resolve));
  const running = judge.run(runs('a', 'b', 'c'));
  await turn();
  expect(waiting.length).toBe(1);
  waiting[0]!();
  await turn();
  expect(waiting.length).toBe(3);
  for (const goOn of waiting.slice(1)) goOn();
  expect(await running).toEqual([ran('a'), ran('b'), ran('c')]);
  await judge.dispose();
});

test('a sandbox that does not start is given up, and the next call tries again', async () => {
  let broken = true;
  const { spawn } = fakes(({ program }, answer) => answer(result(program)));
  const judge = new PooledJudge(
    (events) => {
      if (!broken) return spawn(events);
      queueMicrotask(() => events.onExit('no memory'));
      return { post() {}, kill() {} };
    },
    { size: 2 },
  );
  await expect(judge.run(runs('a'))).rejects.toThrow('Python did not start: no memory');
  broken = false;
  expect(await judge.run(runs('a'))).toEqual([ran('a')]);
  await judge.dispose();
  await expect(judge.run(runs('a'))).rejects.toThrow('disposed');
});
