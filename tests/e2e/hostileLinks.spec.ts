/** Links that mean harm, or were harmed: each gets a message, and nothing changes. */
import { readFile } from 'node:fs/promises';
import { LINK_LIMIT } from '../../src/share/address.ts';
import { toBase64Url } from '../../src/share/packing.ts';
import { gzip } from '../../src/util/gzip.ts';
import { exampleEvents } from '../fixtures/events.ts';
import { expect, test } from './fixtures.ts';
import { storedRuns } from './labPage.ts';

const replay = async (value: unknown) =>
  `#replay=${toBase64Url(await gzip([typeof value === 'string' ? value : JSON.stringify(value), '\n']))}`;
const around = (events: unknown[]) => ({
  foothold: 'replay',
  version: 1,
  runs: [{ events, checkpoints: [] }],
});

test('tampered, truncated, oversized and hostile links change nothing', async ({ page, offences }) => {
  const links = JSON.parse(
    (await readFile(new URL('../fixtures/share/links.v1.json', import.meta.url))).toString(),
  ) as { replay: string };
  const dialogs: string[] = [];
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  await page.goto(`./${links.replay}`);
  await page.getByRole('button', { name: 'Keep among my runs' }).click();
  await expect(page.getByRole('region', { name: 'Replay' })).toBeHidden();
  const before = await storedRuns(page);
  expect(before).toHaveLength(1);

  const events = exampleEvents({ iterations: 2 });
  const stored = { ...events[0], run: before[0]!.run };
  const json = JSON.stringify(around(events));
  const middle = Math.floor(links.replay.length / 2);
  const bad: [string, string, RegExp][] = [
    ['tampered', `${links.replay.slice(0, middle)}AAAA${links.replay.slice(middle + 4)}`, /damaged/],
    ['truncated', links.replay.slice(0, middle), /cut off, and only 13\d{3} characters/],
    ['empty', '#replay=', /not a Foothold session/],
    ['not base64', '#replay=%3Cscript%3E', /not a Foothold session/],
    ['something else', `#${'aB3-'.repeat(30)}`, /sent with this address/],
    ['oversized', `#replay=${'A'.repeat(LINK_LIMIT + 1)}`, /at most/],
    ['a bomb', await replay(' '.repeat(40e6)), /more than 32 MB/],
    ['a megabyte of nesting', await replay('['.repeat(1e6)), /cannot be read/],
    [
      'nesting that closes',
      await replay(`{"foothold":"replay","version":1,"runs":${'['.repeat(5e5)}${']'.repeat(5e5)}}`),
      /no run/,
    ],
    ['a newer version', await replay({ ...around(events), version: 99 }), /another version/],
    ['an id that every object has', await replay(json.replaceAll('"goalpost-0"', '"__proto__"')), /no run/],
    [
      'a name that is an object',
      await replay(around([{ ...events[0], name: { toString: 1 } }, ...events.slice(1)])),
      /no run/,
    ],
    [
      'a billion iterations',
      await replay(json.replaceAll('"iteration":2', '"iteration":1000000000')),
      /out of turn/,
    ],
    ['another scheme', '?session=javascript:alert(1)', /https or http/],
    ['a host that is not there', '?session=http://127.0.0.1:9/run.foothold', /cannot be reached/],
  ];
  for (const [what, link, message] of bad) {
    await test.step(what, async () => {
      await page.goto('about:blank');
      await page.goto(`./${link}`);
      await expect(page.getByRole('alert')).toContainText(message);
      await expect(page.getByRole('alert')).toContainText('Nothing was changed');
      await expect(page.getByRole('region', { name: 'Replay' })).toBeHidden();
    });
  }

  // Sound, and made by somebody who hopes that text is taken for more than text.
  const script = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>';
  const hostile = JSON.stringify(around([{ ...stored, name: script }, ...events.slice(1)]))
    .replace('"tags":{', '"tags":{"__proto__":{"polluted":1},')
    .replace('{"foothold"', '{"__proto__":{"polluted":1},"foothold"')
    .replaceAll(/"title":"[^"]*"/g, `"title":${JSON.stringify(script)}`)
    .replaceAll(/"reason":"[^"]*"/g, `"reason":${JSON.stringify(script)}`);
  await page.goto('about:blank');
  await page.goto(`./${await replay(hostile)}`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(script);
  await page.locator('.goalposts-list button').first().click();
  await expect(page.getByRole('dialog')).toContainText(script);
  expect(await page.evaluate(() => 'hacked' in window || 'polluted' in {})).toBe(false);
  expect(await page.locator('img, #root script').count()).toBe(0);
  // Its run says it is the one that is stored here; that one is as it was.
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: 'Keep among my runs' }).click();
  await expect(page.getByRole('region', { name: 'Replay' })).toBeHidden();
  const after = await storedRuns(page);
  expect(after).toHaveLength(2);
  expect(after.find(({ run }) => run === before[0]!.run)).toEqual(before[0]);
  expect(dialogs).toEqual([]);
  // One of the links names a host that refuses, which Chromium reports by itself.
  const refusal = offences.errors.findIndex((text) => /ERR_CONNECTION_REFUSED|ERR_UNSAFE_PORT/.test(text));
  if (refusal >= 0) offences.errors.splice(refusal, 1);
});
