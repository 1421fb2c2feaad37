/** Fig. 3 of the paper with this run's data: what a proposal earns for each pass rate. */
import { useRef } from 'react';
import { inBand, proposerReward } from '../../gasp/rewards.ts';
import type { ProposerRole } from '../../gasp/question.ts';
import { percent, short } from '../format.ts';
import { type FigureTable, FigureTools } from './FigureTools.tsx';
import { linear } from '../../figures/scale.ts';
import './RewardCurve.css';

/** Opacity of an earlier question. Those of one pass rate lie on one another, and are drawn as one. */
const EARLIER = 0.3;

const width = 132;
const height = 64;
const x = linear([0, 1], [4, width - 4]);
const y = linear([-0.5, 1], [height - 12, 5]);

/** The curve in pieces, broken where the band ends. */
function pieces(role: ProposerRole): string[] {
  const paths: string[] = [];
  let inside: boolean | undefined;
  for (let i = 0; i <= 200; i++) {
    const p = i / 200;
    const now = inBand(role, p);
    const point = `${x(p).toFixed(2)} ${y(proposerReward(role, p)).toFixed(2)}`;
    if (now !== inside) paths.push(`M${point}`);
    else paths[paths.length - 1] += `L${point}`;
    inside = now;
  }
  return paths;
}
const curves: Record<ProposerRole, string> = {
  lemma: pieces('lemma').join(''),
  lift: pieces('lift').join(''),
  unguided: pieces('unguided').join(''),
};

/** The points on it, the newest first, then the curve itself. */
function tableOf(kind: ProposerRole, passRate: number | undefined, earlier: number[] = []): FigureTable {
  const row = (what: string, p: number) => [what, p, proposerReward(kind, p)];
  return {
    columns: ['what', 'pass rate', 'reward'],
    rows: [
      ...(passRate === undefined ? [] : [row('this question', passRate)]),
      ...earlier.map((p) => row('earlier question', p)),
      ...Array.from({ length: 101 }, (_, i) => row('curve', i / 100)),
    ],
  };
}

function tally(rates: readonly number[] = []): Map<number, number> {
  const times = new Map<number, number>();
  for (const p of rates) times.set(p, (times.get(p) ?? 0) + 1);
  return times;
}

export function RewardCurve({
  kind,
  passRate,
  earlier,
  tools = true,
}: {
  kind: ProposerRole;
  passRate?: number;
  earlier?: number[];
  /** Whether its numbers and files are offered beside it. */
  tools?: boolean;
}) {
  const reward = passRate === undefined ? undefined : proposerReward(kind, passRate);
  const figure = useRef<HTMLSpanElement>(null);
  return (
    <span className="reward-figure" ref={figure}>
      {tools && (
        <FigureTools
          title={`Reward of a ${kind === 'unguided' ? 'question' : kind}`}
          figure={figure}
          table={() => tableOf(kind, passRate, earlier)}
        />
      )}
      <svg
        data-figure
        className={`reward-curve of-${kind}`}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={
          passRate === undefined
            ? `Reward of a ${kind} for each pass rate`
            : `Reward ${short(reward!)} at a pass rate of ${percent(passRate)}`
        }
      >
        <line className="reward-zero" x1={4} x2={width - 4} y1={y(0)} y2={y(0)} />
        <path className="reward-line" d={curves[kind]} />
        {[...tally(earlier)].map(([p, times]) => (
          <circle
            key={p}
            className="reward-earlier"
            cx={x(p)}
            cy={y(proposerReward(kind, p))}
            r={1.8}
            opacity={1 - (1 - EARLIER) ** times}
          />
        ))}
        {passRate !== undefined && (
          <circle className="reward-point" cx={x(passRate)} cy={y(reward!)} r={4.5} />
        )}
        {[0, 0.5, 1].map((p) => (
          <text key={p} x={x(p)} y={height - 1} textAnchor={p === 0 ? 'start' : p === 1 ? 'end' : 'middle'}>
            {p}
          </text>
        ))}
      </svg>
    </span>
  );
}
