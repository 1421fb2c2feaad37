import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from '../../../src/gasp/defaults.ts';
import { serializeCheckpoint } from '../../../src/run/checkpointFormat.ts';
import type { EventOf, RunEvent } from '../../../src/run/events.ts';
import { finishedIterations, foldEvents } from '../../../src/run/state.ts';
import { packRuns } from '../../../src/share/bundle.ts';
import { LINK_LIMIT, sourceOf } from '../../../src/share/address.ts';
import { openFile, openSource, recipeLink, replayLink } from '../../../src/share/link.ts';
import { toBase64Url } from '../../../src/share/packing.ts';
import { gzip } from '../../../src/util/gzip.ts';
import { ShareError } from '../../../src/share/shareError.ts';
import { exampleEvents } from '../../fixtures/events.ts';
import { snapshot } from '../run/journalSamples.ts';

const page = 'https://lab.example/some/folder/?theme=x#old';
const example = exampleEvents({ iterations: 3 });
const [begin] = example;
if (begin?.type !== 'run-started') throw new Error('the example begins with run-started');
const recipe = { model: 'embedded', bank: 'micro', settings: begin.settings, goalposts: begin.goalposts };

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/share/${name}`, import.meta.url));
const open = async (link: string) => (await openSource(sourceOf(new URL(link, page))!, page))!;
async function runOf(link: string): Promise<RunEvent[]> {
  const shared = await open(link);
  if (shared.kind !== 'replay') throw new Error('expected a replay');
  return shared.runs[0]!.events;
}
/** A link around any value, however wrong. */
const linkAround = async (value: unknown, kind = 'replay') =>
  `#${kind}=${toBase64Url(await gzip([typeof value === 'string' ? value : JSON.stringify(value), '\n']))}`;
/** The example as a link's JSON, with something changed in it. */
async function changed(change: (events: Record<string, unknown>[]) => void): Promise<string> {
  const events = structuredClone(example) as unknown as Record<string, unknown>[];
  change(events);
  return linkAround({ foothold: 'replay', version: 1, runs: [{ events, checkpoints: [] }] });
}
const find = (events: Record<string, unknown>[], type: string) =>
  events.find((event) => event.type === type)!;

describe('links', () => {
  it('carry a whole run: the fold of what comes out is the fold of what went in', async () => {
    const link = (await replayLink({ events: example, checkpoints: [] }, page))!;
    expect(link).toMatch(/^https:\/\/lab\.example\/some\/folder\/#replay=[\w-]+$/);
    const events = await runOf(link);
    expect(events).toEqual(example);
    expect(foldEvents(events)).toEqual(foldEvents(example));
  });

  it('leave out the tests of benchmarks without weights, and keep what is to be read of them', async () => {
    const benchmark = { bank: 'livecodebench', entry: 'pairs', cases: 40 };
    const goalposts = begin.goalposts.map((question) => ({
      ...question,
      benchmark: { ...benchmark, tests: 'H4sIAAAA'.repeat(1000) },
    }));
    const sent = [{ ...begin, goalposts, questions: goalposts.slice(0, 1) }, ...example.slice(1)];
    const [start] = await runOf((await replayLink({ events: sent, checkpoints: [] }, page))!);
    if (start?.type !== 'run-started') throw new Error('it begins with run-started');
    expect(start.goalposts).toEqual(begin.goalposts.map((question) => ({ ...question, benchmark })));
    expect(start.questions).toEqual(start.goalposts.slice(0, 1));
  });

  it('leave out the unseen questions, which only a run that goes on needs, and say how they went', async () => {
    const [first, ...rest] = example;
    if (first?.type !== 'run-started') throw new Error('the example begins with run-started');
    const passed = { V: 40 };
    const events: RunEvent[] = [
      { ...first, validation: first.goalposts.slice(0, 1) },
      ...rest,
      { type: 'validated', iteration: 0, samples: 100, passed, seq: example.length, at: 0 },
    ];
    const [begin, ...others] = await runOf((await replayLink({ events, checkpoints: [] }, page))!);
    expect(begin).toEqual(first);
    expect(others.at(-1)).toMatchObject({ type: 'validated', passed });
  });

  it('leave out what a resume voided', async () => {
    const cut = exampleEvents({ iterations: 3, interrupted: true });
    const policy = foldEvents(cut)!.policy!;
    const resumed: RunEvent[] = [...cut, { type: 'resumed', after: 2, policy, seq: cut.length, at: 0 }];
    const events = await runOf((await replayLink({ events: resumed, checkpoints: [] }, page))!);
    expect(events.length).toBeLessThan(resumed.length);
    expect(events.map((event) => event.seq)).toEqual(events.map((_, i) => i));
    expect(foldEvents(events)).toEqual(foldEvents(resumed));
  });

  it('carry a recipe: everything that decides how a run goes', async () => {
    const shared = await open(await recipeLink(recipe, page));
    expect(shared).toEqual({ kind: 'recipe', recipe });
  });

  it('are not made for a run that is too long for one', async () => {
    const long = exampleEvents({ iterations: 80 });
    expect(await replayLink({ events: long, checkpoints: [] }, page)).toBeNull();
    expect(
      (await replayLink({ events: exampleEvents({ iterations: 10 }), checkpoints: [] }, page))!.length,
    ).toBeLessThan(LINK_LIMIT + 100);
  });

  it('take the settings that they lack from the defaults', async () => {
    const { replay: _, evaluateSamples: __, ...settings } = recipe.settings;
    const shared = await open(
      await linkAround({ foothold: 'recipe', version: 1, ...recipe, settings }, 'recipe'),
    );
    expect(shared).toMatchObject({
      recipe: {
        settings: { replay: DEFAULT_SETTINGS.replay, evaluateSamples: DEFAULT_SETTINGS.evaluateSamples },
      },
    });
  });
});

describe('recipes of an older form', () => {
  it('mean what they meant, whatever the defaults are now', async () => {
    const { liftsPerLemma, adamEpsilon, teacherWeight, noveltyCompares, noveltyWindow, ...rest } =
      DEFAULT_SETTINGS;
    const settings = { ...rest, trainTeacher: true };
    const shared = await open(
      await linkAround({ foothold: 'recipe', version: 1, ...recipe, settings }, 'recipe'),
    );
    expect(shared).toMatchObject({
      recipe: { settings: { ...rest, liftsPerLemma: 1, adamEpsilon: 1e-8, teacherWeight: 1 } },
    });
    expect(shared).not.toHaveProperty('recipe.settings.trainTeacher');
    expect([liftsPerLemma, adamEpsilon, teacherWeight]).not.toEqual([1, 1e-8, 1]);
  });
});

describe('version 1, for good', () => {
  const links = JSON.parse(fixture('links.v1.json').toString()) as { recipe: string; replay: string };

  it('of a replay link', async () => {
    const state = foldEvents(await runOf(links.replay))!;
    expect(state.name).toBe('quiet-ridge');
    expect(finishedIterations(state)).toBe(3);
    expect(state.iterations.map((iteration) => iteration.stones.length)).toEqual([5, 5, 6]);
    expect(state.evaluations.map(({ iteration, samples }) => [iteration, samples])).toEqual([
      [0, 4],
      [2, 4],
    ]);
    expect(state.goalposts).toHaveLength(146);
  });
  it('of a recipe link', async () => {
    const shared = await open(links.recipe);
    expect(shared).toMatchObject({
      kind: 'recipe',
      recipe: { model: 'embedded', bank: 'micro', settings: { seed: 7, goalpostsPerIteration: 4 } },
    });
  });
  it('of a file with a checkpoint', async () => {
    const shared = await openFile(new Blob([fixture('replay.v1.foothold')]));
    if (shared.kind !== 'replay') throw new Error('expected a replay');
    const [run] = shared.runs;
    expect(finishedIterations(foldEvents(run!.events)!)).toBe(3);
    expect(run!.checkpoints).toEqual([{ blob: 'iteration-3', bytes: serializeCheckpoint(snapshot(3)) }]);
  });
});

describe('every kind of event that version 1 began with', () => {
  const log = readFileSync(new URL('../../fixtures/run/everyKind.v1.jsonl', import.meta.url), 'utf8');
  const lines = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RunEvent | { committed: number });
  const stored = lines.filter((line): line is RunEvent => 'type' in line);
  // A number that JSON has no word for is null in a log.
  const asStored = (events: RunEvent[]) => JSON.parse(JSON.stringify(events)) as RunEvent[];

  it('opens from a file with all of its fields', async () => {
    expect(new Set(stored.map(({ type }) => type)).size).toBe(14);
    const shared = await openFile(new Blob([fixture('everyKind.v1.foothold')]));
    if (shared.kind !== 'replay') throw new Error('expected a replay');
    const [run] = shared.runs;
    const counts = stored.filter((event) => !(event.type === 'iteration-started' && event.iteration === 2));
    const [started, ...others] = asStored(run!.events);
    expect(others).toEqual(counts.slice(1).map((event, i) => ({ ...event, seq: i + 1 })));
    const { settings, ...beginning } = counts[0] as EventOf<'run-started'>;
    // Settings that came since are there too.
    expect(started).toEqual({ ...beginning, seq: 0, settings: expect.objectContaining(settings) });
    expect(run!.checkpoints).toEqual([{ blob: 'iteration-1', bytes: serializeCheckpoint(snapshot(1, 4)) }]);
    const update = run!.events.find((event) => event.type === 'updated');
    expect(update).toMatchObject({
      stats: { clipped: Number.NaN },
      groups: [{ meanReward: Number.NaN }, {}],
    });
  });

  it('drops the fields that a later version wrote beside them', async () => {
    const later = stored.map(({ seq: _, ...event }) => ({ ...event, later: { deep: [1] } }));
    const started = later[0] as unknown as { settings: Record<string, unknown>; goalposts: object[] };
    started.settings.later = 1;
    started.goalposts[0] = { ...started.goalposts[0], later: 1 };
    const voided = later.findIndex((event) => event.type === 'iteration-started' && event.iteration === 2);
    const events = later.filter((_, index) => index !== voided);
    const link = await linkAround({ foothold: 'replay', version: 1, runs: [{ events, checkpoints: [] }] });
    expect(JSON.stringify(await runOf(link))).not.toContain('later');
    expect((await runOf(link)).map(({ type }) => type)).toEqual(events.map(({ type }) => type));
  });

  it('is refused where any one of its fields is missing or of another kind', async () => {
    const optional = ['questions', 'adapter', 'branchedFrom', 'index'];
    const sent = stored.filter((event) => !(event.type === 'iteration-started' && event.iteration === 2));
    for (const [at, event] of sent.entries())
      for (const field of Object.keys(event).filter((key) => !['type', 'seq'].includes(key))) {
        const opens = async (change: (event: Record<string, unknown>) => void) => {
          const events = structuredClone(sent) as unknown as Record<string, unknown>[];
          change(events[at]!);
          const text = await linkAround({
            foothold: 'replay',
            version: 1,
            runs: [{ events, checkpoints: [] }],
          });
          return open(text).then(
            () => 'opens',
            (error: unknown) => (error instanceof ShareError ? error.message : error),
          );
        };
        const place = `events.${at}.${field}`;
        const without = await opens((changed) => delete changed[field]);
        if (optional.includes(field)) expect(without, place).toBe('opens');
        else expect(without, place).toContain(place);
        const bent = await opens((changed) => {
          changed[field] = -1.5;
        });
        if (field === 'at' || field === 'reward') expect(bent, place).toBe('opens');
        else expect(bent, place).toContain(place);
      }
  });
});

describe('files', () => {
  it('hold several runs with their checkpoints, bit for bit', async () => {
    const bytes = serializeCheckpoint(snapshot(3));
    const second = exampleEvents({ iterations: 1, seed: 2, run: 'second' });
    const runs = [
      {
        events: example,
        checkpoints: [
          { blob: 'iteration-0', bytes: serializeCheckpoint(snapshot(0)) },
          { blob: 'iteration-3', bytes },
        ],
      },
      { events: second, checkpoints: [] },
    ];
    expect(await openFile(new Blob([await packRuns(runs)]))).toEqual({ kind: 'replay', runs });
  });

  it('with a checkpoint that was changed, cut off or renamed are refused', async () => {
    const good = serializeCheckpoint(snapshot(3));
    const pack = (bytes: Uint8Array<ArrayBuffer>) =>
      packRuns([{ events: example, checkpoints: [{ blob: 'iteration-3', bytes }] }]);
    const bent = good.slice();
    bent[200]! ^= 1;
    await expect(openFile(new Blob([await pack(bent)]))).rejects.toThrow(/checksum/);
    await expect(openFile(new Blob([await pack(good.slice(0, -8))]))).rejects.toThrow(/promises/);
    const events = example.map(({ seq: _, ...event }) => event);
    const announce = (checkpoints: unknown) =>
      JSON.stringify({ foothold: 'replay', version: 1, runs: [{ events, checkpoints }] });
    const lying = await gzip([announce([{ blob: 'iteration-3', bytes: good.length + 1 }]), '\n', good]);
    await expect(openFile(new Blob([lying]))).rejects.toThrow(/promises|more than it says/);
    const unknown = await gzip([announce([{ blob: 'iteration-99', bytes: good.length }]), '\n', good]);
    await expect(openFile(new Blob([unknown]))).rejects.toThrow(/does not have/);
    const path = await gzip([announce([{ blob: '../../etc', bytes: good.length }]), '\n', good]);
    await expect(openFile(new Blob([path]))).rejects.toThrow(/blob/);
    const extra = await gzip([announce([]), '\n', good]);
    await expect(openFile(new Blob([extra]))).rejects.toThrow(/more than it says/);
  });
});

describe('what comes from a stranger', () => {
  const refused = async (link: string, reason: RegExp) => {
    const error = await open(link).then(
      () => new Error('it was opened'),
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(ShareError);
    expect((error as Error).message).toMatch(reason);
  };

  it('is refused wherever it was cut off', async () => {
    const link = new URL((await replayLink({ events: example, checkpoints: [] }, page))!).hash;
    for (let i = 1; i < 40; i++) {
      const length = Math.floor('#replay='.length + ((link.length - 9) * i) / 40);
      await refused(link.slice(0, length), /damaged|cut off|not a Foothold/);
    }
    await refused('#replay=', /not a Foothold/);
  });

  it('is refused wherever it was changed', async () => {
    const link = new URL((await replayLink({ events: example, checkpoints: [] }, page))!).hash;
    for (let i = 0; i < 60; i++) {
      const at = '#replay='.length + Math.floor(((link.length - 20) * i) / 60);
      const other = link[at] === 'A' ? 'B' : 'A';
      const bent = link.slice(0, at) + other + link.slice(at + 1);
      const read = await open(bent).catch((error: unknown) => error);
      // gzip's header has a few fields that mean nothing, such as the time.
      if (read instanceof Error) expect(read).toBeInstanceOf(ShareError);
      else expect(read).toEqual({ kind: 'replay', runs: [{ events: example, checkpoints: [] }] });
    }
  });

  it('is refused where it is too long, or unpacks to too much', async () => {
    await refused(`#replay=${'A'.repeat(LINK_LIMIT + 1)}`, /at most/);
    const bomb = toBase64Url(await gzip(Array(40).fill(' '.repeat(1 << 20))));
    expect(bomb.length).toBeLessThan(LINK_LIMIT);
    await refused(`#replay=${bomb}`, /more than 32 MB/);
    const file = await gzip(Array(100).fill(' '.repeat(1 << 20)));
    await expect(openFile(new Blob([file]))).rejects.toThrow(/MB/);
  });

  it('is refused where it is nested a million deep', async () => {
    const deep = '['.repeat(1e6) + ']'.repeat(1e6);
    await refused(await linkAround(deep), /not a Foothold/);
    await refused(
      await linkAround(`{"foothold":"replay","version":1,"runs":${deep}}`),
      /holds what no run does/,
    );
    const tags = `${'{"a":'.repeat(1e5)}1${'}'.repeat(1e5)}`;
    await refused(
      await linkAround(
        `{"foothold":"recipe","version":1,"model":"m","bank":"b","settings":${tags},"goalposts":[{"id":"a","title":"","message":"","program":"","inputs":[],"outputs":[],"shown":0,"tags":{"x":${tags}}}]}`,
        'recipe',
      ),
      /no recipe/,
    );
  });

  it('pollutes no prototype', async () => {
    const json = JSON.stringify({
      foothold: 'replay',
      version: 1,
      runs: [{ events: example, checkpoints: [] }],
    });
    const polluted = json
      .replace(
        '{"foothold"',
        '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"foothold"',
      )
      .replace('"settings":{', '"settings":{"__proto__":{"polluted":1,"seed":5},"polluted":1,')
      .replace('"tags":{', '"tags":{"__proto__":{"polluted":1},')
      .replace('"tuning":{', '"tuning":{"__proto__":{"polluted":1},');
    expect(polluted.match(/__proto__/g)).toHaveLength(4);
    const events = await runOf(await linkAround(polluted));
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(JSON.stringify(events)).not.toContain('polluted');
    const walk = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      expect([Object.prototype, Array.prototype, null]).toContain(Object.getPrototypeOf(value));
      expect((value as Record<string, unknown>).polluted).toBeUndefined();
      Object.values(value).forEach(walk);
    };
    walk(events);
    await refused(
      await changed((events) => ((events[0]!.goalposts as { id: string }[])[0]!.id = 'constructor')),
      /goalposts\.0\.id/,
    );
  });

  it('is refused where a field is not what it has to be', async () => {
    await refused(await linkAround([]), /not a Foothold/);
    await refused(await linkAround('null'), /not a Foothold/);
    await refused(await linkAround('{"foothold":'), /cannot be read/);
    await refused(
      await linkAround({ foothold: 'replay', version: 2, runs: [] }),
      /another version.*format 2/,
    );
    await refused(await linkAround({ foothold: 'replay', version: 1, runs: [] }), /no run/);
    await refused(
      await linkAround({ foothold: 'replay', version: 1, runs: [{ events: [], checkpoints: [] }] }),
      /begin/,
    );
    await refused(await linkAround({ foothold: 'recipe', version: 1, ...recipe }), /says replay/);
    await refused(
      await linkAround(
        { foothold: 'recipe', version: 1, ...recipe, goalposts: [recipe.goalposts[0], recipe.goalposts[0]] },
        'recipe',
      ),
      /same id/,
    );
    await refused(
      await linkAround(
        { foothold: 'recipe', version: 1, ...recipe, settings: { ...recipe.settings, rollouts: 1e9 } },
        'recipe',
      ),
      /rollouts/,
    );
    await refused(
      await changed((events) => {
        events[0]!.name = { toString: 'x' };
      }),
      /name/,
    );
    await refused(
      await changed((events) => {
        events[0]!.name = 'x'.repeat(1e4);
      }),
      /name/,
    );
    await refused(
      await changed((events) => {
        find(events, 'attempted').passRate = 1e300;
      }),
      /passRate/,
    );
    await refused(
      await changed((events) => {
        find(events, 'proposed').proposal = null;
      }),
      /proposal/,
    );
    await refused(
      await changed((events) => {
        events[1]!.type = 'alert';
      }),
      /type/,
    );
  });

  it('is refused where its events cannot have followed each other', async () => {
    await refused(await changed((events) => events.splice(3, 1)), /out of turn/);
    await refused(
      await changed((events) => {
        find(events, 'iteration-started').iteration = 1e9;
      }),
      /out of turn/,
    );
    await refused(
      await changed((events) => {
        find(events, 'iteration-started').goalposts = ['nobody'];
      }),
      /unknown goalpost/,
    );
    await refused(
      await changed((events) => {
        find(events, 'rewarded').proposal = 'nobody';
      }),
      /not proposed/,
    );
    await refused(
      await changed((events) => {
        events.push(structuredClone(events[0]!));
      }),
      /second run/,
    );
    await refused(
      await changed((events) => {
        find(events, 'resumed').after = 5;
      }),
      /does not follow/,
    );
    await refused(
      await changed((events) => events.push(structuredClone(find(events, 'proposed')))),
      /out of turn/,
    );
  });

  it('keeps markup as the text that it is', async () => {
    const title = '<img src=x onerror=alert(1)><script>alert(1)</script>';
    const events = await runOf(
      await changed((all) => {
        all[0]!.name = title;
      }),
    );
    expect(events[0]).toMatchObject({ name: title });
  });

  it('is fetched by https or http only', async () => {
    for (const url of ['javascript:alert(1)', 'data:text/plain,x', 'file:///etc/passwd', 'blob:x'])
      await expect(openSource({ from: 'address', url }, page)).rejects.toThrow(/not by/);
    await expect(openSource({ from: 'address', url: 'https://' }, page)).rejects.toThrow(/not an address/);
    expect(sourceOf(new URL('?session=https%3A%2F%2Fa.example%2Fx.foothold', page))).toEqual({
      from: 'address',
      url: 'https://a.example/x.foothold',
    });
    expect(sourceOf(new URL('?theme=dark#about', page))).toBeNull();
  });
});
