/** The hero figure: a run as a climb. Stones by difficulty, bands behind, flags on the top line. */
import { type KeyboardEvent, memo, type PointerEvent, useId, useMemo, useState } from 'react';
import { slots } from '../../gasp/methods.ts';
import { frontier } from '../../run/frontier.ts';
import { goalpostStates, type RunState, type Stone } from '../../run/state.ts';
import type { Other } from '../compare.tsx';
import { percent, roleNames, short } from '../format.ts';
import { ClimbFlags } from './ClimbFlags.tsx';
import { ClimbFrontier } from './ClimbFrontier.tsx';
import { Ground, WhatWillStand } from './ClimbGround.tsx';
import { ClimbKey } from './ClimbKey.tsx';
import { bandsOf, climbTable, type Placed, placeRun, viewOf } from './climbLayout.ts';
import { Stones, Taught } from './ClimbStones.tsx';
import { FigureTools } from './FigureTools.tsx';
import { useWidth } from './useWidth.ts';
import './Climb.css';

export const Climb = memo(function Climb(props: {
  state: RunState;
  /** Last iteration of the whole run, which may lie beyond `state` when it is scrubbed back. */
  lastIteration: number;
  /** A second run: its stones are hollow and pale, its frontier is dashed. */
  other?: Other | null;
  selected: { id: string; of: 'this' | 'other' } | null;
  onOpen: (stone: Stone, of: 'this' | 'other') => void;
  onOpenGoalpost: (id: string) => void;
}) {
  const { state, lastIteration, other, onOpen } = props;
  const { iterations, taught, settings } = state;
  const [box, width] = useWidth<HTMLDivElement>();
  const [active, setActive] = useState<{ stone: Stone; of: 'this' | 'other' } | null>(null);
  const help = useId();

  const view = useMemo(() => viewOf(width, lastIteration), [width, lastIteration]);
  const room = settings.goalpostsPerIteration;
  const placed = useMemo(
    () => (width ? placeRun({ iterations, taught, settings }, view) : []),
    [iterations, taught, settings, view, width],
  );
  const theirs = useMemo(() => {
    if (!other) return null;
    const begun = other.state.iterations.filter(({ iteration }) => iteration + other.shift >= 1);
    return {
      iterations: begun,
      points: frontier(other.state.iterations)
        .map(({ iteration, lines }) => ({ iteration: iteration + other.shift, lines }))
        .filter(({ iteration }) => iteration >= 1),
      placed: placeRun({ ...other.state, iterations: begun, taught: [] }, view, other.shift),
    };
  }, [other, view]);
  // Which of them are solved: that alone is drawn, and only a trial of all of them changes it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: as said
  const goalposts = useMemo(() => goalpostStates(state), [state.goalposts, state.evaluations]);
  const points = useMemo(() => frontier(iterations), [iterations]);
  const bands = useMemo(() => bandsOf(settings), [settings]);

  const placeOf = (id: string | null | undefined, among = placed) =>
    id ? among.find(({ stone }) => stone.id === id) : undefined;
  const placedOf = (whose: 'this' | 'other') => (whose === 'this' ? placed : (theirs?.placed ?? []));
  const shown = active && placeOf(active.stone.id, placedOf(active.of));

  /** The stone under the pointer; the open run's before the other's. */
  const nearest = (event: PointerEvent<SVGSVGElement>): typeof active => {
    const bounds = event.currentTarget.getBoundingClientRect();
    const [px, py] = [event.clientX - bounds.left, event.clientY - bounds.top];
    const reach = event.pointerType === 'touch' ? 28 : 18;
    const closest = (among: Placed[], within: number) => {
      let best: Stone | undefined;
      for (const { stone, x, y } of among) {
        const distance = Math.hypot(x - px, y - py);
        if (distance < within) [best, within] = [stone, distance];
      }
      return best;
    };
    const own = closest(placed, reach);
    if (own) return { stone: own, of: 'this' };
    const another = theirs && closest(theirs.placed, reach / 2);
    return another ? { stone: another, of: 'other' } : null;
  };
  const point = (next: typeof active) =>
    setActive((now) => (now?.stone === next?.stone && now?.of === next?.of ? now : next));

  const onKeyDown = (event: KeyboardEvent) => {
    if (placed.length === 0) return;
    const vertical: Record<string, 'this' | 'other'> = { ArrowUp: 'this', ArrowDown: 'other' };
    // From one run to the other, at the same place.
    const of = vertical[event.key] ?? active?.of ?? 'this';
    const among = placedOf(of);
    const at = among.findIndex(({ stone }) => active?.of === of && stone.id === active.stone.id);
    const move: Record<string, number> = {
      ArrowRight: at + 1,
      ArrowLeft: at < 0 ? among.length - 1 : at - 1,
      Home: 0,
      End: among.length - 1,
    };
    if (theirs && event.key in vertical) {
      event.preventDefault();
      const near = among.toSorted(
        (a, b) => Math.abs(a.x - (shown?.x ?? 0)) - Math.abs(b.x - (shown?.x ?? 0)),
      )[0];
      if (near && active?.of !== of) setActive({ stone: near.stone, of });
    } else if (event.key in move) {
      event.preventDefault();
      const next = among[Math.max(0, Math.min(among.length - 1, move[event.key]!))];
      if (next) setActive({ stone: next.stone, of });
    } else if (event.key === 'Enter' && shown && active) {
      event.preventDefault();
      onOpen(shown.stone, active.of);
    } else if (event.key === 'Escape') {
      setActive(null);
    }
  };

  const accepted = placed.filter(({ stone }) => stone.accepted).length;
  const unguided = slots(settings).unguided > 0;
  const solved = goalposts.filter((goalpost) => goalpost.solvedAt !== undefined).length;
  const ofWhom = shown && active.of === 'other' ? ` of ${other?.state.name}` : '';

  return (
    <figure className="climb" ref={box}>
      <figcaption className="climb-caption">
        <h2 className="eyebrow">The climb</h2>
        <ClimbKey bands={bands} unguided={unguided} taught={taught.length > 0} other={other?.state.name} />
        {placed.length > 0 && (
          <FigureTools title="The climb" figure={box} table={() => climbTable(state, points)} />
        )}
      </figcaption>
      <p className="visually-hidden" id={help}>
        {`Iterations from left to right, difficulty upward: a question that no answer solves lies at the top. ${placed.length} questions tried, ${accepted} in their band. ${solved} of ${goalposts.length} goalposts solved.`}
        {points.length > 0 &&
          ` The student now finds half of the programs of ${short(points.at(-1)!.lines)} lines; at first ${short(points[0]!.lines)}.`}
        {taught.length > 0 && ` ${taught.length} more were written by a person.`}
        {theirs &&
          ` Behind them, ${other?.state.name}: ${theirs.placed.length} questions tried, ${theirs.placed.filter(({ stone }) => stone.accepted).length} in their band.`}
        {' Arrow keys go from question to question, Enter opens one.'}
        {theirs && ' Arrow down and up change between the runs.'}
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
          onPointerMove={(event) => point(nearest(event))}
          onPointerLeave={() => setActive(null)}
          onPointerUp={(event) => {
            // A flag opens by itself.
            const target = (event.target as Element).closest('.climb-flag') ? null : nearest(event);
            if (target) onOpen(target.stone, target.of);
          }}
          onKeyDown={onKeyDown}
          onBlur={() => setActive(null)}
        >
          <Ground view={view} bands={bands} />
          {other && theirs && (
            <g className="climb-other">
              <Stones
                iterations={theirs.iterations}
                view={view}
                slots={other.state.settings.goalpostsPerIteration}
                shift={other.shift}
              />
            </g>
          )}
          <Stones iterations={iterations} view={view} slots={room} />
          <Taught taught={taught} placed={placed} size={view.size} />
          {iterations.length === 0 && <WhatWillStand view={view} bands={bands} unguided={unguided} />}
          <ClimbFrontier points={points} others={theirs?.points ?? []} view={view} />
          <ClimbFlags goalposts={goalposts} view={view} onOpen={props.onOpenGoalpost} />
          {[
            ...new Set([props.selected && placeOf(props.selected.id, placedOf(props.selected.of)), shown]),
          ].map(
            (mark) =>
              mark && (
                <circle
                  key={mark.stone.id}
                  className="climb-mark"
                  cx={mark.x}
                  cy={mark.y}
                  r={view.size + 4}
                />
              ),
          )}
        </svg>
      )}
      {shown && (
        <div
          className={`climb-tip of-${shown.stone.proposal.role}`}
          style={{ left: Math.min(Math.max(shown.x, 120), width - 120), top: shown.y }}
          data-below={shown.y < 130 || undefined}
        >
          <strong>{roleNames[shown.stone.proposal.role]}</strong> of iteration {shown.stone.iteration}
          {ofWhom}
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
          `${roleNames[shown.stone.proposal.role]} of iteration ${shown.stone.iteration}${ofWhom}: ${shown.stone.proposal.question?.title}. Pass rate ${percent(shown.stone.passRate!)}.`}
      </p>
    </figure>
  );
});
