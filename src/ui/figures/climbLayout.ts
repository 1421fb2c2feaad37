/** Where everything on the climb lies, and its numbers as a table. */
import { methodSettings, slots } from '../../gasp/methods.ts';
import type { ProposerRole } from '../../gasp/question.ts';
import type { Settings } from '../../gasp/settings.ts';
import { difficulty, type Measure, programLength } from '../../run/difficulty.ts';
import type { FrontierPoint } from '../../run/frontier.ts';
import type { GoalpostState, IterationState, RunState, Stone } from '../../run/state.ts';
import type { FigureTable } from '../../figures/figure.ts';
import { linear, type Scale } from '../../figures/scale.ts';

/** The figure's measures, in CSS pixels. */
export interface View {
  small: boolean;
  height: number;
  plot: { left: number; right: number; top: number; bottom: number };
  /** The strip at the right where the flags stand. */
  flags: { left: number; right: number };
  /** Width of the gap between the axis and the first column, where no stone lies. */
  lane: number;
  columns: number;
  /** Columns before the first, for the runs that a branch goes back to. */
  lead: number;
  /** Iterations that share a place: 1 where each has room for itself. */
  bin: number;
  /** Width of what they share. */
  binWidth: number;
  x: Scale;
  measure: Measure;
  /** The largest difficulty; what is harder lies at the top. */
  top: number;
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

/** Width below which stones of one iteration are not told apart: several iterations are then summed up. */
const NARROW = 24;

/** One right answer in ten thousand: the nearest goalposts are nearer, and of what is further luck shows nothing. */
const FURTHEST = 4;

/** What a climb of this run shows: the same at all of its moments. */
export interface Scope {
  lastIteration: number;
  /** Iterations that lie before the first one; of these it shows no more than it has columns. */
  past?: number;
  measure?: Measure;
  /** Lines of its longest goalpost. */
  longest?: number;
}

export function viewOf(width: number, scope: Scope): View {
  const { lastIteration, past = 0, measure = 'start', longest = 0 } = scope;
  const small = width < 560;
  const height = small ? 320 : 420;
  const strip = small ? 52 : 120;
  const plot = {
    left: small ? 44 : 82,
    right: width - strip - (small ? 6 : 12),
    top: 40,
    bottom: height - 46,
  };
  const lane = small ? 6 : 12;
  const columns = columnsFor(lastIteration, small ? 8 : 12);
  const lead = Math.min(past, columns);
  const widthOf = (shown: number) => (plot.right - plot.left - lane) / shown;
  const bin = Math.max(1, Math.ceil(NARROW / widthOf(lead + columns)));
  // Places are whole: the last one may have room for iterations that the axis does not ask for.
  const whole = (number: number) => Math.ceil(number / bin) * bin;
  const [before, after] = [whole(lead), whole(columns)];
  const columnWidth = widthOf(before + after);
  const top = measure === 'start' ? FURTHEST : Math.max(5, longest);
  return {
    small,
    height,
    plot,
    flags: { left: plot.right + (small ? 6 : 14), right: width - (small ? 6 : 12) },
    lane,
    columns,
    lead,
    bin,
    binWidth: columnWidth * bin,
    x: linear([0.5 - before, after + 0.5], [plot.left + lane, plot.right]),
    measure,
    top,
    y: linear([0, top], [plot.bottom, plot.top]),
    size: Math.max(2.1, Math.min(5, (columnWidth * bin) / 9)),
  };
}

/** Within the plot, whatever the difficulty. */
export const heightOf = ({ y, top }: View, value: number): number => y(Math.min(top, Math.max(0, value)));

/** The first iteration of those that share a place with this one, in columns. */
export const binStart = ({ bin }: View, column: number): number => Math.floor((column - 1) / bin) * bin + 1;

/** The middle of that place. */
const binMiddle = (view: View, column: number): number => view.x(binStart(view, column) + (view.bin - 1) / 2);

/** Part of a line, or of a factor of ten, by which stones are scattered that only their length places. */
const scatter = { lines: 0.3, start: 0.16 };

/** The fractional parts of its multiples fill [0, 1) evenly, however many there are. */
const golden = 0.618;

/** Where the lemmas of a place lie, and its lifts: parts of its width left and right of its middle. */
export const sideOf = (isLift: boolean): number => (isLift ? 0.22 : -0.22);

/** A finished iteration is the same object at every moment, and so is where its stones lie. */
const laid = new WeakMap<IterationState, { view: View; shift: number; placed: Placed[] }>();

/**
 * Where each tried proposal of an iteration lies: lemmas in the left half of its place, lifts in the right.
 *
 * @param slots proposals that an iteration has room for beside each other
 * @param shift columns that a run begins further to the right
 */
export function placeIteration(iteration: IterationState, view: View, slots: number, shift = 0): Placed[] {
  const before = laid.get(iteration);
  if (before && before.view === view && before.shift === shift) return before.placed;
  const middle = binMiddle(view, iteration.iteration + shift);
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
    const within = (at / slots - 0.5) * 0.36 + sideOf(isLift);
    const from = byId.get(lemma);
    byId.set(stone.id, {
      stone,
      x: middle + within * view.binWidth,
      // Another draw for each sibling, which may well be as long.
      y: heightOf(view, placedAt(stone, view, (slot + 7 * sibling) * golden + iteration.iteration * 0.382)),
      ...(from && { from: { x: from.x, y: from.y } }),
    });
  }
  const placed = [...byId.values()];
  laid.set(iteration, { view, shift, placed });
  return placed;
}

/** Lengths are whole numbers: without some scatter, `turn` between 0 and 1 and over again, stones would lie on one another. */
function placedAt(stone: Stone, { measure }: View, turn: number): number {
  const { value, estimated } = difficulty(stone, measure);
  return estimated ? Math.max(0, value + ((turn % 1) * 2 - 1) * scatter[measure]) : value;
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
      y: heightOf(view, difficulty(stone, view.measure).value),
      ...(from && { from: { x: from.x, y: from.y } }),
    };
    byId.set(stone.id, one);
    placed.push(one);
  }
  return placed;
}

/** The stones of a place that look alike and lie at about one height, summed up. */
export interface Cell {
  role: ProposerRole;
  x: number;
  y: number;
  stones: number;
  accepted: number;
}

/** Pixels of height that are summed up. */
const ROW = 12;

/** The stones of one place, summed up by height; those of a role lie above one another. */
export function cellsOf(placed: readonly Placed[], view: View, column: number): Cell[] {
  const cells = new Map<string, Cell>();
  const middle = binMiddle(view, column);
  for (const { stone, y } of placed) {
    const { role } = stone.proposal;
    const row = Math.min(
      Math.floor((y - view.plot.top) / ROW),
      Math.ceil((view.plot.bottom - view.plot.top) / ROW) - 1,
    );
    const key = `${role} ${row}`;
    const cell = cells.get(key) ?? {
      role,
      x: middle + sideOf(role === 'lift') * view.binWidth,
      y: Math.min(view.plot.bottom, view.plot.top + (row + 0.5) * ROW),
      stones: 0,
      accepted: 0,
    };
    cell.stones++;
    if (stone.accepted) cell.accepted++;
    cells.set(key, cell);
  }
  return [...cells.values()];
}

/** Stones an iteration at one height that fill their row. */
const FULL = 5;

/** The radius of a mark for so many stones of some iterations: its area says how many an iteration. */
export function cellSize(stones: number, iterations: number, { binWidth }: View): number {
  const largest = Math.min(ROW * 0.75, binWidth * 0.22);
  return Math.max(0.9, Math.min(largest, largest * Math.sqrt(stones / iterations / FULL)));
}

/** How far a goalpost is: at its top before training, and where it has come down to. */
export interface FlagHeight {
  start: number;
  now: number;
}

/**
 * Difficulties of a goalpost, as far as they are known. By the starting model's rate it is the probability of its own
 * program then and now, which a right answer in other words adds to; by lines it is its length, and what is left of it
 * as its log-probability shrinks.
 *
 * @param known natural log-probability under the starting model, where the run has not measured it
 */
export function flagHeight(
  { question, distances }: GoalpostState,
  measure: Measure,
  known?: number,
): FlagHeight | undefined {
  const first = distances[0]?.logprob;
  const start = distances.find(({ iteration }) => iteration === 0)?.logprob ?? known ?? first;
  const now = distances.at(-1)?.logprob ?? start;
  if (measure === 'lines') {
    if (!question.program) return undefined;
    const lines = programLength(question.program);
    return { start: lines, now: start && now !== undefined ? lines * (now / start) : lines };
  }
  if (start === undefined || now === undefined) return undefined;
  return { start: -start / Math.LN10, now: -now / Math.LN10 };
}

/** Where a goalpost's flag stood after each of its trials. */
export function flagPath(goalpost: GoalpostState, view: View): { iteration: number; y: number }[] {
  const { distances } = goalpost;
  const start = flagHeight({ ...goalpost, distances: distances.slice(0, 1) }, view.measure)?.start;
  const first = distances[0]?.logprob;
  if (start === undefined || !first) return [];
  // By either measure what is left of the height is what is left of the log-probability.
  return distances.map(({ iteration, logprob }) => ({
    iteration,
    y: heightOf(view, start * (logprob / first)),
  }));
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
export function climbTable(runs: readonly ShownClimb[], measure: Measure): FigureTable {
  const several = runs.length > 1;
  const by = measure === 'start' ? 'starting model, 1 in' : 'lines';
  const columns = [
    ...['iteration', 'id', 'role', 'by', 'title', 'axis', 'followed', 'lines', 'starting pass rate'],
    ...['pass rate', 'reward', 'accepted', `half right at, ${by}`, `a tenth right at, ${by}`],
  ];
  const shown = (value: number | undefined) =>
    value === undefined ? Number.NaN : measure === 'start' ? 10 ** value : value;
  return {
    columns: several ? ['run', ...columns] : columns,
    rows: runs.flatMap(({ name, iterations, taught, points, shift }) => {
      const frontierAt = new Map(points.map((point) => [point.iteration - shift, point]));
      const people = new Set(taught);
      return [...iterations.flatMap((iteration) => iteration.stones), ...taught]
        .filter((stone) => stone.passRate !== undefined)
        .map((stone) => {
          const { proposal, followed } = stone;
          const frontier = frontierAt.get(stone.iteration);
          return [
            ...(several ? [name] : []),
            ...[stone.iteration, stone.id, proposal.role, people.has(stone) ? 'person' : 'model'],
            ...[proposal.question?.title ?? '', proposal.axis ?? ''],
            followed === undefined ? '' : followed ? 'yes' : 'no',
            programLength(proposal.question?.program ?? ''),
            stone.startPassRate ?? Number.NaN,
            ...[stone.passRate!, stone.reward ?? Number.NaN, stone.accepted ? 'yes' : 'no'],
            ...[shown(frontier?.half), shown(frontier?.tenth)],
          ];
        });
    }),
  };
}

const guidedRoles = (settings: Settings): ProposerRole[] =>
  slots(settings).guided === 0 ? [] : methodSettings(settings).lifts > 0 ? ['lemma', 'lift'] : ['lemma'];

/** Roles of the questions that runs with these settings ask. */
export function rolesOf(settings: readonly Settings[]): ProposerRole[] {
  const asked = new Set(settings.flatMap(guidedRoles));
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
