/** Samples on several cores: each takes an equal share of a call's rows. */
import type { SampledRow, Sampler, TokenRequest, TokenSampleOptions } from '../sampler.ts';
import type { Replica } from './replica.ts';

/**
 * Fewest rows that are shared out: a step of a few costs as much as one of twice as many. It depends on
 * nothing else, since how rows are batched decides how they are rounded, and a run must go on as it would have.
 */
const SHARED_FROM = 48;

/** Cuts a call's rows into `count` runs of nearly equal length, each as the requests that ask for them. */
export function shares(requests: readonly TokenRequest[], count: number): TokenRequest[][] {
  const total = requests.reduce((n, { samples }) => n + samples, 0);
  const out: TokenRequest[][] = Array.from({ length: count }, () => []);
  let before = 0;
  requests.forEach((asked, request) => {
    for (let first = 0; first < asked.samples; ) {
      const share = Math.floor((before * count) / total);
      const end = Math.ceil(((share + 1) * total) / count);
      const samples = Math.min(asked.samples - first, end - before);
      out[share]!.push({ ...asked, samples, part: { request, first } });
      first += samples;
      before += samples;
    }
  });
  return out;
}

export class ReplicatedSampler {
  constructor(
    private readonly own: Sampler,
    private readonly replicas: readonly Replica[],
  ) {}

  /** As `Sampler.sample`. */
  async sample(
    weights: Float32Array,
    requests: readonly TokenRequest[],
    options: TokenSampleOptions,
  ): Promise<SampledRow[]> {
    const total = requests.reduce((n, { samples }) => n + samples, 0);
    if (total < SHARED_FROM) {
      const rows = await this.own.sample(weights, requests, options);
      // There when they will be needed, and not before the first proposals are.
      for (const replica of this.replicas) replica.start();
      return rows;
    }
    const [mine, ...theirs] = shares(requests, this.replicas.length + 1) as [
      TokenRequest[],
      ...TokenRequest[][],
    ];
    const { onStep } = options;
    const seen: (readonly SampledRow[])[] = [mine, ...theirs].map(openRows);
    // One that fails stops the others, which would go on for nobody.
    const failing = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, failing.signal]) : failing.signal;
    const report = () => onStep?.(seen.flat());
    const parts = [
      ...theirs.map((share, i) => {
        const rows = seen[i + 1] as SampledRow[];
        return this.replicas[i]!.sample(
          weights,
          share,
          { ...options, signal },
          onStep &&
            ((news) => {
              for (const { row, tokens, ended } of news) {
                rows[row]!.tokens.push(...tokens);
                rows[row]!.ended = ended;
              }
              report();
            }),
        );
      }),
      this.own.sample(weights, mine, {
        ...options,
        signal,
        onStep: (rows) => {
          seen[0] = rows;
          report();
        },
      }),
    ];
    try {
      const done = await Promise.all(parts);
      const all = [done.at(-1)!, ...done.slice(0, -1)].flat();
      onStep?.(all);
      return all;
    } catch (error) {
      failing.abort(error);
      await Promise.allSettled(parts);
      throw error;
    }
  }

  async dispose(): Promise<void> {
    for (const replica of this.replicas) replica.dispose();
    await this.own.dispose();
  }
}

/** What a replica is going to sample, to be filled with what it tells of it. */
function openRows(share: readonly TokenRequest[]): SampledRow[] {
  return share.flatMap(({ samples, part }) =>
    Array.from(
      { length: samples },
      (_, s): SampledRow => ({
        request: part!.request,
        sample: part!.first + s,
        tokens: [],
        logprobs: [],
        ended: undefined,
      }),
    ),
  );
}
