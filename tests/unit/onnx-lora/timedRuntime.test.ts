/** What the clock on a runtime counts: graphs that are opened and run, together where they overlap. */
import { GraphBuilder, writeModel } from 'onnx-grad';
import { float32, floats, type GraphSession, type Runtime, timedRuntime } from 'onnx-lora';
import { expect, test } from 'vitest';
import { nodeRuntime } from '../../../src/backends/runtime.node.ts';

const model = () => {
  const b = new GraphBuilder('double');
  b.output('y', b.mul(b.input('x', 'float32', [2]), b.scalar(2)));
  return writeModel(b.model);
};
const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** A runtime whose graphs take `ms` longer to open and to run. */
function slowed(inner: Runtime, ms: number): Runtime {
  const late = async <T>(job: () => Promise<T>) => {
    await sleep(ms);
    return job();
  };
  return {
    ...inner,
    create: (bytes, options) =>
      late(async () => {
        const session = await inner.create(bytes, options);
        return {
          ...session,
          run: (feeds, fetches) => late(() => session.run(feeds, fetches)),
          runKeeping: (feeds, fetches) => late(() => session.runKeeping(feeds, fetches)),
        } satisfies GraphSession;
      }),
  };
}

test('time of opening and running counts, time between does not, and results are the same', async () => {
  const { runtime, busy } = timedRuntime(slowed(nodeRuntime(1), 40));
  expect(busy()).toBe(0);
  const session = await runtime.create(model());
  const opened = busy();
  expect(opened).toBeGreaterThan(35);
  await sleep(200);
  expect(busy()).toBe(opened);
  const feeds = { x: float32([2], Float32Array.of(1, 2)) };
  expect([...floats(await session.run(feeds), 'y')]).toEqual([2, 4]);
  const ran = busy();
  expect(ran - opened).toBeGreaterThan(35);
  await session.runKeeping(feeds);
  expect(busy() - ran).toBeGreaterThan(35);
  await session.release();
});

test('runs at one time count once, a failed one too', async () => {
  const { runtime, busy } = timedRuntime(slowed(nodeRuntime(1), 150));
  const session = await runtime.create(model());
  const [from, start] = [busy(), performance.now()];
  const feeds = { x: float32([2], new Float32Array(2)) };
  await Promise.all([session.run(feeds), session.run(feeds), session.runKeeping(feeds)]);
  await expect(session.run({})).rejects.toThrow();
  const clock = performance.now() - start;
  expect(busy() - from).toBeGreaterThan(290);
  expect(busy() - from).toBeLessThanOrEqual(clock);
  await session.release();
});
