/** Fig. 3 of the paper with these runs' data: what proposals earned for their pass rates. */
import type { ProposerRole } from '../../gasp/question.ts';
import { inBand, proposerReward } from '../../gasp/rewards.ts';
import { linear } from '../../figures/scale.ts';
import type { RunDigest } from '../digest.ts';
import { chartWidth } from './lineChart.ts';
import { at, drawing, type Figure, path, svg } from './svg.ts';

const height = 200;
const left = 40;
const right = chartWidth - 14;
const bottom = height - 34;
// The largest spots lie on the ends and keep off the numbers beside them.
const x = linear([0, 1], [left + 10, right - 4]);
const y = linear([-0.6, 1.1], [bottom, 12]);
const titles: Record<ProposerRole, string> = {
  lemma: 'Reward of lemmas',
  lift: 'Reward of lifts',
  unguided: 'Reward of unguided questions',
};

/** One figure for each role that any run proposes in. */
export function rewardFigures(runs: readonly RunDigest[]): Figure[] {
  return (['lemma', 'lift', 'unguided'] as const).flatMap((role) => {
    const proposals = runs.flatMap((run) => run.proposals.filter((p) => p.role === role));
    if (proposals.length === 0) return [];
    const counts = new Map<string, { passRate: number; reward: number; count: number }>();
    for (const { passRate, reward } of proposals) {
      const key = `${passRate}/${reward}`;
      const known = counts.get(key);
      if (known) known.count++;
      else counts.set(key, { passRate, reward, count: 1 });
    }
    const spots = [...counts.values()].sort((a, b) => a.passRate - b.passRate || a.reward - b.reward);
    const most = Math.max(...spots.map((spot) => spot.count));
    const title = titles[role];
    const inside = proposals.filter((p) => inBand(role, p.passRate)).length;
    return [
      {
        id: `reward-curve-${role}`,
        title,
        caption: `${proposals.length} proposals that were tried, ${Math.round((100 * inside) / proposals.length)}% of them in the band.`,
        node: drawing(
          {
            width: chartWidth,
            height,
            title,
            about: `${proposals.length} proposals, ${inside} of them in the band`,
          },
          ...[-0.5, 0, 0.5, 1].map((value) =>
            svg(
              'g',
              {},
              svg('line', { class: 'rule', x1: left, x2: right, y1: at(y(value)), y2: at(y(value)) }),
              svg(
                'text',
                { x: left - 6, y: at(y(value)) + 4, 'text-anchor': 'end' },
                String(value).replace('-', '−'),
              ),
            ),
          ),
          ...[0, 0.25, 0.5, 0.75, 1].map((value) =>
            svg('text', { x: at(x(value)), y: bottom + 15, 'text-anchor': 'middle' }, String(value)),
          ),
          svg('text', { x: at((left + right) / 2), y: height - 4, 'text-anchor': 'middle' }, 'pass rate'),
          svg('path', { class: `line ${role}`, d: pieces(role) }),
          ...spots.map(({ passRate, reward, count }) =>
            svg('circle', {
              class: `spot ${role}`,
              cx: at(x(passRate)),
              cy: at(y(reward)),
              r: at(1.5 + 8 * Math.sqrt(count / most)),
            }),
          ),
        ),
        table: [
          ['pass rate', 'reward', 'proposals'],
          ...spots.map(({ passRate, reward, count }) => [passRate, reward, count]),
        ],
      },
    ];
  });
}

/** The curve, broken where the band ends. */
function pieces(role: ProposerRole): string {
  const parts: [number, number][][] = [];
  let inside: boolean | undefined;
  for (let i = 0; i <= 200; i++) {
    const p = i / 200;
    if (inBand(role, p) !== inside) parts.push([]);
    inside = inBand(role, p);
    parts.at(-1)!.push([x(p), y(proposerReward(role, p))]);
  }
  return parts.map(path).join('');
}
