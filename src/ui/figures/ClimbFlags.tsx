/** The goalposts: flags on the top line of the climb, which turn when they are solved. */
import { memo } from 'react';
import type { GoalpostState } from '../../run/state.ts';
import type { View } from './climbLayout.ts';

interface Props {
  goalposts: GoalpostState[];
  view: View;
  onOpen: (id: string) => void;
}

/** Goalposts are told anew at each moment, but seldom with another one solved. */
const sameFlags = (before: Props, after: Props) =>
  before.view === after.view &&
  before.onOpen === after.onOpen &&
  before.goalposts.length === after.goalposts.length &&
  before.goalposts.every(
    ({ question, solvedAt }, i) =>
      question === after.goalposts[i]!.question && solvedAt === after.goalposts[i]!.solvedAt,
  );

export const ClimbFlags = memo(function ClimbFlags(props: Props) {
  const { goalposts, onOpen } = props;
  const { plot } = props.view;
  const step = (plot.right - plot.left) / Math.max(1, goalposts.length);
  const pennant = Math.max(3, Math.min(12, step * 0.55));
  return (
    <g>
      {goalposts.map(({ question, solvedAt }, i) => {
        const x = plot.left + (i + 0.5) * step;
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: the list of goalposts opens them by keyboard
          <g
            key={question.id}
            className="climb-flag"
            data-solved={solvedAt !== undefined || undefined}
            onClick={() => onOpen(question.id)}
          >
            <title>{`${question.title}${solvedAt === undefined ? '' : ` (solved at iteration ${solvedAt})`}`}</title>
            <rect x={x - step / 2} y={plot.top - 40} width={step} height={34} fill="transparent" />
            <line x1={x} x2={x} y1={plot.top} y2={plot.top - 28} strokeWidth={Math.min(1.25, step * 0.2)} />
            <path
              style={{ transformOrigin: `${x}px ${plot.top}px` }}
              d={`M${x} ${plot.top - 28}l${pennant} ${pennant * 0.4}l${-pennant} ${pennant * 0.4}z`}
            />
          </g>
        );
      })}
    </g>
  );
}, sameFlags);
