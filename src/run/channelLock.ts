/**
 * Locks between tabs without Web Locks, which pages over plain http lack: whoever wants a lock asks on a channel,
 * and whoever has it, or asked before, answers.
 */

/** Milliseconds to wait for an answer: a holder in the middle of a step of a model answers after it. */
const ANSWER_TIME = 600;

type Word = { ask: number } | { taken: number };

/**
 * Resolves with what gives the lock back, or null where it is taken. A tab that is closed or crashes gives its
 * locks back. Without channels there is nobody to ask: one tab is assumed.
 */
export function channelLock(name: string): Promise<(() => void) | null> {
  if (typeof BroadcastChannel === 'undefined') return Promise.resolve(() => {});
  const channel = new BroadcastChannel(`lock:${name}`);
  const self = Math.random();
  return new Promise((resolve) => {
    const waiting = setTimeout(() => resolve(() => channel.close()), ANSWER_TIME);
    channel.onmessage = ({ data }: MessageEvent<Word>) => {
      if ('ask' in data) channel.postMessage({ taken: data.ask } satisfies Word);
      else if (data.taken === self) {
        clearTimeout(waiting);
        channel.close();
        resolve(null);
      }
    };
    channel.postMessage({ ask: self } satisfies Word);
  });
}
