/** The hero figure: a run as a climb. Stones by difficulty, bands behind, flags on the top line. */
import { type KeyboardEvent, memo, type PointerEvent, useId, useMemo, useState } from 'react';
import { inBand } from '../../gasp/rewards.ts';
import { type FrontierPoint, frontier } from '../../run/frontier.ts';
import {
  type GoalpostState,
  goalpostStates,
  type IterationState,
  type RunState,
  type Stone,
} from '../../run/state.ts';
import { percent, roleNames, short } from '../format.ts';
import { linear, type Scale, ticks } from './scale.ts';
import { useWidth } from './useWidth.ts';
import './Climb.css';

interface Placed {
  stone: Stone;
  x: number;
  y: number;
}

/** Iterations that the axis has room for from the start, so that a young run does not jump about. */
const fewestColumns = 12;

export function Climb(props: {
  state: RunState;
  /** Last iteration of the whole run, which may lie beyond `state` when it is scrubbed back. */
  lastIteration: number;
  selected: string | null;
  onOpen: (stone: Stone) => void;
  onOpenGoalpost: (id: string) => void;
}) {
  const { state, lastIteration, onOpen } = props;
  const [box, width] = useWidth<HTMLDivElement>();
  const [active, setActive] = useState<string | null>(null);
  const help = useId();

  const small = width < 560;
  const height = small ? 300 : 400;
  const margin = { top: 62, right: small ? 26 : 40, bottom: 40, left: small ? 36 : 46 };
  const plot = {
    left: margin.left,
    right: width - margin.right,
    top: margin.top,
    bottom: height - margin.bottom,
  };

  const columns = Math.max(fewestColumns, lastIteration);
  const columnWidth = (plot.right - plot.left) / columns;
  const x = linear([0.5, columns + 0.5], [plot.left, plot.right]);
  const y = linear([0, 1], [plot.top, plot.bottom]);
  const size = Math.max(1.7, Math.min(5.5, columnWidth / 5));

  const placed = useMemo(
    () => (width ? place(state.iterations, x, y, columnWidth) : new Map<string, Placed>()),
    // The scales follow from the width, the height and the number of columns.
    [state.iterations, width, columns, height],
  );
  const goalposts = useMemo(
    () => goalpostStates(state),
    [state.goalposts, state.iterations, state.evaluations],
  );
  const points = useMemo(() => frontier(state.iterations), [state.iterations]);
  const shown = active ? placed.get(active) : undefined;

  const nearest = (event: PointerEvent<SVGSVGElement>): Placed | undefined => {
    const bounds = event.currentTarget.getBoundingClientRect();
    const [px, py] = [event.clientX - bounds.left, event.clientY - bounds.top];
    let best: Placed | undefined;
    let distance = event.pointerType === 'touch' ? 28 : 18;
    for (const candidate of placed.values()) {
      const d = Math.hypot(candidate.x - px, candidate.y - py);
      if (d < distance) [best, distance] = [candidate, d];
    }
    return best;
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const order = [...placed.values()];
    if (order.length === 0) return;
    const at = order.findIndex((candidate) => candidate.stone.id === active);
    const move: Record<string, number> = {
      ArrowRight: at + 1,
      ArrowLeft: at < 0 ? order.length - 1 : at - 1,
      Home: 0,
      End: order.length - 1,
    };
    if (event.key in move) {
      event.preventDefault();
      const next = order[Math.max(0, Math.min(order.length - 1, move[event.key]!))];
      if (next) setActive(next.stone.id);
    } else if (event.key === 'Enter' && shown) {
      event.preventDefault();
      onOpen(shown.stone);
    } else if (event.key === 'Escape') {
      setActive(null);
    }
  };

  const accepted = [...placed.values()].filter(({ stone }) => stone.accepted);
  const solved = goalposts.filter((goalpost) => goalpost.solvedAt !== undefined).length;

  return (
    <figure className="climb" ref={box}>
      <figcaption className="climb-caption">
        <h2 className="eyebrow">The climb</h2>
        <ul className="climb-key" aria-hidden="true">
          <li className="of-goalpost">
            <svg viewBox="0 0 12 12">
              <path d="M3 12V1l7 2.5L3 6" />
            </svg>
            goalpost
          </li>
          <li className="of-lemma">
            <svg viewBox="0 0 12 12">
              <circle cx="6" cy="6" r="4" />
            </svg>
            lemma
          </li>
          <li className="of-lift">
            <svg viewBox="0 0 12 12">
              <path d={triangle(6, 6, 4.4)} />
            </svg>
            lift
          </li>
          <li className="is-frontier">
            <svg viewBox="0 0 18 12">
              <path d="M0 9 6 7 11 4 18 3" />
            </svg>
            lines solved half the time
          </li>
        </ul>
      </figcaption>
      <p className="visually-hidden" id={help}>
        {`Iterations from left to right, difficulty upward: a question that no answer solves lies at the top. ${placed.size} questions tried, ${accepted.length} in their band. ${solved} of ${goalposts.length} goalposts solved.`}
        {points.length > 0 &&
          ` The student now finds half of the programs of ${short(points.at(-1)!.lines)} lines; at first ${short(points[0]!.lines)}.`}
        {' Arrow keys go from question to question, Enter opens one.'}
      </p>
      {width > 0 && (
        <svg
          className="climb-figure"
          width={width}
          height={height}
          viewBox={`0 0 ${width} ${height}`}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: the figure is walked with the arrow keys
          tabIndex={0}
          role="application"
          aria-label="The climb"
          aria-describedby={help}
          onPointerMove={(event) => setActive(nearest(event)?.stone.id ?? null)}
          onPointerLeave={() => setActive(null)}
          onPointerUp={(event) => {
            const target = nearest(event);
            if (target) onOpen(target.stone);
          }}
          onKeyDown={onKeyDown}
          onBlur={() => setActive(null)}
        >
          <Ground plot={plot} x={x} y={y} columns={columns} small={small} />
          {state.iterations.map((iteration) => (
            <Column
              key={iteration.iteration}
              iteration={iteration}
              placed={placed}
              size={size}
              x={x}
              bottom={plot.bottom}
            />
          ))}
          <Frontier points={points} x={x} plot={plot} />
          <Flags goalposts={goalposts} plot={plot} onOpen={props.onOpenGoalpost} />
          {[props.selected, active].map((id) => {
            const mark = id ? placed.get(id) : undefined;
            return (
              mark && (
                <circle key={`mark-${id}`} className="climb-mark" cx={mark.x} cy={mark.y} r={size + 4} />
              )
            );
          })}
        </svg>
      )}
      {shown && (
        <div
          className={`climb-tip of-${shown.stone.proposal.role}`}
          style={{ left: Math.min(Math.max(shown.x, 120), width - 120), top: shown.y }}
          data-below={shown.y < 130 || undefined}
        >
          <strong>{roleNames[shown.stone.proposal.role]}</strong> of iteration {shown.stone.iteration}
          <span className="climb-tip-title">{shown.stone.proposal.question?.title}</span>
          <span>
            {percent(shown.stone.passRate!)} pass
            {shown.stone.reward !== undefined && `, reward ${short(shown.stone.reward)}`}
            {shown.stone.accepted ? '' : ', out of its band'}
          </span>
        </div>
      )}
      <p className="visually-hidden" aria-live="polite">
        {shown &&
          `${roleNames[shown.stone.proposal.role]} of iteration ${shown.stone.iteration}: ${shown.stone.proposal.question?.title}. Pass rate ${percent(shown.stone.passRate!)}.`}
      </p>
    </figure>
  );
}

interface Plot {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Where each tried proposal lies: lemmas in the left half of their iteration's column, lifts in the right. */
function place(iterations: IterationState[], x: Scale, y: Scale, columnWidth: number): Map<string, Placed> {
  const placed = new Map<string, Placed>();
  for (const iteration of iterations) {
    const slots = Math.max(1, iteration.goalposts.length);
    const lemmaSlot = new Map<string, number>();
    let first = 0;
    for (const stone of iteration.stones) {
      const { proposal } = stone;
      const slot = proposal.role === 'lift' ? (lemmaSlot.get(proposal.parent ?? '') ?? 0) : first++;
      lemmaSlot.set(stone.id, slot);
      if (stone.passRate === undefined) continue;
      const within = ((slot + 0.5) / slots - 0.5) * 0.36 + (proposal.role === 'lift' ? 0.22 : -0.22);
      placed.set(stone.id, {
        stone,
        x: x(iteration.iteration) + within * columnWidth,
        y: y(stone.passRate),
      });
    }
  }
  return placed;
}

/** The band of a role as pass rates, read off its reward. */
function bandEdges(role: 'lemma' | 'lift'): [number, number] {
  const inside = Array.from({ length: 1001 }, (_, i) => i / 1000).filter((p) => inBand(role, p));
  return [inside[0]!, inside.at(-1)!];
}
const bands = { lemma: bandEdges('lemma'), lift: bandEdges('lift') };

function Ground({
  plot,
  x,
  y,
  columns,
  small,
}: {
  plot: Plot;
  x: Scale;
  y: Scale;
  columns: number;
  small: boolean;
}) {
  const width = plot.right - plot.left;
  return (
    <g className="climb-ground" aria-hidden="true">
      {(['lemma', 'lift'] as const).map((role) => {
        const [low, high] = bands[role];
        return (
          <g key={role} className={`of-${role}`}>
            <rect className="climb-band" x={plot.left} y={y(low)} width={width} height={y(high) - y(low)} />
            <rect className="climb-band-edge" x={plot.left} y={y(low)} width={3} height={y(high) - y(low)} />
            <text
              className="climb-band-name"
              x={plot.left + 10}
              y={role === 'lift' ? y(low) + 14 : y(high) - 6}
            >
              {role} band
            </text>
          </g>
        );
      })}
      <line className="climb-line" x1={plot.left} x2={plot.right} y1={plot.top} y2={plot.top} />
      <line className="climb-line" x1={plot.left} x2={plot.right} y1={plot.bottom} y2={plot.bottom} />
      {[0, 0.1, 0.3, 0.5, 0.7, 1].map((p) => (
        <text key={p} className="climb-tick" x={plot.left - 8} y={y(p) + 4} textAnchor="end">
          {Math.round(p * 100)}
        </text>
      ))}
      <text className="climb-tick" x={plot.left - 8} y={y(0) - 12} textAnchor="end">
        % pass
      </text>
      {ticks(1, columns, small ? 4 : 10)
        .filter((tick) => Number.isInteger(tick))
        .map((tick) => (
          <text key={tick} className="climb-tick" x={x(tick)} y={plot.bottom + 30} textAnchor="middle">
            {tick}
          </text>
        ))}
      <text className="climb-tick" x={plot.right} y={plot.bottom + 30} textAnchor="end">
        {small ? '' : 'iteration'}
      </text>
    </g>
  );
}

const Column = memo(
  function Column(props: {
    iteration: IterationState;
    placed: Map<string, Placed>;
    size: number;
    x: Scale;
    bottom: number;
  }) {
    const { iteration, placed, size, x, bottom } = props;
    const faults = iteration.stones.filter((stone) => stone.proposal.fault);
    return (
      <g>
        {iteration.stones.map((stone) => {
          const lift = placed.get(stone.id);
          const lemma = placed.get(stone.proposal.parent ?? '');
          if (!lift || !lemma) return null;
          return (
            <line
              key={stone.id}
              className="climb-pair"
              data-accepted={stone.accepted || undefined}
              x1={lemma.x}
              y1={lemma.y}
              x2={lift.x}
              y2={lift.y}
            />
          );
        })}
        {iteration.stones.map((stone) => {
          const at = placed.get(stone.id);
          if (!at) return null;
          const className = `climb-stone of-${stone.proposal.role}`;
          const accepted = stone.accepted || undefined;
          if (stone.proposal.role === 'lift')
            return (
              <path
                key={stone.id}
                className={className}
                data-accepted={accepted}
                d={triangle(at.x, at.y, size * 1.15)}
              />
            );
          if (stone.proposal.role === 'unguided')
            return (
              <rect
                key={stone.id}
                className={className}
                data-accepted={accepted}
                x={at.x - size * 0.8}
                y={at.y - size * 0.8}
                width={size * 1.6}
                height={size * 1.6}
              />
            );
          return (
            <circle
              key={stone.id}
              className={className}
              data-accepted={accepted}
              cx={at.x}
              cy={at.y}
              r={size}
            />
          );
        })}
        {faults.length > 0 && (
          <path
            className="climb-faults"
            d={`M${x(iteration.iteration)} ${bottom + 4}v${1.5 * Math.min(8, faults.length)}`}
            strokeWidth={Math.max(1, size / 1.6)}
          />
        )}
      </g>
    );
  },
  (before, after) =>
    before.iteration === after.iteration &&
    before.size === after.size &&
    before.x(1) === after.x(1) &&
    before.x(2) === after.x(2) &&
    before.bottom === after.bottom,
);

function Frontier({ points, x, plot }: { points: FrontierPoint[]; x: Scale; plot: Plot }) {
  if (points.length < 2) return null;
  const top = Math.max(5, ...points.map((point) => Math.ceil(point.lines)));
  const y = linear([0, top], [plot.bottom, plot.top]);
  const last = points.at(-1)!;
  return (
    <g className="climb-frontier" aria-hidden="true">
      <path
        d={points.map((point, i) => `${i ? 'L' : 'M'}${x(point.iteration)} ${y(point.lines)}`).join('')}
      />
      <circle cx={x(last.iteration)} cy={y(last.lines)} r={3} />
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
}

function Flags({
  goalposts,
  plot,
  onOpen,
}: {
  goalposts: GoalpostState[];
  plot: Plot;
  onOpen: (id: string) => void;
}) {
  const step = (plot.right - plot.left) / Math.max(1, goalposts.length);
  const pennant = Math.max(3, Math.min(12, step * 0.55));
  return (
    <g>
      {goalposts.map(({ question, solvedAt }, i) => {
        const x = plot.left + (i + 0.5) * step;
        return (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the list of goalposts beside the figure opens them by keyboard
          // biome-ignore lint/a11y/noStaticElementInteractions: see above
          <g
            key={question.id}
            className="climb-flag"
            data-solved={solvedAt !== undefined || undefined}
            onClick={() => onOpen(question.id)}
          >
            <title>{`${question.title}${solvedAt === undefined ? '' : ` (solved at iteration ${solvedAt})`}`}</title>
            <rect x={x - step / 2} y={plot.top - 40} width={step} height={34} fill="transparent" />
            <line x1={x} x2={x} y1={plot.top} y2={plot.top - 28} />
            <path
              style={{ transformOrigin: `${x}px ${plot.top}px` }}
              d={`M${x} ${plot.top - 28}l${pennant} ${pennant * 0.4}l${-pennant} ${pennant * 0.4}z`}
            />
          </g>
        );
      })}
    </g>
  );
}

function triangle(x: number, y: number, r: number): string {
  const half = r * 0.95;
  return `M${x} ${y - r}L${x + half} ${y + r * 0.72}H${x - half}Z`;
}
