/** Fig. 3 of the paper with this run's data: what a proposal earns for each pass rate. */
import { inBand, proposerReward } from '../../gasp/rewards.ts';
import type { ProposerRole } from '../../gasp/question.ts';
import { percent, short } from '../format.ts';
import { linear } from './scale.ts';
import './RewardCurve.css';

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
    const point = `${x(p).toFixed(1)} ${y(proposerReward(role, p)).toFixed(1)}`;
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

export function RewardCurve({
  kind,
  passRate,
  earlier,
}: {
  kind: ProposerRole;
  passRate?: number;
  earlier?: number[];
}) {
  const reward = passRate === undefined ? undefined : proposerReward(kind, passRate);
  return (
    <svg
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
      {earlier?.map((p, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: points without identity
        <circle key={i} className="reward-earlier" cx={x(p)} cy={y(proposerReward(kind, p))} r={1.8} />
      ))}
      {passRate !== undefined && <circle className="reward-point" cx={x(passRate)} cy={y(reward!)} r={4.5} />}
      {[0, 0.5, 1].map((p) => (
        <text key={p} x={x(p)} y={height - 1} textAnchor={p === 0 ? 'start' : p === 1 ? 'end' : 'middle'}>
          {p}
        </text>
      ))}
    </svg>
  );
}
