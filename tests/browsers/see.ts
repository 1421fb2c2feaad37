/**
 * The built page in browsers that `npm test` does not have: a shipped session is watched to its end, and an iteration
 * is run on wasm, reloaded and resumed. Not a part of `npm test`, since nothing may be installed for that.
 * `xvfb-run -a npx tsx tests/browsers/see.ts DIR [firefox-esr] [WebKitWebDriver]`; screenshots go to DIR.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build, preview } from 'vite';
import { openFirefox, openWebKit, type Tab } from './drivers.ts';

const [folder = 'seen', ...executables] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
await build({ logLevel: 'error', build: { outDir: '.cache/seen/dist', emptyOutDir: true } });
const server = await preview({
  logLevel: 'error',
  build: { outDir: '.cache/seen/dist' },
  preview: { port: 0, host: '127.0.0.1' },
});
const url = server.resolvedUrls!.local[0] ?? server.resolvedUrls!.network[0]!;

/** What the page's own code needs for these steps; `until` waits for what a person would wait for. */
const tools = `
  const until = async (what, find, limit = 240000) => {
    for (let waited = 0; waited < limit; waited += 200) {
      const found = find();
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error('waited in vain for ' + what + '; the page says: ' + document.body.innerText.slice(0, 600));
  };
  const button = (name) => [...document.querySelectorAll('button')].find((one) => one.innerText.trim() === name && !one.disabled);
  const number = (name) => [...document.querySelectorAll('.numbers div')].find((row) => row.querySelector('dt').innerText.trim() === name)?.querySelector('dd').innerText;
`;

async function see(tab: Tab): Promise<void> {
  const shot = (name: string) =>
    tab.screenshot(join(folder, `${tab.name.replaceAll(/\W+/g, '-')}-${name}.png`));
  const step = async <T>(name: string, body: string): Promise<T> => {
    const result = await tab.run<T>(`${tools} ${body}`);
    console.log(`${tab.name}: ${name}: ${JSON.stringify(result)}`);
    await shot(name.replaceAll(/\W+/g, '-'));
    return result;
  };
  await tab.goto(url);
  await step('first page', `await until('Run', () => button('Run')); return document.title;`);
  await tab.goto(
    await tab.run<string>(
      "return [...document.querySelectorAll('a')].find((one) => one.innerText === 'A long run').href;",
    ),
  );
  await step(
    'a shipped session at its end',
    `(await until('now', () => button('now'))).click();
     await until('its end', () => !button('now'));
     await new Promise((resolve) => setTimeout(resolve, 1000));
     return { iterations: number('iterations'), better: document.querySelector('.gains').innerText.slice(0, 120) };`,
  );
  await tab.goto(url);
  await tab.run(`localStorage.setItem('foothold-choices', JSON.stringify({ backendChoice: 'wasm',
    settings: { goalpostsPerIteration: 4, rollouts: 4, evaluateEvery: 0, validateEvery: 0 } }));`);
  await tab.goto(`${url}?again`);
  await step(
    'an iteration on wasm',
    `(await until('Run', () => button('Run'))).click();
     await until('the first iteration', () => Number(number('iterations')) >= 1, 280000);
     (await until('Pause', () => button('Pause'))).click();
     await until('Paused', () => document.body.innerText.includes('Paused'), 280000);
     return { iterations: number('iterations'), backend: number('backend'), time: number('time'), run: location.hash };`,
  );
  await tab.goto(url);
  await step(
    'resumed after a reload',
    `const resume = await until('Resume', () => [...document.querySelectorAll('button')].find((one) => one.innerText.trim().startsWith('Resume ')));
     resume.click();
     await until('one more iteration', () => Number(number('iterations')) >= 2, 280000);
     return { iterations: number('iterations') };`,
  );
}

let failed = 0;
for (const executable of executables) {
  const tab = await (/webkit/i.test(executable) ? openWebKit(executable) : openFirefox(executable));
  try {
    await see(tab);
  } catch (error) {
    failed++;
    console.log(`${tab.name}: ${error instanceof Error ? error.message : error}`);
    await tab.screenshot(join(folder, `${tab.name.replaceAll(/\W+/g, '-')}-failed.png`)).catch(() => {});
  } finally {
    await tab.close();
  }
}
await server.close();
process.exit(failed > 0 ? 1 : 0);
