/** The small reward curve in its place on the page. */
import { useRef } from 'react';
import { RewardCurve, rewardTable } from '../../figures/RewardCurve.tsx';
import type { ProposerRole } from '../../gasp/question.ts';
import { proposerReward } from '../../gasp/rewards.ts';
import { percent, short } from '../parts/format.ts';
import { FigureTools } from './FigureTools.tsx';
import './RewardFigure.css';

export function RewardFigure(props: {
  kind: ProposerRole;
  passRate?: number;
  earlier?: number[];
  /** Whether its numbers and files are offered beside it. */
  tools?: boolean;
}) {
  const { kind, passRate, earlier, tools = true } = props;
  const figure = useRef<HTMLSpanElement>(null);
  const about =
    passRate === undefined
      ? `Reward of a ${kind} for each pass rate`
      : `Reward ${short(proposerReward(kind, passRate))} at a pass rate of ${percent(passRate)}`;
  return (
    <span className="reward-figure" ref={figure}>
      {tools && (
        <FigureTools
          title={`Reward of a ${kind === 'unguided' ? 'question' : kind}`}
          figure={figure}
          table={() => rewardTable(kind, passRate, earlier)}
        />
      )}
      <RewardCurve role={kind} about={about} passRate={passRate} earlier={earlier} />
    </span>
  );
}
