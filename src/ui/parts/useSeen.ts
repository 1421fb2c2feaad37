import { type RefCallback, type RefObject, useCallback, useRef } from 'react';

/** Whether any of the element that the first is put on is in the window; true while there is none. */
export function useSeen<T extends Element>(): [RefCallback<T>, RefObject<boolean>] {
  const seen = useRef(true);
  const watch = useCallback((element: T | null) => {
    if (!element || typeof IntersectionObserver === 'undefined') return;
    const observer = new IntersectionObserver((entries) => {
      seen.current = entries.at(-1)!.isIntersecting;
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      seen.current = true;
    };
  }, []);
  return [watch, seen];
}
