/** Samples on several cores: each takes shares of a call's rows. */
import type { SampledRow, TokenRequest, TokenSampleOptions } from 'onnx-lora';
import type { Sampler } from '../sampler.ts';
import type { RowNews } from './replicaMessages.ts';
import type { Replica } from './replica.ts';
import { shareOut } from './shareOut.ts';

/** Fewest rows of a share: a step of a few costs as much as one of twice as many. */
const ROWS = 48;

/**
 * Shares of so many rows: one, two or four. How rows are batched decides how they are rounded, so that it may not
 * depend on the cores there are: a run goes on elsewhere as it would have here.
 */
function shareCount(rows: number): number {
  if (rows < 2 * ROWS) return 1;
  return rows < 4 * ROWS ? 2 : 4;
}

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

/** A sampler and the replicas that it shares its work with. */
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
    const parts = shares(requests, shareCount(requests.reduce((n, { samples }) => n + samples, 0)));
    if (parts.length === 1) {
      const rows = await this.own.sample(weights, requests, options);
      // Started here, not with the policy: they are ready for answers, and the first proposals do not wait for them.
      for (const replica of this.replicas) replica.start();
      return rows;
    }
    const { onStep } = options;
    const seen: (readonly SampledRow[])[] = parts.map(emptyRows);
    const report = () => onStep?.(seen.flat());
    // A failure of one stops the others, whose results nobody would use.
    const failing = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, failing.signal]) : failing.signal;
    type Sampling = (part: TokenRequest[], at: number) => Promise<SampledRow[]>;
    const done =
      (sample: Sampling): Sampling =>
      async (part, at) => {
        try {
          const rows = await sample(part, at);
          seen[at] = rows;
          report();
          return rows;
        } catch (error) {
          failing.abort(error);
          throw error;
        }
      };
    const workers = [
      done((part, at) =>
        this.own.sample(weights, part, {
          ...options,
          signal,
          onStep: (rows) => {
            seen[at] = rows;
            report();
          },
        }),
      ),
      ...this.replicas.map((replica) =>
        done((part, at) => {
          const rows = seen[at] as SampledRow[];
          const hear = (news: RowNews[]) => {
            for (const { row, tokens, logprobs, ended } of news) {
              rows[row]!.tokens.push(...tokens);
              rows[row]!.logprobs.push(...logprobs);
              rows[row]!.ended = ended;
            }
            report();
          };
          return replica.sample(weights, part, { ...options, signal }, onStep && hear);
        }),
      ),
    ];
    return (await shareOut(parts, workers)).flat();
  }

  async dispose(): Promise<void> {
    for (const replica of this.replicas) replica.dispose();
    await this.own.dispose();
  }
}

/** Rows for the share of a replica, to be filled from its messages. */
function emptyRows(share: readonly TokenRequest[]): SampledRow[] {
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
