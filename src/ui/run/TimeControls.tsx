/** Time travel: a slider over all events, play at some speed, jumps to what happened. */
import { Icon } from '../parts/Icon.tsx';
import { type CSSProperties, type KeyboardEvent, useId, useState } from 'react';
import { LANDMARKS, type Landmark, type Timeline } from '../../run/timeline.ts';
import { eventText } from '../parts/format.ts';
import { SPEEDS } from '../store/time.ts';
import { useShown } from './ShownRun.tsx';
import './TimeControls.css';

/** `timeline` grows with the open run and stays the same object. */
export function TimeControls({ timeline }: { timeline: Timeline }) {
  const { time } = useShown();
  const slider = useId();
  const [landmark, setLandmark] = useState<Landmark>('iteration');
  const { length } = timeline;
  const moment = time.moment ?? length;
  const last = timeline.state.iterations.at(-1)?.iteration ?? 0;
  const shown = timeline.iterationAt(moment);
  if (last === 0) return null;

  const onKeyDown = (event: KeyboardEvent) => {
    const direction = { PageUp: 1, PageDown: -1 }[event.key] as 1 | -1 | undefined;
    if (!direction) return;
    event.preventDefault();
    time.jump('iteration', direction);
  };

  return (
    <div className="time">
      <div className="time-play">
        <button
          type="button"
          className="button is-quiet time-button"
          aria-label={time.playing ? 'Stop playing' : 'Play the run'}
          title={time.playing ? 'Stop playing' : 'Play what happened'}
          onClick={() => (time.playing ? time.pause() : time.play())}
        >
          <Icon name={time.playing ? 'pause' : 'play'} />
        </button>
        <select
          className="field"
          aria-label="Speed"
          title="Times as fast as it happened"
          value={time.speed}
          onChange={(event) => time.setSpeed(Number(event.target.value))}
        >
          {SPEEDS.map((speed) => (
            <option key={speed} value={speed}>
              {speed}×
            </option>
          ))}
        </select>
      </div>
      <label className="visually-hidden" htmlFor={slider}>
        Moment shown
      </label>
      <input
        id={slider}
        type="range"
        min={1}
        max={length}
        value={moment}
        style={{ '--share': (moment - 1) / Math.max(1, length - 1) } as CSSProperties}
        aria-valuetext={`iteration ${shown} of ${last}, ${eventText(timeline.eventAt(moment))}`}
        title="Arrow keys go from event to event, page up and down from iteration to iteration"
        onChange={(event) => time.seek(Number(event.target.value))}
        onKeyDown={onKeyDown}
      />
      <p className="time-at">
        <span className="time-iteration">
          {shown} <span className="time-of">of {last}</span>
        </span>
        <span className="time-event">{time.moment === null ? '' : eventText(timeline.eventAt(moment))}</span>
      </p>
      <div className="time-jump">
        <button
          type="button"
          className="button is-quiet time-button"
          aria-label={`Previous ${landmark}`}
          title={`Previous ${landmark}`}
          disabled={timeline.jump(moment, landmark, -1) === undefined}
          onClick={() => time.jump(landmark, -1)}
        >
          <Icon name="back" />
        </button>
        <select
          className="field"
          aria-label="Jump to"
          value={landmark}
          onChange={(event) => setLandmark(event.target.value as Landmark)}
        >
          {LANDMARKS.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        <button
          type="button"
          className="button is-quiet time-button"
          aria-label={`Next ${landmark}`}
          title={`Next ${landmark}`}
          disabled={timeline.jump(moment, landmark, 1) === undefined}
          onClick={() => time.jump(landmark, 1)}
        >
          <Icon name="forth" />
        </button>
      </div>
      <button
        type="button"
        className="link time-now"
        disabled={time.moment === null}
        onClick={() => time.seek(null)}
      >
        now
      </button>
    </div>
  );
}
