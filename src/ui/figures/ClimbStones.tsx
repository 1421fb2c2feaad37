/**
 * The stones of the climb. Hundreds of iterations are thousands of stones: those of iterations that are
 * over and have others after them are drawn together, one path for all that look alike, so that a hand
 * that drags the time slider meets a few hundred shapes and not all of them.
 */
import { memo } from 'react';
import type { IterationState, Stone } from '../../run/state.ts';
import { outline, type Placed, placeIteration, type View } from './climbLayout.ts';

/** Iterations that are drawn together. */
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

/** All stones that the model proposed, in blocks; the last few iterations stone by stone. */
export function Stones(props: Props) {
  const { iterations } = props;
  const blocks: IterationState[][] = [];
  for (let at = 0; at < iterations.length; at += BLOCK) blocks.push(iterations.slice(at, at + BLOCK));
  return blocks.map((block, i) =>
    i === blocks.length - 1 && props.as === undefined ? (
      block.map((iteration) => <Column key={iteration.iteration} {...props} iterations={[iteration]} />)
    ) : (
      <Block key={`block ${block[0]!.iteration}`} {...props} iterations={block} />
    ),
  );
}

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

/** Proposals that were never tried, under the axis: the more, the longer. */
function Faults({ iterations, view, shift = 0 }: Pick<Props, 'iterations' | 'view' | 'shift'>) {
  const { x, plot, size } = view;
  const d = iterations
    .map(({ iteration, stones }) => {
      const faults = stones.filter((stone) => stone.proposal.fault).length;
      return faults && `M${x(iteration + shift).toFixed(1)} ${plot.bottom + 6}v${Math.min(18, 3 * faults)}`;
    })
    .filter(Boolean)
    .join('');
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
