/** Where in a run's past the page is, and how it moves there. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Landmark, Timeline } from '../run/timeline.ts';

/** Times as fast as it happened. */
export const SPEEDS = [1, 3, 10, 30, 100];

export interface Time {
  /** What is shown; null: the run as it is. */
  moment: number | null;
  playing: boolean;
  speed: number;
  seek(moment: number | null): void;
  setSpeed(speed: number): void;
  play(): void;
  pause(): void;
  jump(landmark: Landmark, direction: 1 | -1): void;
}

/** Time travel belongs to one timeline: another one on the stage is shown as it is. */
export function useTime(timeline: Timeline | null): Time {
  const [place, setPlace] = useState<{ timeline: Timeline; moment: number } | null>(null);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(10);
  const moment = place && place.timeline === timeline ? Math.min(place.moment, timeline.length) : null;
  const now = useRef(moment);
  now.current = moment;

  const seek = useCallback(
    (to: number | null) => {
      const end = !timeline || to === null || to >= timeline.length;
      setPlace(end ? null : { timeline, moment: Math.max(1, to) });
    },
    [timeline],
  );

  useEffect(() => {
    if (!playing || !timeline) return;
    let elapsed = timeline.elapsedAt(now.current ?? 1);
    if (now.current === null) seek(1);
    let before = performance.now();
    let frame = requestAnimationFrame(function step(at) {
      elapsed += Math.max(0, at - before) * speed;
      before = at;
      const to = timeline.momentAfter(elapsed);
      if (to >= timeline.length) {
        seek(null);
        setPlaying(false);
        return;
      }
      if (to !== now.current) seek(to);
      frame = requestAnimationFrame(step);
    });
    return () => cancelAnimationFrame(frame);
  }, [playing, timeline, speed, seek]);

  return useMemo(
    () => ({
      moment,
      playing: playing && timeline !== null,
      speed,
      setSpeed,
      seek(to) {
        setPlaying(false);
        seek(to);
      },
      play: () => setPlaying(true),
      pause: () => setPlaying(false),
      jump(landmark, direction) {
        setPlaying(false);
        const to = timeline?.jump(moment ?? timeline.length, landmark, direction);
        if (to !== undefined) seek(to);
      },
    }),
    [moment, playing, timeline, speed, seek],
  );
}
