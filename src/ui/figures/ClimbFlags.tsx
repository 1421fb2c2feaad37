/** The goalposts: flags right of the climb, as high as they are far, which come down and turn when they are solved. */
import { memo } from 'react';
import type { GoalpostState } from '../../run/state.ts';
import { flagHeight, flagPath, heightOf, type View } from './climbLayout.ts';

interface Props {
  goalposts: readonly GoalpostState[];
  /** Natural log-probabilities under the starting model, by id, for goalposts that the run has not measured yet. */
  known: Readonly<Record<string, number>> | undefined;
  view: View;
  onOpen: (id: string) => void;
}

/** Goalposts are told anew at each moment, but seldom with another distance or another one solved. */
const same = (before: Props, after: Props) =>
  before.view === after.view &&
  before.known === after.known &&
  before.onOpen === after.onOpen &&
  before.goalposts.length === after.goalposts.length &&
  before.goalposts.every(({ question, solvedAt, distances }, i) => {
    const now = after.goalposts[i]!;
    return (
      question === now.question && solvedAt === now.solvedAt && distances.length === now.distances.length
    );
  });

export const ClimbFlags = memo(function ClimbFlags({ goalposts, known, view, onOpen }: Props) {
  const { flags, plot, small } = view;
  const step = (flags.right - flags.left) / Math.max(1, goalposts.length);
  const pennant = Math.max(3, Math.min(small ? 7 : 10, step * 1.6));
  return (
    <g className="climb-flags">
      <Paths goalposts={goalposts} view={view} />
      <text className="climb-tick" x={flags.right} y={plot.top - 22} textAnchor="end">
        goalposts
      </text>
      {goalposts.map((goalpost, i) => {
        const { question, solvedAt } = goalpost;
        const height = flagHeight(goalpost, view.measure, known?.[question.id]);
        const x = flags.left + (i + 0.5) * step;
        const y = heightOf(view, height?.now ?? view.top);
        const from = heightOf(view, height?.start ?? view.top);
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: the list of goalposts opens them by keyboard
          <g
            key={question.id}
            className="climb-flag"
            data-solved={solvedAt !== undefined || undefined}
            onClick={() => onOpen(question.id)}
          >
            <title>{`${question.title}${solvedAt === undefined ? '' : ` (solved at iteration ${solvedAt})`}`}</title>
            {Math.abs(y - from) > 1 && <line className="climb-fallen" x1={x} x2={x} y1={from} y2={y} />}
            <g className="climb-flag-now" style={{ transform: `translate(${x}px, ${y}px)` }}>
              <circle r={Math.max(5, step / 2)} fill="transparent" />
              <line y2={-pennant * 1.5} strokeWidth={Math.max(0.6, Math.min(1.25, pennant / 6))} />
              <path d={`M0 ${-pennant * 1.5}l${pennant} ${pennant * 0.4}l${-pennant} ${pennant * 0.4}z`} />
            </g>
          </g>
        );
      })}
    </g>
  );
}, same);

/** How goalposts came down over the iterations: each of them faintly, and the one in the middle of all. */
function Paths({ goalposts, view }: { goalposts: readonly GoalpostState[]; view: View }) {
  const { x } = view;
  // Trials come after their iteration, and the first of all before there is one.
  const at = (iteration: number) => x(iteration + 0.5).toFixed(1);
  const heights = new Map<number, number[]>();
  let each = '';
  for (const goalpost of goalposts) {
    const path = flagPath(goalpost, view);
    each += path.map(({ iteration, y }, i) => `${i ? 'L' : 'M'}${at(iteration)} ${y.toFixed(1)}`).join('');
    for (const { iteration, y } of path) {
      const there = heights.get(iteration);
      if (there) there.push(y);
      else heights.set(iteration, [y]);
    }
  }
  const middle = [...heights].map(([iteration, all], i) => {
    const sorted = all.sort((a, b) => b - a);
    return `${i ? 'L' : 'M'}${at(iteration)} ${sorted[Math.floor(sorted.length / 2)]!.toFixed(1)}`;
  });
  if (middle.length < 2) return null;
  return (
    <>
      <path
        className="climb-distances"
        style={{ opacity: Math.max(0.1, Math.min(0.4, 6 / goalposts.length)) }}
        d={each}
      />
      <path className="climb-distances" data-middle="" d={middle.join('')} />
    </>
  );
}
