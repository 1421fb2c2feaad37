/** Where everything on the climb lies, and its numbers as a table. */
import { methodSettings, slots } from '../../gasp/methods.ts';
import { inBand } from '../../gasp/rewards.ts';
import type { Settings } from '../../gasp/settings.ts';
import type { FrontierPoint } from '../../run/frontier.ts';
import type { IterationState, RunState, Stone } from '../../run/state.ts';
import type { FigureTable } from './FigureTools.tsx';
import { linear, type Scale } from './scale.ts';

/** The figure's measures, in CSS pixels. */
export interface View {
  small: boolean;
  height: number;
  plot: { left: number; right: number; top: number; bottom: number };
  columns: number;
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
}

/** Iterations that the axis has room for from the start, so that a young run does not jump about. */
const fewestColumns = 12;

export function viewOf(width: number, lastIteration: number): View {
  const small = width < 560;
  const height = small ? 300 : 400;
  const plot = {
    left: small ? 36 : 58,
    right: width - (small ? 34 : 40),
    top: 62,
    bottom: height - 46,
  };
  const columns = Math.max(fewestColumns, lastIteration);
  const columnWidth = (plot.right - plot.left) / columns;
  return {
    small,
    height,
    plot,
    columns,
    columnWidth,
    x: linear([0.5, columns + 0.5], [plot.left, plot.right]),
    y: linear([0, 1], [plot.top, plot.bottom]),
    size: Math.max(2.1, Math.min(5.5, columnWidth / 4.5)),
  };
}

/** Half of what stones of the same pass rate are scattered by, in pass rates: less than to a band's edge. */
const scatter = 0.024;

/**
 * Where each tried proposal lies: lemmas in the left half of their iteration's column, lifts in the
 * right. Pass rates are a few fractions, so without some scatter stones would lie on top of each other.
 */
export function place(
  iterations: IterationState[],
  taught: Stone[],
  { x, y, columnWidth }: View,
  slots: number,
): Map<string, Placed> {
  const placed = new Map<string, Placed>();
  for (const iteration of iterations) {
    const lemmaSlot = new Map<string, number>();
    let first = 0;
    for (const stone of iteration.stones) {
      const { proposal } = stone;
      const slot = proposal.role === 'lift' ? (lemmaSlot.get(proposal.parent ?? '') ?? 0) : first++;
      lemmaSlot.set(stone.id, slot);
      if (stone.passRate === undefined) continue;
      const within = ((slot + 0.5) / slots - 0.5) * 0.36 + (proposal.role === 'lift' ? 0.22 : -0.22);
      // The golden ratio's multiples fill an interval evenly, wherever one stops.
      const off = (((slot * 0.618 + iteration.iteration * 0.382) % 1) * 2 - 1) * scatter;
      placed.set(stone.id, {
        stone,
        x: x(iteration.iteration) + within * columnWidth,
        y: y(
          stone.passRate +
            (stone.passRate === 0 ? Math.abs(off) : stone.passRate === 1 ? -Math.abs(off) : off),
        ),
      });
    }
  }
  // A person's lie between the iterations that they came between.
  for (const stone of taught) {
    if (stone.passRate === undefined) continue;
    placed.set(stone.id, { stone, x: x(stone.iteration + 0.5), y: y(stone.passRate) });
  }
  return placed;
}

/** One row a question tried; the frontier of its iteration stands with it. */
export function climbTable({ iterations, taught }: RunState, points: readonly FrontierPoint[]): FigureTable {
  const frontierAt = new Map(points.map((point) => [point.iteration, point.lines]));
  const people = new Set(taught);
  return {
    columns: ['iteration', 'id', 'role', 'by', 'title', 'pass rate', 'reward', 'accepted', 'frontier, lines'],
    rows: [...iterations.flatMap((iteration) => iteration.stones), ...taught]
      .filter((stone) => stone.passRate !== undefined)
      .map((stone) => [
        stone.iteration,
        stone.id,
        stone.proposal.role,
        people.has(stone) ? 'person' : 'model',
        stone.proposal.question?.title ?? '',
        stone.passRate!,
        stone.reward ?? Number.NaN,
        stone.accepted ? 'yes' : 'no',
        frontierAt.get(stone.iteration) ?? Number.NaN,
      ]),
  };
}

/** The band of a role as pass rates, read off its reward. */
function bandEdges(role: 'lemma' | 'lift'): [number, number] {
  const inside = Array.from({ length: 1001 }, (_, i) => i / 1000).filter((p) => inBand(role, p));
  return [inside[0]!, inside.at(-1)!];
}
export const edges = { lemma: bandEdges('lemma'), lift: bandEdges('lift') };

export type Band = keyof typeof edges;

/** The bands that a run's questions are meant to fall into: without goalposts there is neither. */
export function bandsOf(settings: Settings): Band[] {
  if (slots(settings).guided === 0) return [];
  return methodSettings(settings).lifts > 0 ? ['lemma', 'lift'] : ['lemma'];
}

export function triangle(x: number, y: number, r: number): string {
  const half = r * 0.95;
  return `M${x} ${y - r}L${x + half} ${y + r * 0.72}H${x - half}Z`;
}
