import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createStore } from '../../../src/ui/store/store.ts';

let frames: (() => void)[] = [];
beforeEach(() => {
  frames = [];
  vi.stubGlobal('requestAnimationFrame', (act: () => void) => frames.push(act));
});
afterEach(() => vi.unstubAllGlobals());

it('tells at once of what is set, and once a frame of what comes faster', () => {
  const store = createStore({ a: 0, b: 0 });
  const heard: unknown[] = [];
  const end = store.subscribe(() => heard.push(store.get()));
  store.set({ a: 1 });
  expect(heard).toEqual([{ a: 1, b: 0 }]);
  store.setSoon({ b: 1 });
  store.setSoon({ b: 2 });
  // Whoever asks has it already.
  expect(store.get()).toEqual({ a: 1, b: 2 });
  expect(heard).toHaveLength(1);
  for (const act of frames.splice(0)) act();
  expect(heard.slice(1)).toEqual([{ a: 1, b: 2 }]);
  end();
  store.set({ a: 2 });
  expect(heard).toHaveLength(2);
});
