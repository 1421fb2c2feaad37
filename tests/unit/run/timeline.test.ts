import { describe, expect, it } from 'vitest';
import { finishedIterations, foldEvents } from '../../../src/run/state.ts';
import { LANDMARKS, Timeline } from '../../../src/run/timeline.ts';
import { exampleEvents } from '../../fixtures/events.ts';

describe('Timeline', () => {
  const events = exampleEvents({ iterations: 12, seed: 3 });
  const timeline = new Timeline(events);

  it('gives the fold of the events so far at every moment, in whatever order one asks', () => {
    const forward = events.map((_, i) => timeline.at(i + 1));
    forward.forEach((state, i) => {
      if (i % 7 === 0) expect(state).toEqual(foldEvents(events.slice(0, i + 1)));
    });
    for (let moment = events.length; moment >= 1; moment -= 5)
      expect(timeline.at(moment)).toEqual(forward[moment - 1]);
    expect(timeline.at(0)).toEqual(forward[0]);
    expect(timeline.at(1e9)).toEqual(forward.at(-1));
  });

  it('shares iterations that have ended between all states, so that drawing them again can be left out', () => {
    const final = timeline.at(timeline.length);
    for (const moment of [timeline.length - 3, timeline.endOf(7) + 9, timeline.endOf(7)]) {
      const state = timeline.at(moment);
      for (let i = 0; i < finishedIterations(state); i++)
        expect(state.iterations[i]).toBe(final.iterations[i]);
    }
  });

  it('finds the end of each iteration', () => {
    for (const iteration of [0, 1, 5, 12]) {
      const state = timeline.at(timeline.endOf(iteration));
      expect(finishedIterations(state)).toBe(iteration);
      expect(state.iterations).toHaveLength(iteration);
      expect(timeline.iterationAt(timeline.endOf(iteration))).toBe(iteration);
    }
    expect(timeline.iterationAt(timeline.endOf(4) + 1)).toBe(5);
  });

  it('stays in its iteration where older weights are measured', () => {
    const log = exampleEvents({ iterations: 2 });
    const later = new Timeline(log);
    later.push([
      {
        ...{ type: 'measured', iteration: 0, split: 'heldout', samples: 1, answers: { q: '1' } },
        ...{ seq: log.length, at: log.at(-1)!.at },
      },
    ]);
    expect(later.iterationAt(later.length)).toBe(2);
    const validated = { type: 'validated', iteration: 0, samples: 4, passed: { q: 1 } } as const;
    later.push([{ ...validated, seq: log.length + 1, at: log.at(-1)!.at }]);
    expect(later.iterationAt(later.length)).toBe(2);
  });

  it('leaves out what a resume voids', () => {
    const cut = exampleEvents({ iterations: 3, interrupted: true });
    const policy = foldEvents(cut)!.policy!;
    const resumed = [...cut, { type: 'resumed' as const, after: 2, policy, seq: cut.length, at: 0 }];
    expect(new Timeline(resumed).at(1e9)).toEqual(foldEvents(resumed));
    expect(new Timeline(resumed).momentsOf('resume')).toHaveLength(2);
  });

  it('keeps time, and leaves out long pauses', () => {
    const night = events.map((event) => ({ ...event, at: event.at + (event.seq > 100 ? 8 * 3_600_000 : 0) }));
    const slept = new Timeline(night);
    expect(slept.elapsedAt(1)).toBe(0);
    expect(slept.elapsedAt(slept.length) - timeline.elapsedAt(timeline.length)).toBeLessThanOrEqual(5000);
    for (const moment of [1, 50, 101, 102, slept.length]) {
      expect(slept.momentAfter(slept.elapsedAt(moment))).toBe(moment);
      if (moment > 1) expect(slept.momentAfter(slept.elapsedAt(moment) - 1)).toBe(moment - 1);
    }
  });

  it('jumps to what happened', () => {
    const state = timeline.at(timeline.length);
    const stones = state.iterations.flatMap((iteration) => iteration.stones);
    const accepted = (role: string) => stones.filter((s) => s.accepted && s.proposal.role === role).length;
    expect(timeline.momentsOf('iteration')).toHaveLength(12);
    expect(timeline.momentsOf('accepted lemma')).toHaveLength(accepted('lemma'));
    expect(timeline.momentsOf('accepted lift')).toHaveLength(accepted('lift'));
    expect(timeline.momentsOf('evaluation')).toHaveLength(state.evaluations.length);
    for (const landmark of LANDMARKS) {
      let [moment, met] = [0, 0];
      for (;;) {
        const next = timeline.jump(moment, landmark, 1);
        if (next === undefined) break;
        expect(next).toBeGreaterThan(moment);
        [moment, met] = [next, met + 1];
      }
      expect(met).toBe(timeline.momentsOf(landmark).length);
    }
    const third = timeline.momentsOf('iteration')[2]!;
    expect(timeline.jump(third, 'iteration', -1)).toBe(timeline.momentsOf('iteration')[1]);
  });

  it('grows with a run as if it had been made from all of it', () => {
    const growing = new Timeline(events.slice(0, 3));
    growing.momentsOf('accepted lemma');
    for (let at = 3; at < events.length; at += 10) growing.push(events.slice(at, at + 10));
    expect(growing.state).toEqual(timeline.state);
    expect(growing.at(200)).toEqual(timeline.at(200));
    expect(growing.momentsOf('accepted lemma')).toEqual(timeline.momentsOf('accepted lemma'));
    expect(growing.elapsedAt(events.length)).toBe(timeline.elapsedAt(events.length));
  });

  it('refuses an empty log and one without a beginning', () => {
    expect(() => new Timeline([])).toThrow(/empty/);
    expect(() => new Timeline(events.slice(1))).toThrow(/run-started/);
  });
});
