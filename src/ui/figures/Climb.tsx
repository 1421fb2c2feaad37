/** The hero figure: a run as a climb. Stones by difficulty, the student's reach behind, flags at the right. */
import { type KeyboardEvent, memo, type PointerEvent, useId, useMemo, useState } from 'react';
import { paidByCurve } from '../../gasp/rewards.ts';
import type { Settings } from '../../gasp/settings.ts';
import { programLength } from '../../run/difficulty.ts';
import { frontier } from '../../run/frontier.ts';
import { goalpostStates, type RunState, type Stone } from '../../run/state.ts';
import type { Other } from '../store/secondRun.ts';
import { type Ancestor, pastLength } from '../store/lineage.ts';
import { oneIn, percent, roleNames, short } from '../parts/format.ts';
import { ClimbFlags } from './ClimbFlags.tsx';
import { ClimbFrontier } from './ClimbFrontier.tsx';
import { Ground, WhatWillStand } from './ClimbGround.tsx';
import { ClimbKey } from './ClimbKey.tsx';
import {
  climbTable,
  type Placed,
  placeRun,
  rolesOf,
  type ShownClimb,
  type View,
  viewOf,
} from './climbLayout.ts';
import { measureOf } from './climbMeasure.ts';
import { Stones, Taught } from './ClimbStones.tsx';
import { FigureTools } from './FigureTools.tsx';
import { useWidth } from '../../figures/useWidth.ts';
import './Climb.css';

const none: readonly Ancestor[] = [];

/** What it means that a question is accepted: rivals know no band. */
const acceptedAs = (settings: Settings) => (paidByCurve(settings) ? 'in their band' : 'accepted');

interface Companion extends ShownClimb {
  state: RunState;
  placed: Placed[];
}

/** The part of another run from column `first` on, placed. */
function companion(state: RunState, shift: number, view: View, first: number): Companion {
  const iterations = state.iterations.filter(({ iteration }) => iteration + shift >= first);
  // A person's stand right of the iteration that they came after.
  const taught = state.taught.filter(({ iteration }) => iteration + shift >= first);
  return {
    state,
    name: state.name,
    shift,
    iterations,
    points: frontier(state.iterations, view.measure)
      .map((point) => ({ ...point, iteration: point.iteration + shift }))
      .filter(({ iteration }) => iteration >= first),
    taught,
    placed: placeRun({ ...state, iterations, taught }, view, shift),
  };
}

export const Climb = memo(function Climb(props: {
  state: RunState;
  /** Last iteration of the whole run, which may lie beyond `state` when it is scrubbed back. */
  lastIteration: number;
  /** The runs that it goes back to, nearest first: they stand pale before its first iteration. */
  past?: readonly Ancestor[];
  /** Natural log-probabilities of goalposts under the starting model, where the run has not measured them yet. */
  known?: Readonly<Record<string, number>> | undefined;
  /** A second run: its stones are hollow and pale, its frontier is dashed. */
  other?: Other | null;
  selected: { id: string; of: RunState | null } | null;
  /** `of` is null for the run itself. */
  onOpen: (stone: Stone, of: RunState | null) => void;
  onOpenGoalpost: (id: string) => void;
}) {
  const { state, lastIteration, past = none, other, onOpen } = props;
  const { iterations, taught, settings } = state;
  const [box, width] = useWidth<HTMLDivElement>();
  const [active, setActive] = useState<{ stone: Stone; of: RunState | null } | null>(null);
  const help = useId();

  const before = pastLength(past);
  const measure = measureOf(state.model);
  const longest = useMemo(
    () => Math.max(0, ...state.goalposts.map(({ program }) => programLength(program))),
    [state.goalposts],
  );
  const view = useMemo(
    () => viewOf(width, { lastIteration, past: before, measure, longest }),
    [width, lastIteration, before, measure, longest],
  );
  const room = settings.goalpostsPerIteration;
  const placed = useMemo(
    () => (width ? placeRun({ iterations, taught, settings }, view) : []),
    [iterations, taught, settings, view, width],
  );
  const { lead } = view;
  const pasts = useMemo(
    () => past.map(({ state, shift }) => companion(state, shift, view, 1 - view.lead)),
    [past, view],
  );
  const theirs = useMemo(() => {
    if (!other) return null;
    // The part that it shares with the past of this run is drawn as the past.
    const common = past.find(({ state }) => state.run === other.state.run);
    const first = common ? common.upTo + common.shift + 1 : 1 - view.lead;
    return companion({ ...other.state, taught: [] }, other.shift, view, first);
  }, [other, past, view]);
  // Their distances and the solved ones: nothing else of them is drawn, and only a trial changes it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: as said
  const goalposts = useMemo(() => goalpostStates(state), [state.goalposts, state.evaluations]);
  const points = useMemo(() => frontier(iterations, measure), [iterations, measure]);
  const roles = useMemo(
    () =>
      rolesOf([
        settings,
        ...past.map(({ state }) => state.settings),
        ...(other ? [other.state.settings] : []),
      ]),
    [settings, past, other],
  );
  const asked = useMemo(() => rolesOf([settings]), [settings]);

  /** From left to right: the run with its past, and the run that it is compared with. */
  const lines = {
    this: [
      ...pasts.toReversed(),
      { state: null, placed, name: state.name, shift: 0, iterations, taught, points },
    ],
    other: theirs ? [theirs] : [],
  };
  // The run that this one is compared with may be one that it goes back to.
  const placeOf = ({ id, of }: { id: string; of: RunState | null }) =>
    [...lines.this, ...lines.other]
      .filter(({ state }) => state?.run === of?.run)
      .flatMap((line) => line.placed)
      .find(({ stone }) => stone.id === id);
  const shown = active && placeOf({ id: active.stone.id, of: active.of });

  /** The stone under the pointer; the open run's and its past's before the other's. */
  const nearest = (event: PointerEvent<SVGSVGElement>): typeof active => {
    const bounds = event.currentTarget.getBoundingClientRect();
    const [px, py] = [event.clientX - bounds.left, event.clientY - bounds.top];
    const reach = event.pointerType === 'touch' ? 28 : 18;
    const closest = (among: { state: RunState | null; placed: Placed[] }[], within: number) => {
      let best: typeof active = null;
      for (const { state: of, placed } of among)
        for (const { stone, x, y } of placed) {
          const distance = Math.hypot(x - px, y - py);
          if (distance < within) [best, within] = [{ stone, of }, distance];
        }
      return best;
    };
    return closest(lines.this, reach) ?? closest(lines.other, reach / 2);
  };
  const point = (next: typeof active) =>
    setActive((now) => (now?.stone === next?.stone && now?.of?.run === next?.of?.run ? now : next));

  const onKeyDown = (event: KeyboardEvent) => {
    const vertical: Record<string, keyof typeof lines> = { ArrowUp: 'this', ArrowDown: 'other' };
    const along = (line: keyof typeof lines) =>
      lines[line].flatMap(({ state: of, placed }) => placed.map((at) => ({ at, of })));
    type Step = ReturnType<typeof along>[number];
    const isActive = ({ at, of }: Step) => active?.of?.run === of?.run && active?.stone.id === at.stone.id;
    const here = along('other').some(isActive) ? 'other' : 'this';
    // From one run to the other, at the same place.
    const line = vertical[event.key] ?? here;
    const among = along(line);
    if (among.length === 0) return;
    const at = among.findIndex(isActive);
    const move: Record<string, number> = {
      ArrowRight: at + 1,
      ArrowLeft: at < 0 ? among.length - 1 : at - 1,
      Home: 0,
      End: among.length - 1,
    };
    const go = (to: Step | undefined) => to && setActive({ stone: to.at.stone, of: to.of });
    if (theirs && event.key in vertical) {
      event.preventDefault();
      const away = (one: Step) => Math.abs(one.at.x - (shown?.x ?? 0));
      if (line !== here || !active) go(among.toSorted((a, b) => away(a) - away(b))[0]);
    } else if (event.key in move) {
      event.preventDefault();
      go(among[Math.max(0, Math.min(among.length - 1, move[event.key]!))]);
    } else if (event.key === 'Enter' && shown && active) {
      event.preventDefault();
      onOpen(shown.stone, active.of);
    } else if (event.key === 'Escape') {
      setActive(null);
    }
  };

  const accepted = placed.filter(({ stone }) => stone.accepted).length;
  const solved = goalposts.filter((goalpost) => goalpost.solvedAt !== undefined).length;
  const reach = (half: number) =>
    measure === 'start' ? `where the starting model got ${oneIn(10 ** -half)}` : `at ${short(half)} lines`;
  const ofWhom = shown && active.of ? ` of ${active.of.name}` : '';
  const pastNames = pasts
    .filter(({ iterations }) => iterations.length > 0)
    .map(({ state, iterations }) => {
      const [first, last] = [iterations[0]!.iteration, iterations.at(-1)!.iteration];
      return `${state.name}, ${first === last ? `iteration ${last}` : `iterations ${first} to ${last}`}`;
    });

  return (
    <figure className="climb" ref={box}>
      <figcaption className="climb-caption">
        <h2 className="eyebrow">The climb</h2>
        <ClimbKey
          roles={roles}
          taught={taught.length > 0}
          past={pastNames.join('; ')}
          other={other?.state.name}
        />
        {placed.length > 0 && (
          <FigureTools
            title="The climb"
            figure={box}
            table={() =>
              climbTable(
                [...lines.this, ...lines.other].filter((run) => run.placed.length > 0),
                measure,
              )
            }
          />
        )}
      </figcaption>
      <p className="visually-hidden" id={help}>
        {`Iterations from left to right, difficulty upward: ${measure === 'start' ? 'how seldom the starting model is right' : 'the lines of a question’s program'}. ${placed.length} questions tried, ${accepted} ${acceptedAs(settings)}. ${solved} of ${goalposts.length} goalposts solved.`}
        {points.length > 0 &&
          ` The student now gets half of its answers right ${reach(points.at(-1)!.half)}; at first ${reach(points[0]!.half)}.`}
        {taught.length > 0 && ` ${taught.length} more were written by a person.`}
        {theirs &&
          ` Behind them, ${other?.state.name}: ${theirs.placed.length} questions tried, ${theirs.placed.filter(({ stone }) => stone.accepted).length} ${acceptedAs(other!.state.settings)}.`}
        {pastNames.length > 0 &&
          ` Before its first iteration stands what it goes back to: ${pastNames.join('; ')}; ${pasts.reduce((sum, { placed }) => sum + placed.length, 0)} questions tried.`}
        {' Arrow keys go from question to question, Enter opens one.'}
        {theirs && ' Arrow down and up change between the runs.'}
      </p>
      {width > 0 && (
        <svg
          className="climb-figure"
          data-figure
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
          <Ground view={view} past={past} />
          {pasts.map(({ state, iterations, taught, placed, shift }) => (
            <g key={state.run} className="climb-past">
              <Stones
                as="past"
                iterations={iterations}
                view={view}
                slots={state.settings.goalpostsPerIteration}
                shift={shift}
              />
              <Taught taught={taught} placed={placed} size={view.size} />
            </g>
          ))}
          {other && theirs && (
            <g className="climb-other">
              <Stones
                as="other"
                iterations={theirs.iterations}
                view={view}
                slots={other.state.settings.goalpostsPerIteration}
                shift={other.shift}
              />
            </g>
          )}
          <Stones iterations={iterations} view={view} slots={room} />
          <Taught taught={taught} placed={placed} size={view.size} />
          {iterations.length === 0 && lead === 0 && <WhatWillStand view={view} roles={asked} />}
          <ClimbFrontier
            points={points}
            past={pasts.map((one) => one.points)}
            others={theirs?.points ?? []}
            view={view}
          />
          <ClimbFlags goalposts={goalposts} known={props.known} view={view} onOpen={props.onOpenGoalpost} />
          {[...new Set([props.selected && placeOf(props.selected), shown])].map(
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
            {shown.stone.startPassRate !== undefined &&
              `, ${oneIn(shown.stone.startPassRate)} by the starting model`}
            {shown.stone.reward !== undefined && `, reward ${short(shown.stone.reward)}`}
            {!shown.stone.accepted && (paidByCurve(settings) ? ', out of its band' : ', not accepted')}
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
