/** How components read the page's store and act on it. */
import { createContext, useContext, useRef, useSyncExternalStore } from 'react';
import type { PageState, PageStore } from './pageStore.ts';

const Page = createContext<PageStore | null>(null);
export const PageProvider = Page.Provider;

/** The store with its actions; it never changes. */
export function useActions(): PageStore {
  const page = useContext(Page);
  if (!page) throw new Error('There is no PageProvider above this component.');
  return page;
}

/** Fields of the page's state; the component is drawn again when one of them changes, and only then. */
export function usePage<Name extends keyof PageState>(...names: Name[]): Pick<PageState, Name> {
  const page = useActions();
  const last = useRef(page.get());
  return useSyncExternalStore(page.subscribe, () => {
    const now = page.get();
    // The state as it was when one of these fields changed last.
    if (names.some((name) => now[name] !== last.current[name])) last.current = now;
    return last.current;
  });
}

/** What `select` makes of the state, for values that are equal (by `Object.is`) while nothing has changed. */
export function usePageValue<Value>(select: (page: PageState) => Value): Value {
  const page = useActions();
  return useSyncExternalStore(page.subscribe, () => select(page.get()));
}
