/** Where in a run's past the page is, and how it moves there. */
import { type RefCallback, startTransition, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Landmark, Timeline } from '../../run/timeline.ts';
import { useSeen } from '../parts/useSeen.ts';

/** Times as fast as it happened. */
export const SPEEDS = [1, 3, 10, 30, 100];

/** Milliseconds without a step through time after which everything shows where it has led. */
const REST = 80;
/**
 * Milliseconds after which a part of it that is in the window does so at the latest, while one step follows the
 * other. Cards and curves take turns: either takes a frame or two, and of the frames that a hand sees nineteen
 * in twenty should be its own.
 */
const LONGEST_LAG = 500;
/** Where frames take long, both are at least so many of them: showing everything would make them longer. */
const FRAMES = { rest: 3, lag: 30 };

export interface Time {
  /** What is shown; null: the run as it is. */
  moment: number | null;
  /**
   * The same for what is read rather than watched: with many steps in a row, as from a hand that drags the
   * slider, it keeps still in between.
   */
  still: { cards: number | null; curves: number | null };
  /** Put on both as their `ref`: what nobody sees keeps still until the hand rests. */
  watch: { cards: RefCallback<HTMLElement>; curves: RefCallback<HTMLElement> };
  playing: boolean;
  speed: number;
  seek(moment: number | null): void;
  setSpeed(speed: number): void;
  play(): void;
  pause(): void;
  jump(landmark: Landmark, direction: 1 | -1): void;
}

interface Place {
  timeline: Timeline;
  moment: number;
}

/**
 * Time travel belongs to one timeline: another one on the stage is shown as it is, or, where it is somebody else's
 * (`replay`), at its beginning.
 */
export function useTime(timeline: Timeline | null, replay: boolean): Time {
  const begins = timeline && replay && timeline.length > 1 ? { timeline, moment: 1 } : null;
  const [place, setPlace] = useState<Place | null>(begins);
  const [watchCards, cardsSeen] = useSeen<HTMLElement>();
  const [watchCurves, curvesSeen] = useSeen<HTMLElement>();
  const [cards, setCards] = useState<Place | null>(begins);
  const [curves, setCurves] = useState<Place | null>(begins);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(10);
  const [begun, setBegun] = useState(timeline);
  if (begun !== timeline) {
    // While it is drawn, not after: the end of a replay must not flash by.
    setBegun(timeline);
    setPlace(begins);
    setCards(begins);
    setCurves(begins);
    setPlaying(false);
  }
  const momentOf = (at: Place | null) =>
    at && at.timeline === timeline ? Math.min(at.moment, timeline.length) : null;
  const moment = momentOf(place);
  const [stillCards, stillCurves] = [momentOf(cards), momentOf(curves)];
  const now = useRef(moment);
  now.current = moment;
  /**
   * When the last step came and when something last followed; `turn`: what follows next while steps go on;
   * `frame`: milliseconds that the last frame took.
   */
  const steps = useRef({ last: -Infinity, followed: -Infinity, turn: 0, timer: 0, frame: 0 });

  const seek = useCallback(
    (to: number | null) => {
      const end = !timeline || to === null || to >= timeline.length;
      const next = end ? null : { timeline, moment: Math.max(1, to) };
      setPlace(next);
      const at = performance.now();
      const { last, followed, timer, frame } = steps.current;
      const rest = Math.max(REST, FRAMES.rest * frame);
      const lag = Math.max(LONGEST_LAG, FRAMES.lag * frame);
      requestAnimationFrame((before) =>
        requestAnimationFrame((after) => {
          steps.current.frame = after - before;
        }),
      );
      clearTimeout(timer);
      steps.current.last = at;
      if (at - last > rest) {
        steps.current.followed = at;
        setCards(next);
        setCurves(next);
        return;
      }
      const follow = (wait: number, parts: number) => {
        steps.current.timer = window.setTimeout(() => {
          steps.current.followed = performance.now();
          const isCurves = steps.current.turn++ % 2 === 1;
          const seen = isCurves ? curvesSeen.current : cardsSeen.current;
          // Out of sight it follows once the hand rests.
          if (seen || parts < 2 || wait >= rest)
            startTransition(() => (isCurves ? setCurves(next) : setCards(next)));
          // Another step calls this off, and it is the other part's turn then.
          if (parts > 0) follow(rest, parts - 1);
        }, wait);
      };
      follow(Math.max(0, Math.min(rest, followed + lag - at)), 2);
    },
    [timeline, cardsSeen, curvesSeen],
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
      still: { cards: stillCards, curves: stillCurves },
      watch: { cards: watchCards, curves: watchCurves },
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
    [moment, stillCards, stillCurves, watchCards, watchCurves, playing, timeline, speed, seek],
  );
}
