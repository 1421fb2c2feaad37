/** What translators, spelling checkers, highlighters and blockers do to a page: it goes on, and stays right. */
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';
import { expectIterations, numberOf, pause, runButton, setSettings, SMALL, toTheEnd } from './labPage.ts';

/**
 * Changes all texts that may be translated, and those that come later. `translate` does it as the translators of
 * Chrome and Edge do, with the words kept, so that what is seen can be compared; `highlight` splits text nodes,
 * marks pieces, and lets go of the marks a moment later, as page search in extensions does.
 */
const retouch = (kind: 'translate' | 'highlight') => {
  const own = new WeakSet<Node>();
  const all = () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts: Text[] = [];
    while (walker.nextNode()) texts.push(walker.currentNode as Text);
    for (const text of texts) {
      const parent = text.parentElement;
      if (!parent || !text.data.trim() || own.has(text)) continue;
      if (parent.closest('script, style, textarea, option, title, svg, [translate=no]')) continue;
      if (kind === 'translate') {
        const [outer, inner] = [document.createElement('font'), document.createElement('font')];
        const words = document.createTextNode(text.data);
        own.add(words);
        inner.append(words);
        outer.append(inner);
        text.replaceWith(outer);
      } else {
        const rest = text.splitText(Math.floor(text.length / 2));
        const mark = document.createElement('mark');
        rest.replaceWith(mark);
        mark.append(rest);
        own.add(text).add(rest);
        setTimeout(() => {
          mark.replaceWith(...mark.childNodes);
          parent.normalize();
        }, 500);
      }
    }
  };
  all();
  let due = false;
  new MutationObserver(() => {
    if (due) return;
    due = true;
    setTimeout(() => {
      due = false;
      all();
    }, 50);
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
};

/** Wraps buttons and headings, takes away every fourth paragraph, and puts things of its own everywhere. */
const rearrange = () => {
  const done = new WeakSet<Element>();
  const all = () => {
    for (const element of document.querySelectorAll('#root :is(button, h2, h3, p)')) {
      if (done.has(element)) continue;
      done.add(element);
      element.setAttribute('style', 'outline: 1px dotted; filter: invert(0)');
      const wrapper = document.createElement('span');
      element.replaceWith(wrapper);
      wrapper.append(element, document.createElement('i'));
    }
    for (const field of document.querySelectorAll('textarea, input')) {
      if (done.has(field)) continue;
      done.add(field);
      const host = document.createElement('grammar-checker');
      host.attachShadow({ mode: 'open' }).innerHTML = '<b>G</b>';
      field.after(host);
    }
  };
  all();
  document.head.append(document.createElement('style'));
  document.body.append(document.createElement('extension-root'));
  document.documentElement.setAttribute('data-darkmode', '');
  setInterval(all, 50);
};

const links = JSON.parse(
  await readFile(new URL('../fixtures/share/links.v1.json', import.meta.url), 'utf8'),
) as { replay: string };

/** All that stands on the page, without where lines end. */
const words = (page: Page) =>
  page.evaluate(() => document.getElementById('root')!.innerText.replace(/\s+/g, ' ').trim());

async function openReplay(page: Page) {
  await page.goto('about:blank');
  await page.goto(`./${links.replay}`);
  await expect(page.getByRole('region', { name: 'Replay' })).toBeVisible();
  await toTheEnd(page);
}

/** Through the views of a replay; what stands in each. */
async function walk(page: Page): Promise<string[]> {
  const seen: string[] = [];
  const note = async () => {
    await page.waitForTimeout(900); // Cards and curves follow half a second later.
    seen.push(await words(page));
  };
  const close = async () => {
    await page.keyboard.press('Escape');
    await expect(page.locator('dialog[open]')).toHaveCount(0);
  };
  await note();
  const back = page.getByRole('button', { name: 'Previous iteration' });
  await back.click();
  await note();
  await back.click();
  await note();
  await page.getByRole('button', { name: 'Next goalpost' }).click();
  await page.getByRole('button', { name: 'Next goalpost' }).click();
  await note();
  await page.getByRole('button', { name: 'now', exact: true }).click();
  for (const opener of ['Share', 'Settings', 'Lecture']) {
    await page.getByRole('button', { name: opener, exact: true }).click();
    await expect(page.locator('dialog[open]')).toBeVisible();
    if (opener === 'Lecture') for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowRight');
    await note();
    await close();
  }
  await page.locator('.card-open').first().click();
  await note();
  await close();
  await note();
  return seen;
}

test('a replay stays right in every view while a tool works on its texts', async ({ page }) => {
  await openReplay(page);
  const right = await walk(page);
  for (const [kind, trace] of [
    ['translate', 'font'],
    ['highlight', 'mark'],
  ] as const) {
    await openReplay(page);
    await page.evaluate(retouch, kind);
    expect(await page.locator(trace).count()).toBeGreaterThan(50);
    const seen = await walk(page);
    for (const [view, text] of right.entries()) expect.soft(seen[view], `${kind}, view ${view}`).toBe(text);
  }
});

test('a page whose elements are wrapped and moved goes on', async ({ page }) => {
  await openReplay(page);
  await page.evaluate(rearrange);
  await walk(page);
  await page.getByRole('button', { name: 'Keep among my runs' }).click();
  await expect(page.getByRole('region', { name: 'Replay' })).toBeHidden();
  await page.getByRole('button', { name: 'New run' }).click();
  await expect(page.getByRole('button', { name: 'Run a new one' })).toBeVisible();
});

test('a translated page runs, and its numbers go on', async ({ page }) => {
  await page.goto('./');
  await page.evaluate(retouch, 'translate' as const);
  await setSettings(page, SMALL);
  await runButton(page).click();
  await expectIterations(page, 2);
  await pause(page);
  // Shown as it is stored: opened anew, and by nobody translated.
  const translated = await numberOf(page, 'iterations').textContent();
  const name = await page.getByRole('heading', { level: 1 }).textContent();
  const numbers = page.getByRole('complementary', { name: 'The run' }).locator('dl');
  const shown = (await numbers.innerText()).replace(/\s+/g, ' ');
  await page.goto('./');
  await page.getByRole('button', { name: `Resume ${name}` }).waitFor();
  await page.getByRole('complementary', { name: 'The run' }).getByRole('button', { name: name! }).click();
  await expect(numberOf(page, 'iterations')).toHaveText(translated!);
  const stored = (await numbers.innerText()).replace(/\s+/g, ' ');
  for (const number of stored.match(/\d+ (?:questions|iterations)/g) ?? []) expect(shown).toContain(number);
});
