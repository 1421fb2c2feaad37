import { createElement } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Message } from '../../../src/lab/protocol.ts';
import { openMemoryJournal } from '../../../src/run/memoryJournal.ts';
import { createPageStore, type PageStore } from '../../../src/ui/store/pageStore.ts';
import { PageProvider, usePage, usePageValue } from '../../../src/ui/store/usePage.ts';

let page: PageStore;
let say: (message: Message) => void;
let root: Root;
let drawn: string[];

function Status() {
  const { status, tokensPerSecond } = usePage('status', 'tokensPerSecond');
  drawn.push(`${status} ${tokensPerSecond}`);
  return null;
}
function Busy() {
  drawn.push(String(usePageValue(({ status }) => status === 'running')));
  return null;
}

beforeEach(async () => {
  drawn = [];
  page = createPageStore({
    lab: {
      send: () => undefined,
      listen: (listener) => {
        say = listener;
        return () => undefined;
      },
    },
    openJournal: async () => openMemoryJournal(),
    loadBank: async () => ({
      name: 'a bank',
      title: '',
      description: '',
      goalposts: [],
      questions: [],
      heldout: [],
    }),
  });
  await vi.waitFor(() => expect(page.get()).toMatchObject({ ready: true, bank: { name: 'a bank' } }));
  root = createRoot(document.createElement('div'));
});
afterEach(() => root.unmount());

const draw = async (component: () => null) => {
  root.render(createElement(PageProvider, { value: page }, createElement(component)));
  await vi.waitFor(() => expect(drawn).toHaveLength(1));
};
const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

it('draws a component again when a field that it names changes, once a frame for what the lab says', async () => {
  await draw(Status);
  page.notices.report('Something else.', 'Nothing to do.');
  page.sheets.open('settings');
  say({ type: 'stream', role: 'solver', rows: [] });
  await frame();
  expect(drawn).toEqual(['idle 0']);
  say({ type: 'status', status: 'running' });
  for (const tokensPerSecond of [10, 20, 30])
    say({ type: 'activity', activity: null, iteration: 1, tokensPerSecond });
  await frame();
  expect(drawn).toEqual(['idle 0', 'running 30']);
});

it('draws a component again when what it makes of the state is another value', async () => {
  await draw(Busy);
  say({ type: 'status', status: 'loading' });
  await frame();
  expect(drawn).toEqual(['false']);
  say({ type: 'status', status: 'running' });
  await frame();
  expect(drawn).toEqual(['false', 'true']);
});
