/** The sessions that come with the page: what their files hold is what the first page says of them. */
import { readFileSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { narrate } from '../../../src/run/narration.ts';
import { unseenGain } from '../../../src/run/gains.ts';
import { currentCounters, finishedIterations, foldEvents, type RunState } from '../../../src/run/state.ts';
import { applyEvent } from '../../../src/run/state.ts';
import type { RunEvent } from '../../../src/run/events.ts';
import { unpack } from '../../../src/share/bundle.ts';
import { SHIPPED } from '../../../src/share/shipped.ts';
import { trimmed } from '../../../src/share/trimmed.ts';
import { STEPS } from '../../../src/ui/run/exampleSteps.ts';

const file = (id: string) => new URL(`../../../public/sessions/${id}.foothold`, import.meta.url);

async function runsOf(id: string): Promise<{ events: RunEvent[]; state: RunState }[]> {
  const shared = await unpack(new Uint8Array(readFileSync(file(id))), 64e6);
  if (shared.kind !== 'replay') throw new Error('not a replay');
  return shared.runs.map(({ events }) => ({ events, state: foldEvents(events)! }));
}

describe.each(SHIPPED)('$id', ({ id, note, runs, tokens }) => {
  test('is small, says what it is, and holds whole iterations within its tokens', async () => {
    expect(statSync(file(id)).size).toBeLessThanOrEqual(300e3);
    const stored = await runsOf(id);
    expect(stored.map(({ state }) => state.name)).toEqual(runs.map(({ name }) => name));
    for (const { state } of stored) {
      expect(state.notes).toBe(note);
      expect(currentCounters(state).tokensSampled).toBeLessThanOrEqual(tokens);
      expect(finishedIterations(state)).toBeGreaterThan(10);
      expect(finishedIterations(state)).toBe(state.iterations.length);
    }
  });

  test('every moment of it is told, in plain words', async () => {
    for (const { events } of await runsOf(id)) {
      let state: RunState | null = null;
      for (const event of events) {
        state = applyEvent(state, event);
        const line = narrate(state, event);
        expect(line, `${event.type}, event ${event.seq}`).toMatch(/^[A-Z“].*[.?!:]|^[A-Z]/s);
        expect(line).not.toMatch(/undefined|NaN|\bnull\b|micro-train/);
      }
    }
  });
});

test('the two runs side by side have model, seed and goalposts in common', async () => {
  const [gasp, azr] = await runsOf('gasp-beside-azr');
  expect(azr!.state.settings).toMatchObject({ method: 'azr', seed: gasp!.state.settings.seed });
  expect(gasp!.state.settings.method).toBe('gasp');
  expect(azr!.state.model).toBe(gasp!.state.model);
  expect(azr!.state.goalposts).toEqual(gasp!.state.goalposts);
});

test('the collapse is one: right answers to unseen questions end', async () => {
  const { state } = (await runsOf('collapse'))[0]!;
  const { start } = unseenGain(state)!;
  expect(start.rate).toBeGreaterThan(0.1);
  const sixth = state.validations!.find(({ iteration }) => iteration === 6)!;
  expect(Object.values(sixth.passed).reduce((a, b) => a + b, 0)).toBe(0);
  expect(sixth.samples * Object.keys(sixth.passed).length).toBe(512);
});

test('the worked example is what its session holds', async () => {
  const { state } = (await runsOf('gasp-beside-azr'))[0]!;
  const stones = state.iterations[5]!.stones;
  const [goalpost, lemma, lift] = STEPS;
  const written = (title: string) => stones.find(({ proposal }) => proposal.question?.title === title)!;
  const easier = written(lemma.title);
  const harder = written(lift.title);
  expect(state.goalposts.find(({ id }) => id === easier.proposal.goalpost)).toMatchObject({
    title: goalpost.title,
    program: goalpost.program,
  });
  expect(easier.proposal.question!.program).toBe(lemma.program);
  expect(harder.proposal.question!.program).toBe(lift.program);
  expect(harder.proposal.parent).toBe(easier.id);
  expect([easier.passRate, harder.passRate]).toEqual([3 / 8, 4 / 8]);
});

test('a trimmed run ends with a whole iteration and keeps the answers to what was accepted', async () => {
  const { events } = (await runsOf('long-run'))[0]!;
  const cut = trimmed(events, { name: 'short', note: 'words', tokens: 20e3, answersUpTo: 1 });
  const state = foldEvents(cut)!;
  expect(cut.map(({ seq }) => seq)).toEqual(cut.map((_, i) => i));
  expect(state).toMatchObject({ name: 'short', notes: 'words', checkpoints: [] });
  expect(currentCounters(state).tokensSampled).toBeLessThanOrEqual(20e3);
  expect(finishedIterations(state)).toBeGreaterThan(1);
  const later = state.iterations.slice(1).flatMap(({ stones }) => stones);
  for (const { accepted, trials } of later) expect(trials.length > 0).toBe(accepted);
});
