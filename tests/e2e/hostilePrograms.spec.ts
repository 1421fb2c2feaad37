/** Programs of a stranger's bank, in the built page: whatever they try, they obtain nothing and disturb nobody. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GOOD, HOSTILE, OBTAINED } from '../unit/python/hostile.ts';
import { expect, test } from './fixtures.ts';
import { openImport, storedQuestions } from './labPage.ts';

interface Imported {
  title: string;
  outputs: string[];
}

test(`${HOSTILE.length} hostile programs of an imported bank, run in the built page`, async ({
  page,
  offences,
}) => {
  const noticed: string[] = [];
  const server = createServer((request, response) => {
    noticed.push(`${request.method} ${request.url}`);
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.end('marlin');
  });
  server.on('connection', () => noticed.push('a connection'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  // Two interpreters side by side, so that one goes on where the other hangs.
  await page.addInitScript(() => Object.defineProperty(navigator, 'hardwareConcurrency', { value: 3 }));
  const sheet = await openImport(page);
  // What a program must not find, and ears for what it must not say.
  const heard = await page.evaluateHandle(async () => {
    localStorage.setItem('secret', 'marlin');
    // biome-ignore lint/suspicious/noDocumentCookie: the plain old cookie is what a program would look for
    document.cookie = 'secret=marlin';
    await (await caches.open('secret')).put('/secret', new Response('marlin'));
    const messages: string[] = [];
    new BroadcastChannel('judge').onmessage = () => messages.push('over a channel');
    addEventListener('message', ({ data }) => messages.push(`to the page: ${JSON.stringify(data)}`));
    return messages;
  });

  const x = `("${address}", "/etc/passwd", "/tmp")`;
  const rows = HOSTILE.flatMap(({ name, program }, i) => [
    {
      id: `hostile ${i}`,
      title: `hostile: ${name}`,
      // Rows whose program defines no f are turned away before it runs.
      program: /^def f\b/m.test(program) ? program : `${program}\ndef f(x): pass`,
      inputs: [x, `*[${x}]`],
    },
    { id: `good ${i}`, title: `good: ${i}`, program: GOOD[i % GOOD.length]!.program, inputs: ['3', '1 + 2'] },
  ]);
  await sheet.getByLabel(/Choose a file/).setInputFiles({
    name: 'strangers.jsonl',
    mimeType: 'application/json',
    buffer: Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n')),
  });
  await expect(sheet.getByText(/^strangers\.jsonl: \d+ questions added/)).toBeVisible({ timeout: 580_000 });

  const questions = (await storedQuestions(page)) as Imported[];
  const valuesOf = new Map(questions.map(({ title, outputs }) => [title, outputs]));
  for (const i of HOSTILE.keys()) {
    const { value } = GOOD[i % GOOD.length]!;
    expect([i, valuesOf.get(`good: ${i}`)]).toEqual([i, [value, value]]);
  }
  const obtained = questions.filter(({ title }) => title.startsWith('hostile: '));
  // They ran, and gave what they found; the others ended in an error or were stopped.
  expect(obtained.length).toBeGreaterThan(HOSTILE.length / 2);
  for (const { title, outputs } of obtained) {
    expect([title, outputs.join('\n')]).toEqual([title, expect.not.stringMatching(OBTAINED)]);
  }
  expect(noticed).toEqual([]);
  expect(await heard.jsonValue()).toEqual([]);
  expect(
    await page.evaluate(async () => [
      localStorage.getItem('secret'),
      document.cookie,
      await (await caches.match('/secret'))?.text(),
      (await indexedDB.databases()).map(({ name }) => name),
    ]),
  ).toEqual(['marlin', 'secret=marlin', 'marlin', ['foothold', 'foothold-questions']]);
  server.close();
  // The frame's policy reports what it stopped, and Chromium an error without words where IndexedDB is refused.
  const errors = offences.errors.splice(0);
  expect(
    errors.filter((error) => error !== '' && !/Content Security Policy|ERR_BLOCKED_BY_CSP/.test(error)),
  ).toEqual([]);
});
