/** The fixtures themselves: what they promise to other tests holds. */
import { expect, test } from './fixtures.ts';

test('a foreign request is blocked and written down, from page, worker and sandboxed frame', async ({
  page,
  offences,
}) => {
  await page.goto('./');
  const outcome = await page.evaluate(async () => {
    const attempt =
      "fetch('https://SOURCE.example/', { mode: 'no-cors' }).then(() => 'reached', () => 'failed')";
    const from = (source: string) => attempt.replace('SOURCE', source);
    // biome-ignore lint/security/noGlobalEval: the same code runs in three places
    const page: string = await eval(from('page'));
    const worker = new Worker(URL.createObjectURL(new Blob([`${from('worker')}.then(postMessage)`])));
    const workerOutcome = await new Promise((resolve) => {
      worker.onmessage = (event) => resolve(event.data);
    });
    const frame = document.createElement('iframe');
    frame.sandbox.add('allow-scripts');
    frame.srcdoc = `<script>${from('frame')}.then((outcome) => parent.postMessage(outcome, '*'))</script>`;
    const frameOutcome = new Promise((resolve) => {
      window.addEventListener(
        'message',
        (event) => event.source === frame.contentWindow && resolve(event.data),
      );
    });
    document.body.append(frame);
    return [page, workerOutcome, await frameOutcome];
  });
  expect(outcome).toEqual(['failed', 'failed', 'failed']);
  expect(offences.foreignHosts.toSorted()).toEqual([
    'frame.example:443',
    'page.example:443',
    'worker.example:443',
  ]);
  // News of errors reaches the test a moment after they happened.
  await expect.poll(() => offences.errors.length).toBeGreaterThanOrEqual(2);
  await page.waitForTimeout(200);
  offences.foreignHosts.length = 0;
  offences.errors.length = 0;
});

test('a killed browser comes back with what it had stored', async ({ openProfile }) => {
  const first = await openProfile();
  await first.page.goto('./');
  await first.page.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open('ground', 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore('kept');
        opening.onsuccess = () => {
          const tx = opening.result.transaction('kept', 'readwrite', { durability: 'strict' });
          tx.objectStore('kept').put('here', 'key');
          tx.oncomplete = () => resolve();
          tx.onabort = () => reject(tx.error);
        };
      }),
  );
  await first.kill();

  const second = await openProfile();
  await second.page.goto('./');
  const kept = await second.page.evaluate(
    () =>
      new Promise((resolve) => {
        const opening = indexedDB.open('ground', 1);
        opening.onsuccess = () => {
          const request = opening.result.transaction('kept').objectStore('kept').get('key');
          request.onsuccess = () => resolve(request.result);
        };
      }),
  );
  expect(kept).toBe('here');
});
