/** How long a runtime computes: what is left of the clock is spent outside of it. */
import type { GraphSession, Runtime } from './runtime.ts';

export interface TimedRuntime {
  runtime: Runtime;
  /** Milliseconds so far in which it opened or ran at least one graph. Runs at one time count once. */
  busy(): number;
}

/** The runtime with a clock on each call of it. */
export function timedRuntime(runtime: Runtime): TimedRuntime {
  let calls = 0;
  let since = 0;
  let sum = 0;
  const during = async <T>(job: () => Promise<T>): Promise<T> => {
    if (calls++ === 0) since = performance.now();
    try {
      return await job();
    } finally {
      if (--calls === 0) sum += performance.now() - since;
    }
  };
  return {
    runtime: {
      ...runtime,
      create: (model, options) =>
        during(async () => {
          const session = await runtime.create(model, options);
          return {
            ...session,
            run: (feeds, fetches) => during(() => session.run(feeds, fetches)),
            runKeeping: (feeds, fetches) => during(() => session.runKeeping(feeds, fetches)),
          } satisfies GraphSession;
        }),
    },
    busy: () => sum + (calls > 0 ? performance.now() - since : 0),
  };
}
