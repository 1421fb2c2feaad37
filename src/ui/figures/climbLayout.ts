/** Where everything on the climb lies, and its numbers as a table. */
import { methodSettings, slots } from '../../gasp/methods.ts';
import type { ProposerRole } from '../../gasp/question.ts';
import { inBand, paidByCurve } from '../../gasp/rewards.ts';
import type { Settings } from '../../gasp/settings.ts';
import type { FrontierPoint } from '../../run/frontier.ts';
import type { IterationState, RunState, Stone } from '../../run/state.ts';
import type { FigureTable } from '../../figures/figure.ts';
import { linear, type Scale } from '../../figures/scale.ts';

/** The figure's measures, in CSS pixels. */
export interface View {
  small: boolean;
  height: number;
  plot: { left: number; right: number; top: number; bottom: number };
  /** Width of the strip at the plot's left where the bands have their names, and no stone lies. */
  lane: number;
  columns: number;
  /** Columns before the first, for the runs that a branch goes back to. */
  lead: number;
  columnWidth: number;
  x: Scale;
  y: Scale;
  /** Radius of a stone. */
  size: number;
}

export interface Placed {
  stone: Stone;
  x: number;
  y: number;
  /** Where the question lies that this one was made from. */
  from?: { x: number; y: number };
}

/**
 * Iterations that the axis has room for: some from the start, more in steps, so that the drawing seldom
 * moves while a run goes on.
 */
export function columnsFor(lastIteration: number, fewest: number): number {
  if (lastIteration <= fewest) return fewest;
  const step = Math.max(4, 10 ** Math.floor(Math.log10(lastIteration)) / 4);
  return Math.ceil(lastIteration / step) * step;
}

/**
 * @param past iterations that lie before the first one; of these it shows no more than it has columns
 */
export function viewOf(width: number, lastIteration: number, past = 0): View {
  const small = width < 560;
  const height = small ? 300 : 400;
  const plot = {
    left: small ? 36 : 58,
    right: width - (small ? 34 : 40),
    top: 62,
    bottom: height - 46,
  };
  const lane = 36;
  const columns = columnsFor(lastIteration, small ? 8 : 12);
  const lead = Math.min(past, columns);
  const columnWidth = (plot.right - plot.left - lane) / (lead + columns);
  return {
    small,
    height,
    plot,
    lane,
    columns,
    lead,
    columnWidth,
    x: linear([0.5 - lead, columns + 0.5], [plot.left + lane, plot.right]),
    y: linear([0, 1], [plot.top, plot.bottom]),
    size: Math.max(2.1, Math.min(5.5, columnWidth / 4.5)),
  };
}

/** Half the range in which stones of one pass rate are scattered, in pass rates: less than to a band's edge. */
const scatter = 0.024;

/** The fractional parts of its multiples fill [0, 1) evenly, however many there are. */
const golden = 0.618;

/** A finished iteration is the same object at every moment, and so is where its stones lie. */
const laid = new WeakMap<IterationState, { view: View; shift: number; placed: Placed[] }>();

/**
 * Where each tried proposal of an iteration lies: lemmas in the left half of its column, lifts in the
 * right. Pass rates are a few fractions, so without some scatter stones would lie on top of each other.
 *
 * @param slots proposals that an iteration has room for beside each other
 * @param shift columns that a run begins further to the right
 */
export function placeIteration(iteration: IterationState, view: View, slots: number, shift = 0): Placed[] {
  const before = laid.get(iteration);
  if (before && before.view === view && before.shift === shift) return before.placed;
  const { x, y, columnWidth } = view;
  const slotOf = new Map<string, number>();
  const byId = new Map<string, Placed>();
  const lifted = new Map<number, number>();
  let first = 0;
  for (const stone of iteration.stones) {
    const { proposal, passRate } = stone;
    const lemma = proposal.parent ?? '';
    const isLift = proposal.role === 'lift';
    const slot = isLift ? (slotOf.get(lemma) ?? 0) : first++;
    slotOf.set(stone.id, slot);
    // Lifts of one lemma share its slot.
    const sibling = lifted.get(slot) ?? 0;
    if (isLift) lifted.set(slot, sibling + 1);
    if (passRate === undefined) continue;
    // A lemma lies in the middle of its slot, and so does the first lift.
    const at = slot + ((0.5 + sibling * golden) % 1);
    const within = (at / slots - 0.5) * 0.36 + (isLift ? 0.22 : -0.22);
    // Another draw for each sibling, which may well have the same pass rate.
    const turn = (slot + 7 * sibling) * golden + iteration.iteration * 0.382;
    const off = ((turn % 1) * 2 - 1) * scatter;
    const from = byId.get(lemma);
    byId.set(stone.id, {
      stone,
      x: x(iteration.iteration + shift) + within * columnWidth,
      y: y(passRate + (passRate === 0 ? Math.abs(off) : passRate === 1 ? -Math.abs(off) : off)),
      ...(from && { from: { x: from.x, y: from.y } }),
    });
  }
  const placed = [...byId.values()];
  laid.set(iteration, { view, shift, placed });
  return placed;
}

/** Where every tried question of a run lies, in the order of its iterations; what people wrote comes last. */
export function placeRun(
  { iterations, taught, settings }: Pick<RunState, 'iterations' | 'taught' | 'settings'>,
  view: View,
  shift = 0,
): Placed[] {
  const placed = iterations.flatMap((iteration) =>
    placeIteration(iteration, view, settings.goalpostsPerIteration, shift),
  );
  if (taught.length === 0) return placed;
  const byId = new Map(placed.map((one) => [one.stone.id, one]));
  // A person's lie between the iterations that they came between.
  for (const stone of taught) {
    if (stone.passRate === undefined) continue;
    const from = byId.get(stone.proposal.parent ?? '');
    const one: Placed = {
      stone,
      x: view.x(stone.iteration + shift + 0.5),
      y: view.y(stone.passRate),
      ...(from && { from: { x: from.x, y: from.y } }),
    };
    byId.set(stone.id, one);
    placed.push(one);
  }
  return placed;
}

/** A run, or the part of one, that a climb shows. */
export interface ShownClimb {
  name: string;
  iterations: readonly IterationState[];
  taught: readonly Stone[];
  /** The run's frontier, by its own iterations moved by `shift`. */
  points: readonly FrontierPoint[];
  shift: number;
}

/** One row a question tried, by the iterations of its own run; the frontier of its iteration stands with it. */
export function climbTable(runs: readonly ShownClimb[]): FigureTable {
  const several = runs.length > 1;
  const columns = [
    'iteration',
    'id',
    'role',
    'by',
    'title',
    'pass rate',
    'reward',
    'accepted',
    'frontier, lines',
  ];
  return {
    columns: several ? ['run', ...columns] : columns,
    rows: runs.flatMap(({ name, iterations, taught, points, shift }) => {
      const frontierAt = new Map(points.map((point) => [point.iteration - shift, point.lines]));
      const people = new Set(taught);
      return [...iterations.flatMap((iteration) => iteration.stones), ...taught]
        .filter((stone) => stone.passRate !== undefined)
        .map((stone) => [
          ...(several ? [name] : []),
          stone.iteration,
          stone.id,
          stone.proposal.role,
          people.has(stone) ? 'person' : 'model',
          stone.proposal.question?.title ?? '',
          stone.passRate!,
          stone.reward ?? Number.NaN,
          stone.accepted ? 'yes' : 'no',
          frontierAt.get(stone.iteration) ?? Number.NaN,
        ]);
    }),
  };
}

/** The band of a role as pass rates, read off its reward. */
function bandEdges(role: 'lemma' | 'lift'): [number, number] {
  const inside = Array.from({ length: 1001 }, (_, i) => i / 1000).filter((p) => inBand(role, p));
  return [inside[0]!, inside.at(-1)!];
}
export const edges = { lemma: bandEdges('lemma'), lift: bandEdges('lift') };

export type Band = keyof typeof edges;

/** The bands that a run's questions are meant to fall into: without goalposts there is neither, nor under other pay. */
export function bandsOf(settings: Settings): Band[] {
  return paidByCurve(methodSettings(settings)) ? guidedRoles(settings) : [];
}

function guidedRoles(settings: Settings): Band[] {
  if (slots(settings).guided === 0) return [];
  return methodSettings(settings).lifts > 0 ? ['lemma', 'lift'] : ['lemma'];
}

/** Roles of the questions that runs with these settings ask. */
export function rolesOf(settings: readonly Settings[]): ProposerRole[] {
  const asked = new Set<ProposerRole>(settings.flatMap(guidedRoles));
  if (settings.some((one) => slots(one).unguided > 0)) asked.add('unguided');
  return (['lemma', 'lift', 'unguided'] as const).filter((role) => asked.has(role));
}

/** The outline of a mark: a lift is a triangle, a lemma a disc, an unguided question a square. */
export function outline(role: ProposerRole, x: number, y: number, r: number): string {
  const n = (value: number) => Math.round(value * 10) / 10;
  if (role === 'lift') {
    const half = n(r * 1.1);
    return `M${n(x)} ${n(y - r * 1.15)}l${half} ${n(r * 1.98)}h${-2 * half}z`;
  }
  if (role === 'lemma') return `M${n(x - r)} ${n(y)}a${n(r)} ${n(r)} 0 1 1 0 .1z`;
  const side = n(r * 1.6);
  return `M${n(x - side / 2)} ${n(y - side / 2)}h${side}v${side}h${-side}z`;
}
