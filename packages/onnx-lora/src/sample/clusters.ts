/** Which prompts of one call begin alike beyond what all of them begin with. */
import { commonLength } from './beginnings.ts';

/** Shorter beginnings are not worth a step of their own. */
export const CLUSTER_TOKENS = 32;

export interface Cluster {
  /** What its prompts begin with, from the first token on. Each of them has one token more at least. */
  beginning: readonly number[];
  /** Places of its prompts among those given. */
  members: readonly number[];
}

/**
 * The clusters that leave the fewest tokens to compute, where all `prompts`, no two of them the same, begin with
 * the same `prefix` tokens. `known` tells how many tokens of a prompt's beginning are computed already; a prompt
 * alone is a cluster if at least `CLUSTER_TOKENS` beyond the prefix are. A prompt is in one cluster or in none.
 */
export function findClusters(
  prompts: readonly (readonly number[])[],
  prefix: number,
  known: (tokens: readonly number[]) => number,
): Cluster[] {
  // In order of their tokens, prompts that begin alike are neighbours: a cluster is a run of them.
  const order = prompts.map((_, i) => i).sort((a, b) => compare(prompts[a]!, prompts[b]!));
  const sorted = order.map((i) => prompts[i]!);
  const done = sorted.map(known);
  const withNext = sorted.map((t, i) => (i + 1 < sorted.length ? commonLength(t, sorted[i + 1]!) : 0));
  // For the first `end` prompts: the most tokens saved, and the run that ends there.
  const best = [{ saved: 0, start: 0, length: 0 }];
  for (let end = 1; end <= sorted.length; end++) {
    let choice = { saved: best[end - 1]!.saved, start: end - 1, length: 0 };
    let common = Infinity;
    for (let start = end - 1; start >= 0; start--) {
      common = Math.min(common, sorted[start]!.length - 1, start < end - 1 ? withNext[start]! : Infinity);
      if (common < prefix + CLUSTER_TOKENS) break;
      const have = Math.max(prefix, Math.min(done[start]!, common));
      const length = end - start > 1 ? common : have;
      const saved = best[start]!.saved + (end - start - 1) * (length - prefix) + have - prefix;
      if (length >= prefix + CLUSTER_TOKENS && saved > choice.saved) choice = { saved, start, length };
    }
    best.push(choice);
  }
  const clusters: Cluster[] = [];
  for (let end = sorted.length; end > 0; end = best[end]!.start) {
    const { start, length } = best[end]!;
    if (length > 0)
      clusters.push({ beginning: sorted[start]!.slice(0, length), members: order.slice(start, end) });
  }
  return clusters;
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = commonLength(a, b);
  return (a[at] ?? -1) - (b[at] ?? -1);
}
