/** The hero figure: a run as a climb. Stones by difficulty, bands behind, flags on the top line. */
import { type KeyboardEvent, memo, type PointerEvent, useId, useMemo, useState } from 'react';
import { slots } from '../../gasp/methods.ts';
import { type FrontierPoint, frontier } from '../../run/frontier.ts';
import {
  type GoalpostState,
  goalpostStates,
  type IterationState,
  type RunState,
  type Stone,
} from '../../run/state.ts';
import { Term } from '../Term.tsx';
import type { Other } from '../compare.tsx';
import { percent, roleNames, short } from '../format.ts';
import {
  type Band,
  bandsOf,
  climbTable,
  edges,
  type Placed,
  place,
  triangle,
  type View,
  viewOf,
} from './climbLayout.ts';
import { FigureTools } from './FigureTools.tsx';
import { linear, ticks } from './scale.ts';
import { useWidth } from './useWidth.ts';
import './Climb.css';

export const Climb = memo(function Climb(props: {
  state: RunState;
  /** Last iteration of the whole run, which may lie beyond `state` when it is scrubbed back. */
  lastIteration: number;
  /** A second run, whose frontier is drawn dashed. */
  other?: Other | null;
  selected: string | null;
  onOpen: (stone: Stone) => void;
  onOpenGoalpost: (id: string) => void;
}) {
  const { state, lastIteration, other, onOpen } = props;
  const [box, width] = useWidth<HTMLDivElement>();
  const [active, setActive] = useState<string | null>(null);
  const help = useId();

  const view = useMemo(() => viewOf(width, lastIteration), [width, lastIteration]);
  const placed = useMemo(
    () =>
      width
        ? place(state.iterations, state.taught, view, state.settings.goalpostsPerIteration)
        : new Map<string, Placed>(),
    [state.iterations, state.taught, state.settings.goalpostsPerIteration, view, width],
  );
  const goalposts = useMemo(() => goalpostStates(state), [state]);
  const points = useMemo(() => frontier(state.iterations), [state.iterations]);
  const otherPoints = useMemo(
    () =>
      other
        ? frontier(other.state.iterations)
            .map(({ iteration, lines }) => ({ iteration: iteration + other.shift, lines }))
            .filter(({ iteration }) => iteration >= 1)
        : [],
    [other],
  );
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
  const unguided = slots(state.settings).unguided > 0;
  const bands = useMemo(() => bandsOf(state.settings), [state.settings]);
  const solved = goalposts.filter((goalpost) => goalpost.solvedAt !== undefined).length;

  return (
    <figure className="climb" ref={box}>
      <figcaption className="climb-caption">
        <h2 className="eyebrow">The climb</h2>
        <ul className="climb-key">
          <li className="of-goalpost">
            <svg viewBox="0 0 12 12" aria-hidden="true">
              <path d="M3 12V1l7 2.5L3 6" />
            </svg>
            goalpost
          </li>
          {bands.includes('lemma') && (
            <li className="of-lemma">
              <svg viewBox="0 0 12 12" aria-hidden="true">
                <circle cx="6" cy="6" r="4" />
              </svg>
              lemma
            </li>
          )}
          {bands.includes('lift') && (
            <li className="of-lift">
              <svg viewBox="0 0 12 12" aria-hidden="true">
                <path d={triangle(6, 6, 4.4)} />
              </svg>
              lift
            </li>
          )}
          {unguided && (
            <li className="of-unguided">
              <svg viewBox="0 0 12 12" aria-hidden="true">
                <path d="M2.5 2.5h7v7h-7z" />
              </svg>
              unguided
            </li>
          )}
          <li className="is-frontier">
            <svg viewBox="0 0 18 12" aria-hidden="true">
              <path d="M0 9 6 7 11 4 18 3" />
            </svg>
            <Term name="frontier">lines solved half the time</Term>
          </li>
          {state.taught.length > 0 && (
            <li className="is-taught">
              <svg viewBox="0 0 12 12" aria-hidden="true">
                <circle cx="6" cy="6" r="5" />
              </svg>
              by a person
            </li>
          )}
        </ul>
        {placed.size > 0 && (
          <FigureTools title="The climb" figure={box} table={() => climbTable(state, points)} />
        )}
      </figcaption>
      <p className="visually-hidden" id={help}>
        {`Iterations from left to right, difficulty upward: a question that no answer solves lies at the top. ${placed.size} questions tried, ${accepted.length} in their band. ${solved} of ${goalposts.length} goalposts solved.`}
        {points.length > 0 &&
          ` The student now finds half of the programs of ${short(points.at(-1)!.lines)} lines; at first ${short(points[0]!.lines)}.`}
        {state.taught.length > 0 && ` ${state.taught.length} more were written by a person.`}
        {' Arrow keys go from question to question, Enter opens one.'}
      </p>
      {width > 0 && (
        <svg
          className="climb-figure"
          data-figure
          data-dense={view.columnWidth < 3 ? 'very' : view.columnWidth < 10 ? 'quite' : undefined}
          width={width}
          height={view.height}
          viewBox={`0 0 ${width} ${view.height}`}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: the figure is walked with the arrow keys
          tabIndex={0}
          role="application"
          aria-label="The climb"
          aria-describedby={help}
          onPointerMove={(event) => setActive(nearest(event)?.stone.id ?? null)}
          onPointerLeave={() => setActive(null)}
          onPointerUp={(event) => {
            // A flag opens by itself.
            const target = (event.target as Element).closest('.climb-flag') ? undefined : nearest(event);
            if (target) onOpen(target.stone);
          }}
          onKeyDown={onKeyDown}
          onBlur={() => setActive(null)}
        >
          <Ground view={view} bands={bands} />
          {state.iterations.map((iteration) => (
            <Column key={iteration.iteration} iteration={iteration} placed={placed} view={view} />
          ))}
          {state.taught.map(({ id }) => {
            const at = placed.get(id);
            const from = at && placed.get(at.stone.proposal.parent ?? '');
            return (
              at && (
                <g key={id} className="climb-taught">
                  {from && <line className="climb-pair" x1={from.x} y1={from.y} x2={at.x} y2={at.y} />}
                  <circle className="climb-taught-ring" cx={at.x} cy={at.y} r={view.size + 3} />
                  <StoneMark placed={at} size={view.size} />
                </g>
              )
            );
          })}
          <BandNames view={view} bands={bands} />
          {state.iterations.length === 0 && <WhatWillStand view={view} bands={bands} unguided={unguided} />}
          <Frontier points={points} others={otherPoints} view={view} />
          <Flags goalposts={goalposts} view={view} onOpen={props.onOpenGoalpost} />
          {[...new Set([props.selected, active])].map((id) => {
            const mark = id ? placed.get(id) : undefined;
            return (
              mark && <circle key={id} className="climb-mark" cx={mark.x} cy={mark.y} r={view.size + 4} />
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
});

const Ground = memo(function Ground(props: { view: View; bands: Band[] }) {
  const { plot, x, y, columns, small } = props.view;
  const width = plot.right - plot.left;
  return (
    <g>
      {props.bands.map((role) => {
        const [low, high] = edges[role];
        return (
          <g key={role} className={`of-${role}`}>
            <rect className="climb-band" x={plot.left} y={y(low)} width={width} height={y(high) - y(low)} />
            <rect
              className="climb-band-edge"
              x={plot.left + (role === 'lift' ? 0 : 3)}
              y={y(low)}
              width={3}
              height={y(high) - y(low)}
            />
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
        {small ? '%' : '% pass'}
      </text>
      {ticks(1, columns, small ? 4 : 10)
        .filter((tick) => Number.isInteger(tick))
        .map((tick) => (
          <text key={tick} className="climb-tick" x={x(tick)} y={plot.bottom + 38} textAnchor="middle">
            {tick}
          </text>
        ))}
      {!small && (
        <>
          <text className="climb-tick" x={plot.left - 8} y={plot.bottom + 19} textAnchor="end">
            unusable
          </text>
          <text className="climb-tick" x={plot.left - 8} y={plot.bottom + 38} textAnchor="end">
            iteration
          </text>
        </>
      )}
    </g>
  );
});

/** What will be here, said in the place where it will be. */
function WhatWillStand(props: { view: View; bands: Band[]; unguided: boolean }) {
  const { plot, y, small } = props.view;
  const { bands, unguided } = props;
  const x = plot.left + (small ? 11 : 130);
  const [lemma, lift] = small
    ? ['easier: half of the answers pass', 'harder: one in ten']
    : [
        'first the teacher writes an easier variant of a goalpost: paid best when half of the answers pass',
        'then, from that one alone, a harder one: paid best when one answer in ten passes',
      ];
  return (
    <g className="climb-promise">
      {bands.includes('lemma') && (
        <text x={x} y={y(edges.lemma[1]) - (small ? 24 : 7)}>
          {lemma}
        </text>
      )}
      {bands.includes('lift') && (
        <text x={x} y={y(edges.lift[0]) + (small ? 32 : 15)}>
          {lift}
        </text>
      )}
      {bands.length === 0 && unguided && (
        <text x={plot.left + 11} y={y(0.5)}>
          {small
            ? 'the fewer answers pass, the better it pays'
            : 'the teacher makes questions up: the fewer answers pass, the better it is paid, but for none at all nothing'}
        </text>
      )}
    </g>
  );
}

/** Above the stones, or they would hide them. */
function BandNames({ view: { plot, y }, bands }: { view: View; bands: Band[] }) {
  return (
    <g>
      {bands.includes('lift') && (
        <text className="climb-band-name of-lift" x={plot.left + 11} y={y(edges.lift[0]) + 15}>
          lift band
        </text>
      )}
      {bands.includes('lemma') && (
        <text className="climb-band-name of-lemma" x={plot.left + 11} y={y(edges.lemma[1]) - 7}>
          lemma band
        </text>
      )}
    </g>
  );
}

const Column = memo(
  function Column(props: { iteration: IterationState; placed: Map<string, Placed>; view: View }) {
    const { iteration, placed } = props;
    const { size, x, plot } = props.view;
    const faults = iteration.stones.filter((stone) => stone.proposal.fault);
    return (
      <g data-now={!iteration.counters || undefined}>
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
          return at && <StoneMark key={stone.id} placed={at} size={size} />;
        })}
        {faults.length > 0 && (
          <path
            className="climb-faults"
            d={`M${x(iteration.iteration)} ${plot.bottom + 6}v${Math.min(18, 3 * faults.length)}`}
            strokeWidth={Math.max(1.5, size)}
          />
        )}
      </g>
    );
  },
  // Where an iteration's stones lie follows from these two.
  (before, after) => before.iteration === after.iteration && before.view === after.view,
);

/** A lift is a triangle, an unguided question a square, a lemma a disc; filled where it was accepted. */
function StoneMark({ placed: { stone, x, y }, size }: { placed: Placed; size: number }) {
  const { role } = stone.proposal;
  const shared = { className: `climb-stone of-${role}`, 'data-accepted': stone.accepted || undefined };
  if (role === 'lift') return <path {...shared} d={triangle(x, y, size * 1.15)} />;
  if (role === 'lemma') return <circle {...shared} cx={x} cy={y} r={size} />;
  return <rect {...shared} x={x - size * 0.8} y={y - size * 0.8} width={size * 1.6} height={size * 1.6} />;
}

const Frontier = memo(function Frontier(props: {
  points: FrontierPoint[];
  /** Of the run that this one is compared with. */
  others: FrontierPoint[];
  view: View;
}) {
  const {
    points,
    others,
    view: { x, plot },
  } = props;
  if (points.length < 2 && others.length < 2) return null;
  const top = Math.max(5, ...[...points, ...others].map((point) => Math.ceil(point.lines)));
  const y = linear([0, top], [plot.bottom, plot.top]);
  const last = points.at(-1);
  const path = (line: FrontierPoint[]) =>
    line.map((point, i) => `${i ? 'L' : 'M'}${x(point.iteration)} ${y(point.lines)}`).join('');
  return (
    <g className="climb-frontier">
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

const Flags = memo(function Flags(props: {
  goalposts: GoalpostState[];
  view: View;
  onOpen: (id: string) => void;
}) {
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
});
