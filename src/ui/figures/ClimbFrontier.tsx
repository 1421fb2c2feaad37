/** The student's reach and its history: a band from what it gets right half of the time to what it gets once in ten. */
import { memo } from 'react';
import type { FrontierPoint } from '../../run/frontier.ts';
import { heightOf, type View } from './climbLayout.ts';

/** Pixels between points of the band: more of them show nothing more. */
const STEP = 3;

export const ClimbFrontier = memo(function ClimbFrontier(props: {
  points: readonly FrontierPoint[];
  /** Frontiers of the runs that this one branches from. */
  past: readonly (readonly FrontierPoint[])[];
  /** The frontier of the run that this one is compared with. */
  others: readonly FrontierPoint[];
  view: View;
}) {
  const { points, past, others, view } = props;
  const last = points.at(-1);
  return (
    <g className="climb-frontier">
      {[...past, points].map((line) => {
        const shown = spaced(line, view);
        return (
          shown.length > 1 && (
            <g key={line[0]!.iteration} data-past={line === points ? undefined : ''}>
              <path
                data-reach=""
                d={`${path(shown, 'tenth', view)}L${path(shown.toReversed(), 'half', view).slice(1)}z`}
              />
              <path data-tenth="" d={path(shown, 'tenth', view)} />
              <path d={path(shown, 'half', view)} />
            </g>
          )
        );
      })}
      {others.length > 1 && <path data-other="" d={path(spaced(others, view), 'half', view)} />}
      {last && <circle cx={view.x(last.iteration)} cy={heightOf(view, last.half)} r={3} />}
    </g>
  );
});

function path(points: readonly FrontierPoint[], edge: 'half' | 'tenth', view: View): string {
  const at = (point: FrontierPoint) =>
    `${view.x(point.iteration).toFixed(1)} ${heightOf(view, point[edge]).toFixed(1)}`;
  return `M${points.map(at).join('L')}`;
}

/** The first and the last point, and of those between as many as can be told apart. */
function spaced(points: readonly FrontierPoint[], { x }: View): FrontierPoint[] {
  let before = Number.NEGATIVE_INFINITY;
  return points.filter(({ iteration }, i) => {
    const here = x(iteration);
    if (here - before < STEP && i < points.length - 1) return false;
    before = here;
    return true;
  });
}
