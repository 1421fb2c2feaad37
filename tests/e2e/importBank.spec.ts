/** Questions of other banks come into the built page: by file, drop, address and paste. */
import { gzipSync } from 'node:zlib';
import {
  CRUXEVAL_ROW,
  EVALPLUS_ROW,
  HUMANEVAL_ROW,
  LIVECODEBENCH_STDIN_ROW,
  MBPP_ROW,
  QUESTION_ROW,
  SCRIPT_ROW,
} from '../unit/banks/samples.ts';
import { expect, test } from './fixtures.ts';
import { openImport } from './labPage.ts';

const jsonl = (...rows: (object | string)[]) =>
  rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n');

test('good rows join the bank, bad ones are named by line and field, what is no question is left out', async ({
  page,
}) => {
  const sheet = await openImport(page);
  const mixed = jsonl(
    QUESTION_ROW,
    HUMANEVAL_ROW,
    SCRIPT_ROW,
    LIVECODEBENCH_STDIN_ROW,
    EVALPLUS_ROW,
    MBPP_ROW,
    CRUXEVAL_ROW,
    { ...QUESTION_ROW, id: 'bad', inputs: 'none' },
    '{"id": ',
  );
  await sheet.getByLabel(/Choose a file/).setInputFiles({
    name: 'mixed.jsonl.gz',
    mimeType: 'application/gzip',
    buffer: gzipSync(mixed),
  });
  await expect(sheet.getByText(/^mixed\.jsonl\.gz: /)).toHaveText(
    'mixed.jsonl.gz: 6 questions added, 1 that cannot be asked for as a program, 2 bad rows.',
    { timeout: 120_000 },
  );
  const bad = sheet.getByRole('list', { name: 'Bad rows' });
  await expect(bad.getByRole('listitem').first()).toHaveText(
    'Line 8, field "inputs": It must be a list, not a text.',
  );
  await expect(bad.getByText(/^Line 9: This is not JSON/)).toBeVisible();
  await sheet.getByText('Left out (1)').click();
  await expect(sheet.getByRole('listitem').filter({ hasText: CRUXEVAL_ROW.id })).toContainText(
    'one pair only',
  );
  // A problem in its benchmark's own form shows its statement and its shown tests.
  const twice = sheet.getByRole('listitem').filter({ has: page.locator('summary', { hasText: 'Twice' }) });
  await twice.locator('summary').click();
  await expect(twice.locator('.statement')).toHaveText(LIVECODEBENCH_STDIN_ROW.question_content);
  await expect(twice).toContainText(
    'Asked for: a program that reads standard input. Judged by 2 tests, of which 1 is shown.',
  );
  await expect(twice.locator('.examples')).toHaveText('3gives 6');
  // Outputs that the file leaves to its solution are computed.
  await sheet.locator('summary', { hasText: 'halve' }).click();
  const halve = sheet.getByRole('listitem').filter({ has: page.locator('summary', { hasText: 'halve' }) });
  await expect(halve.locator('.examples')).toHaveText(/3gives 1\.54gives 2\.0/);

  await sheet.getByLabel('Pasted rows').fill(jsonl({ ...QUESTION_ROW, title: 'a pasted one' }));
  await sheet.getByRole('button', { name: 'Read', exact: true }).click();
  await expect(sheet.locator('summary', { hasText: 'a pasted one' })).toBeVisible();

  const dropped = await page.evaluateHandle(
    (text) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text], 'dropped.jsonl'));
      return transfer;
    },
    jsonl({ ...QUESTION_ROW, title: 'a dropped one' }),
  );
  await sheet
    .getByRole('region', { name: 'Drop a file here' })
    .dispatchEvent('drop', { dataTransfer: dropped });
  await expect(sheet.locator('summary', { hasText: 'a dropped one' })).toBeVisible();

  await page.route('**/elsewhere/rows.json', (route) =>
    route.fulfill({ json: [{ ...QUESTION_ROW, title: 'a fetched one' }] }),
  );
  const address = new URL('elsewhere/rows.json', page.url()).href;
  await sheet.getByLabel('Address').fill(address);
  await sheet.getByRole('button', { name: 'Load', exact: true }).click();
  await expect(sheet.locator('summary', { hasText: 'a fetched one' })).toBeVisible();

  // Solutions are held to tests in a benchmark's own form, by the page's own judge.
  const printed = {
    ...{ id: 'twice', title: 'print twice', statement: 'Print the line twice.' },
    ...{ solution: 'line = input()\nprint(line)\nprint(line)', tests: [{ stdin: 'a\n', stdout: 'a\na\n' }] },
  };
  const called = {
    ...{ id: 'third', title: 'a third', statement: 'Divide by three.', entry: 'third' },
    ...{ solution: 'def third(x):\n    return x / 3', tests: [{ input: '6', expected: '2.0' }] },
  };
  const wrong = { ...printed, id: 'once', solution: 'print(input())' };
  await sheet.getByLabel('Pasted rows').fill(jsonl(printed, called, wrong));
  await sheet.getByRole('button', { name: 'Read', exact: true }).click();
  await expect(sheet.getByText(/^Pasted text: /)).toHaveText(
    'Pasted text: 2 questions added, 1 that cannot be asked for as a program.',
  );
  await sheet.getByText('Left out (1)').click();
  await expect(sheet.getByRole('listitem').filter({ hasText: 'once:' })).toContainText('expected "a\\na\\n"');
  await expect(sheet.locator('summary', { hasText: 'print twice' })).toBeVisible();
  await expect(sheet.locator('summary', { hasText: 'a third' })).toBeVisible();

  // What is no bank says so and takes nothing away.
  await sheet.getByLabel('Pasted rows').fill('f(3) == 4');
  await sheet.getByRole('button', { name: 'Read', exact: true }).click();
  await expect(sheet.getByText(/^Pasted text: 0 questions added, 1 bad row\.$/)).toBeVisible();

  // They are still there after the page was closed.
  await page.goto('./');
  await page.getByRole('button', { name: 'Choose goalposts' }).click();
  await sheet.getByLabel('Which questions').selectOption('imported');
  for (const title of ['double each', 'half', 'a pasted one', 'a dropped one', 'a fetched one'])
    await expect(sheet.locator('summary', { hasText: title }).first()).toBeVisible();
});
