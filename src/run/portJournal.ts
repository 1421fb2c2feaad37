/** A journal that another thread keeps: each call goes over a port, and so does its answer. */
import { tellError, type ToldError, toldError } from '../util/codedError.ts';
import { DamagedCheckpointError } from './checkpointFormat.ts';
import { type Journal, RunLockedError, StorageFullError } from './journal.ts';

/** Methods whose arguments can be sent as they are. A lock is sent as a number, the filter of an export as the checkpoints that it takes. */
type Method = Exclude<keyof Journal, 'lock' | 'exportRun' | 'close'>;
type Call =
  | { id: number; method: Method; args: unknown[] }
  | { id: number; method: 'lock'; args: [run: string] }
  | { id: number; method: 'exportRun'; args: [run: string, wanted: string[] | null] }
  | { release: number };
type Answer = { id: number } & ({ value: unknown } | { error: ToldError });

/** Lets the other end of `port` use this journal. */
export function serveJournal(journal: Journal, port: MessagePort): void {
  const locks = new Map<number, () => void>();
  const carryOut = async (call: Exclude<Call, { release: number }>): Promise<unknown> => {
    if (call.method === 'lock') {
      locks.set(call.id, await journal.lock(call.args[0] as string));
      return undefined;
    }
    if (call.method === 'exportRun') {
      const [run, wanted] = call.args as [string, string[] | null];
      return journal.exportRun(run, wanted ? (blob) => wanted.includes(blob) : undefined);
    }
    return (journal[call.method] as (...args: unknown[]) => Promise<unknown>)(...call.args);
  };
  port.onmessage = async ({ data: call }: MessageEvent<Call>) => {
    if ('release' in call) {
      locks.get(call.release)?.();
      locks.delete(call.release);
      return;
    }
    let answer: Answer;
    try {
      answer = { id: call.id, value: await carryOut(call) };
    } catch (error) {
      answer = { id: call.id, error: tellError(error) };
    }
    port.postMessage(answer);
  };
}

/** The journal at the other end of `port`. */
export function journalOver(port: MessagePort): Journal {
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  let last = 0;
  port.onmessage = ({ data: answer }: MessageEvent<Answer>) => {
    const { resolve, reject } = waiting.get(answer.id)!;
    waiting.delete(answer.id);
    if ('value' in answer) resolve(answer.value as never);
    else reject(revive(answer.error));
  };
  const call = <T>(method: Method | 'lock' | 'exportRun', args: unknown[], id = ++last): Promise<T> =>
    new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      port.postMessage({ id, method, args });
    });

  return {
    async lock(run) {
      const id = ++last;
      await call('lock', [run], id);
      return () => port.postMessage({ release: id } satisfies Call);
    },
    list: () => call('list', []),
    append: (...args) => call('append', args),
    read: (...args) => call('read', args),
    checkpoints: (...args) => call('checkpoints', args),
    getCheckpoint: (...args) => call('getCheckpoint', args),
    importRun: (...args) => call('importRun', args),
    remove: (...args) => call('remove', args),
    async exportRun(run, wanted) {
      const names = wanted ? (await call<string[]>('checkpoints', [run])).filter(wanted) : null;
      return call('exportRun', [run, names]);
    },
    async close() {
      port.close();
    },
  };
}

/** Errors that callers tell apart by their class. */
function revive(told: ToldError): Error {
  if (told.code === 'run-locked') return new RunLockedError(told.code, told.data, told.message);
  if (told.code === 'checkpoint-damaged') return new DamagedCheckpointError(told.message);
  return told.code === 'storage-full' ? new StorageFullError(told.message) : toldError(told);
}
