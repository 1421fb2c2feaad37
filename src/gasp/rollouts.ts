/** Sampling with the judge at work meanwhile: each completion is examined as soon as it has ended. */
import type { Completion, Policy, SampleOptions, SampleRequest } from './ports.ts';

/** What is examined of one request's completion, and when to stop. */
export type Examine<T> = (completion: Completion, request: number, signal: AbortSignal) => Promise<T>;

export interface Rollouts<T> {
  /** As `Policy.sample` resolves. */
  sampled: Promise<Completion[][]>;
  /** What `examine` gave for each of them. Rejects with the first failure of either. */
  examined: Promise<T[][]>;
  /** Calls off what is not done yet; resolves once the policy is free. */
  stop(): Promise<void>;
}

/** Starts to sample, and calls `examine` for each completion once it has ended. A failure of either stops both. */
export function startRollouts<T>(
  policy: Policy,
  requests: SampleRequest[],
  options: Omit<SampleOptions, 'onCompletion'>,
  examine: Examine<T>,
): Rollouts<T> {
  const stopping = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stopping.signal]) : stopping.signal;
  const results: Promise<T>[][] = requests.map(() => []);
  const sampled = policy.sample(requests, {
    ...options,
    signal,
    onCompletion: (request, sample, completion) => {
      const result = examine(completion, request, signal);
      // Heard of here too: the others are awaited only when all are sampled.
      result.catch((error) => stopping.abort(error));
      results[request]![sample] = result;
    },
  });
  const examined = sampled.then(
    () => {
      signal.throwIfAborted();
      return Promise.all(results.map((own) => Promise.all(own)));
    },
    (error) => {
      stopping.abort(error);
      throw signal.reason;
    },
  );
  examined.catch(() => {});
  return {
    sampled,
    examined,
    stop: async () => {
      stopping.abort();
      await Promise.allSettled([sampled]);
    },
  };
}
