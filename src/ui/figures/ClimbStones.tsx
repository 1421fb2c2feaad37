/**
 * The stones of the climb. Where each iteration has room, its stones lie side by side, and those of iterations that are
 * over are drawn together, one path for all that look alike. Where there are more iterations than room, several share a
 * place, and what they have at one height is one mark, as large as it is often: three iterations and three thousand are
 * both a picture, of a few hundred shapes for a hand that drags the time slider.
 */
import { memo } from 'react';
import type { IterationState, Stone } from '../../run/state.ts';
import {
  binStart,
  cellSize,
  cellsOf,
  outline,
  type Placed,
  placeIteration,
  type View,
} from './climbLayout.ts';

/** Iterations that are drawn together where each has room for itself. */
const BLOCK = 6;

interface Props {
  iterations: readonly IterationState[];
  view: View;
  /** Proposals that an iteration has room for beside each other. */
  slots: number;
  /** Columns that the run begins further to the right. */
  shift?: number;
  /** Over, or behind what can still change: no iteration of it is drawn stone by stone. */
  as?: 'past' | 'other';
}

/** All stones that the model proposed; those of the last iteration, or of the last few, stone by stone. */
export function Stones(props: Props) {
  const { iterations, view, shift = 0, as } = props;
  const together = new Map<number, IterationState[]>();
  for (const iteration of iterations) {
    const column = iteration.iteration + shift;
    const place = view.bin > 1 ? binStart(view, column) : Math.floor((column - 1) / BLOCK);
    const block = together.get(place);
    if (block) block.push(iteration);
    else together.set(place, [iteration]);
  }
  const last = as === undefined ? iterations.at(-1) : undefined;
  return [...together].map(([place, block]) => {
    if (!last || block.at(-1) !== last)
      return <Together key={`block ${place}`} {...props} iterations={block} />;
    const before = view.bin > 1 ? block.slice(0, -1) : [];
    return [
      before.length > 0 && <Together key={`block ${place}`} {...props} iterations={before} />,
      ...block
        .slice(before.length)
        .map((iteration) => <Column key={iteration.iteration} {...props} iterations={[iteration]} />),
    ];
  });
}

const Together = (props: Props) => (props.view.bin > 1 ? <Sum {...props} /> : <Block {...props} />);

/** Where stones lie follows from their iterations and the figure's measures. */
const same = (before: Props, after: Props) =>
  before.view === after.view &&
  before.shift === after.shift &&
  before.iterations.length === after.iterations.length &&
  before.iterations.every((iteration, i) => iteration === after.iterations[i]);

const Column = memo(function Column({ iterations, view, slots }: Props) {
  const [iteration] = iterations;
  const placed = placeIteration(iteration!, view, slots);
  return (
    <g data-now={!iteration!.counters || undefined}>
      {placed.map(({ stone, x, y, from }) =>
        from ? <Pair key={stone.id} accepted={stone.accepted} d={pair(from, { x, y })} /> : null,
      )}
      {placed.map((one) => (
        <StoneMark key={one.stone.id} placed={one} size={view.size} />
      ))}
      <Faults iterations={iterations} view={view} />
    </g>
  );
}, same);

const Block = memo(function Block({ iterations, view, slots, shift, as }: Props) {
  const placed = iterations.flatMap((iteration) => placeIteration(iteration, view, slots, shift));
  const pairs = { accepted: '', other: '' };
  const looks = new Map<
    string,
    { role: Placed['stone']['proposal']['role']; accepted: boolean; d: string }
  >();
  for (const { stone, x, y, from } of placed) {
    const { role } = stone.proposal;
    const { accepted } = stone;
    if (from) pairs[accepted ? 'accepted' : 'other'] += pair(from, { x, y });
    const key = `${role} ${accepted}`;
    const look = looks.get(key) ?? { role, accepted, d: '' };
    look.d += outline(role, x, y, view.size);
    looks.set(key, look);
  }
  return (
    <g>
      {pairs.other && <Pair accepted={false} d={pairs.other} />}
      {pairs.accepted && <Pair accepted d={pairs.accepted} />}
      {/* Those in their band lie above. */}
      {[...looks]
        .sort(([, a], [, b]) => Number(a.accepted) - Number(b.accepted))
        .map(([key, { role, accepted, d }]) => (
          <path key={key} className={`climb-stone of-${role}`} data-accepted={accepted || undefined} d={d} />
        ))}
      {/* Another run's would lie on this one's. */}
      {as !== 'other' && <Faults iterations={iterations} view={view} {...(shift && { shift })} />}
    </g>
  );
}, same);

/** Iterations that share a place: a mark for each height and role, and in it those that were accepted. */
const Sum = memo(function Sum({ iterations, view, slots, shift = 0, as }: Props) {
  const placed = iterations.flatMap((iteration) => placeIteration(iteration, view, slots, shift));
  const paths = new Map<string, { all: string; accepted: string }>();
  for (const { role, x, y, stones, accepted } of cellsOf(placed, view, iterations[0]!.iteration + shift)) {
    const path = paths.get(role) ?? { all: '', accepted: '' };
    const draw = (number: number) => outline(role, x, y, cellSize(number, iterations.length, view));
    path.all += draw(stones);
    if (accepted > 0) path.accepted += draw(accepted);
    paths.set(role, path);
  }
  return (
    <g>
      {[...paths].map(([role, { all, accepted }]) => (
        <g key={role} className={`climb-sum of-${role}`}>
          <path d={all} />
          {accepted && <path data-accepted="" d={accepted} />}
        </g>
      ))}
      {as !== 'other' && <Faults iterations={iterations} view={view} shift={shift} />}
    </g>
  );
}, same);

/** Questions that a person wrote in the teacher's place, ringed. */
export function Taught({
  taught,
  placed,
  size,
}: {
  taught: readonly Stone[];
  placed: Placed[];
  size: number;
}) {
  const people = new Set(taught);
  return placed
    .filter(({ stone }) => people.has(stone))
    .map((one) => (
      <g key={one.stone.id} className="climb-taught">
        {one.from && <Pair accepted={false} d={pair(one.from, one)} />}
        <circle className="climb-taught-ring" cx={one.x} cy={one.y} r={size + 3} />
        <StoneMark placed={one} size={size} />
      </g>
    ));
}

const Pair = ({ accepted, d }: { accepted: boolean; d: string }) => (
  <path className="climb-pair" data-accepted={accepted || undefined} d={d} />
);

interface Point {
  x: number;
  y: number;
}
const pair = (from: Point, to: Point) =>
  `M${from.x.toFixed(1)} ${from.y.toFixed(1)}L${to.x.toFixed(1)} ${to.y.toFixed(1)}`;

/** Proposals that were never tried, under the axis: the more an iteration, the longer. */
function Faults({ iterations, view, shift = 0 }: Pick<Props, 'iterations' | 'view' | 'shift'>) {
  const { x, plot, size, bin } = view;
  const number = ({ stones }: IterationState) => stones.filter(({ proposal }) => proposal.fault).length;
  const bar = (column: number, faults: number) =>
    faults > 0 ? `M${x(column).toFixed(1)} ${plot.bottom + 6}v${Math.min(18, 3 * faults).toFixed(1)}` : '';
  const mean = iterations.reduce((sum, iteration) => sum + number(iteration), 0) / iterations.length;
  const d =
    bin > 1
      ? bar(binStart(view, iterations[0]!.iteration + shift) + (bin - 1) / 2, mean)
      : iterations.map((one) => bar(one.iteration + shift, number(one))).join('');
  return d && <path className="climb-faults" d={d} strokeWidth={Math.max(1.5, size)} />;
}

/** Filled where it was accepted. */
function StoneMark({ placed: { stone, x, y }, size }: { placed: Placed; size: number }) {
  const { role } = stone.proposal;
  return (
    <path
      className={`climb-stone of-${role}`}
      data-accepted={stone.accepted || undefined}
      d={outline(role, x, y, size)}
    />
  );
}
