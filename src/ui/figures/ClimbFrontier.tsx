/** How far the student has come, as a line over the climb with an axis of its own on the right. */
import { memo } from 'react';
import type { FrontierPoint } from '../../run/frontier.ts';
import type { View } from './climbLayout.ts';
import { linear, ticks } from '../../figures/scale.ts';

export const ClimbFrontier = memo(function ClimbFrontier(props: {
  points: readonly FrontierPoint[];
  /** Frontiers of the runs that this one branches from. */
  past: readonly (readonly FrontierPoint[])[];
  /** The frontier of the run that this one is compared with. */
  others: readonly FrontierPoint[];
  view: View;
}) {
  const {
    points,
    past,
    others,
    view: { x, plot },
  } = props;
  const all = [points, ...past, others];
  if (all.every((line) => line.length < 2)) return null;
  const top = Math.max(5, ...all.flat().map((point) => Math.ceil(point.lines)));
  const y = linear([0, top], [plot.bottom, plot.top]);
  const last = points.at(-1);
  const path = (line: readonly FrontierPoint[]) =>
    line.map((point, i) => `${i ? 'L' : 'M'}${x(point.iteration)} ${y(point.lines)}`).join('');
  return (
    <g className="climb-frontier">
      {past.map((line) => line.length > 1 && <path key={line[0]!.iteration} data-past="" d={path(line)} />)}
      {others.length > 1 && <path data-other="" d={path(others)} />}
      {points.length > 1 && <path d={path(points)} />}
      {last && <circle cx={x(last.iteration)} cy={y(last.lines)} r={3} />}
      {ticks(0, top, top).map((tick) => (
        <text key={tick} className="climb-tick" x={plot.right + 8} y={y(tick) + 4}>
          {tick}
        </text>
      ))}
      <text className="climb-tick" x={plot.right + 8} y={plot.top - 12}>
        lines
      </text>
    </g>
  );
});
