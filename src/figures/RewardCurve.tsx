/** Fig. 3 of the paper with a run's data: what a proposal earns for each pass rate. */
import { group } from 'd3-array';
import type { ReactNode } from 'react';
import type { ProposerRole } from '../gasp/question.ts';
import { inBand, proposerReward } from '../gasp/rewards.ts';
import { chartWidth, Drawing, XLabel, YTick } from './Drawing.tsx';
import type { FigureTable } from './figure.ts';
import { linear } from './scale.ts';
import { at, linePath } from './shapes.ts';

/** A proposal that was tried. */
export interface Paid {
  passRate: number;
  reward: number;
}

/** Proposals of one pass rate and reward, which lie on one another. */
interface Spot extends Paid {
  count: number;
}

export function spotsOf(proposals: readonly Paid[]): Spot[] {
  return [...group(proposals, ({ passRate, reward }) => `${passRate}/${reward}`).values()]
    .map((same) => ({ ...same[0]!, count: same.length }))
    .sort((a, b) => a.passRate - b.passRate || a.reward - b.reward);
}

/** The curve over pass rates, broken where the band ends. */
function curveOf(role: ProposerRole, x: (value: number) => number, y: (value: number) => number): string {
  const pieces: [number, number][][] = [];
  let inside: boolean | undefined;
  for (let i = 0; i <= 200; i++) {
    const p = i / 200;
    if (inBand(role, p) !== inside) pieces.push([]);
    inside = inBand(role, p);
    pieces.at(-1)!.push([x(p), y(proposerReward(role, p))]);
  }
  // A lecture enlarges it.
  return pieces.map((piece) => linePath(piece, 100)).join('');
}

/** With axes, for page, report and file; the area of a spot grows with the number of its proposals. */
export function RewardChart(props: {
  title: string;
  about: string;
  role: ProposerRole;
  proposals: readonly Paid[];
}) {
  const { title, about, role, proposals } = props;
  const height = 200;
  const bottom = height - 34;
  const [left, right] = [40, chartWidth - 14];
  // The largest spots lie on the ends and keep off the numbers beside them.
  const x = linear([0, 1], [left + 10, right - 4]);
  const y = linear([-0.6, 1.1], [bottom, 12]);
  const spots = spotsOf(proposals);
  const most = Math.max(...spots.map(({ count }) => count));
  return (
    <Drawing height={height} title={title} about={about}>
      {[-0.5, 0, 0.5, 1].map((value) => (
        <YTick key={value} left={left} right={right} y={y(value)}>
          {String(value).replace('-', '−')}
        </YTick>
      ))}
      {[0, 0.25, 0.5, 0.75, 1].map((value) => (
        <XLabel key={value} x={x(value)} y={bottom + 15}>
          {String(value)}
        </XLabel>
      ))}
      <XLabel x={(left + right) / 2} y={height - 4}>
        pass rate
      </XLabel>
      <path className={`line ${role}`} d={curveOf(role, x, y)} />
      {spots.map(({ passRate, reward, count }) => (
        <circle
          key={`${passRate}/${reward}`}
          className={`spot ${role}`}
          cx={at(x(passRate))}
          cy={at(y(reward))}
          r={at(1.5 + 8 * Math.sqrt(count / most))}
        />
      ))}
    </Drawing>
  );
}

/** Opacity of one earlier question; those that lie on one another are drawn as one, and darker. */
const EARLIER = 0.3;

/** Small, beside text; with the question that it is about, larger, among earlier ones. */
export function RewardCurve(props: {
  role: ProposerRole;
  about: string;
  passRate?: number | undefined;
  earlier?: readonly number[] | undefined;
}): ReactNode {
  const { role, about, passRate, earlier = [] } = props;
  const [width, height] = [132, 64];
  const x = linear([0, 1], [4, width - 4]);
  const y = linear([-0.5, 1], [height - 12, 5]);
  const earned = (p: number): Paid => ({ passRate: p, reward: proposerReward(role, p) });
  return (
    <svg
      data-figure
      className={`reward-curve of-${role}`}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={about}
    >
      <line className="reward-zero" x1={4} x2={width - 4} y1={y(0)} y2={y(0)} />
      <path className="reward-line" d={curveOf(role, x, y)} />
      {spotsOf(earlier.map(earned)).map(({ passRate: p, reward, count }) => (
        <circle
          key={p}
          className="reward-earlier"
          cx={x(p)}
          cy={y(reward)}
          r={1.8}
          opacity={1 - (1 - EARLIER) ** count}
        />
      ))}
      {passRate !== undefined && (
        <circle className="reward-point" cx={x(passRate)} cy={y(proposerReward(role, passRate))} r={4.5} />
      )}
      {[0, 0.5, 1].map((p) => (
        <text key={p} x={x(p)} y={height - 1} textAnchor={p === 0 ? 'start' : p === 1 ? 'end' : 'middle'}>
          {String(p)}
        </text>
      ))}
    </svg>
  );
}

/** The points on it, the newest first, then the curve itself. */
export function rewardTable(
  role: ProposerRole,
  passRate: number | undefined,
  earlier: readonly number[] = [],
): FigureTable {
  const row = (what: string, p: number) => [what, p, proposerReward(role, p)];
  return {
    columns: ['what', 'pass rate', 'reward'],
    rows: [
      ...(passRate === undefined ? [] : [row('this question', passRate)]),
      ...earlier.map((p) => row('earlier question', p)),
      ...Array.from({ length: 101 }, (_, i) => row('curve', i / 100)),
    ],
  };
}
