/** What holds of every view of the page: accessible to axe, no sideways scrolling, texts that a translator may replace. */
import { expect, type Page } from '@playwright/test';
import axe from 'axe-core';

/**
 * No serious finding of axe, and no sideways scrolling, in what is on screen now. What lies behind an open
 * sheet or box was looked at by itself; `within` names the parts that are new where no box is open.
 */
async function expectGood(page: Page, view: string, within: string): Promise<void> {
  const open = ['[popover]:popover-open', 'dialog[open]'];
  const [top = within] = await page.evaluate(
    (boxes) => boxes.filter((box) => document.querySelector(box)),
    open,
  );
  // Once for each document: reading it takes as long as looking at a view.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
  const serious = await page.evaluate(async (top) => {
    const { axe: inPage } = window as unknown as { axe: typeof axe };
    const { violations } = await inPage.run(
      // The sandbox's frame lets nothing in, axe included; it is invisible anyway.
      { include: [top], exclude: ['iframe'] },
      // What passed need not be told, which takes as long as finding it.
      { resultTypes: ['violations'] },
    );
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`);
  }, top);
  expect.soft(serious, view).toEqual([]);
  const sideways = await page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll('dialog[open], dialog[open] .sheet-body')]
      .filter((element) => element.scrollWidth > element.clientWidth + 1)
      .map((element) => `${element.tagName}.${element.className}`),
  );
  expect.soft(sideways, `${view} scrolls sideways`).toEqual([]);
  // A translator replaces text nodes, and React must not miss them (`src/util/jsx/ownText.ts`).
  const loose = await page.evaluate(() => {
    const walker = document.createTreeWalker(document.getElementById('root')!, NodeFilter.SHOW_TEXT);
    const found: string[] = [];
    while (walker.nextNode()) {
      const { nodeValue, parentNode, parentElement } = walker.currentNode;
      if (!nodeValue?.trim() || parentNode?.childNodes.length === 1) continue;
      if (!parentElement?.closest('[translate=no]')) found.push(nodeValue);
    }
    return found;
  });
  expect.soft(loose, `${view}: texts that are not alone in their element`).toEqual([]);
}

/** At a desk by daylight, then on a narrow phone at night. */
export async function everywhere(page: Page, view: string, within = 'html'): Promise<void> {
  for (const [width, height, colorScheme] of [
    [1440, 900, 'light'],
    [360, 740, 'dark'],
  ] as const) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await expectGood(page, `${view} at ${width}, ${colorScheme}`, within);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
}
