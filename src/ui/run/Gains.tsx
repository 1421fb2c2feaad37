/** The first line of a run: what got better, told so that luck has no part in it. */
import { memo } from 'react';
import { approach, change, unseenGain } from '../../run/gains.ts';
import { points, tenths, trend } from '../../run/gainWords.ts';
import type { RunState } from '../../run/state.ts';
import { times } from '../parts/format.ts';
import { Term } from '../parts/Term.tsx';
import { useShown } from './ShownRun.tsx';
import './Gains.css';

/** Nothing while no run is open, or where a run tries no unseen questions and knows no distances. */
export function Gains() {
  const { cards } = useShown();
  return cards && <Line state={cards} />;
}

const Line = memo(function Line({ state }: { state: RunState }) {
  const unseen = unseenGain(state);
  const nearer = approach(state);
  if (!unseen && !nearer) return null;
  return (
    <section className="gains" aria-label="What got better">
      {unseen && <Unseen gain={unseen} every={state.settings.validateEvery} />}
      {nearer && (
        <p className="gains-nearer">
          The goalposts’ own programs are {times(nearer.factor)} as likely as at the start (
          <Term name="distance">mean over {nearer.goalposts}</Term>); {nearer.nearer} of them at least five
          times.
        </p>
      )}
    </section>
  );
});

function Unseen({ gain, every }: { gain: NonNullable<ReturnType<typeof unseenGain>>; every: number }) {
  const { start, now } = gain;
  const title = <Term name="unseen questions">Right on questions it has never seen</Term>;
  if (!now) {
    return (
      <p className="gains-unseen">
        {title}: <strong>{tenths(start.rate)}</strong> before training.
        {every > 0 && <span className="gains-chance"> Tried again after iteration {every}.</span>}
      </p>
    );
  }
  const gained = change(start, now);
  const { difference, low, high } = gained;
  const certain = trend(gained);
  return (
    <p className="gains-unseen" data-certain={certain}>
      {title}:{' '}
      <strong>
        {tenths(start.rate)} to {tenths(now.rate)}
      </strong>
      <span className="gains-chance">
        {' '}
        {points(difference)} points, 95&nbsp;% interval {points(low)} to {points(high)}
        {certain === 'even' && ': may be chance'}; iteration {now.iteration}
      </span>
    </p>
  );
}
