/** The mechanism of the page's store: one value that is replaced as a whole, and listeners that are told. */

export interface Store<State> {
  get(): State;
  /** Takes over the fields of `part` and tells listeners at once. */
  set(part: Partial<State>): void;
  /** Takes over the fields of `part` at once and tells listeners with the next frame, once for all changes until then. */
  setSoon(part: Partial<State>): void;
  /** `listener` is told of changes until the returned function is called. */
  subscribe(listener: () => void): () => void;
}

export function createStore<State>(first: State): Store<State> {
  let state = first;
  let due = false;
  const listeners = new Set<() => void>();
  const tell = () => {
    for (const listener of listeners) listener();
  };
  return {
    get: () => state,
    set(part) {
      state = { ...state, ...part };
      tell();
    },
    setSoon(part) {
      state = { ...state, ...part };
      if (due) return;
      due = true;
      requestAnimationFrame(() => {
        due = false;
        tell();
      });
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
