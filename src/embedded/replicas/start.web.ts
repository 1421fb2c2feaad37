/** Starts replicas' workers in the page. */
import type { ReplicaAnswer } from './replicaMessages.ts';
import type { Runtime } from 'onnx-lora';
import type { StartReplica } from './replica.ts';

export const startReplica: StartReplica = ({ onAnswer, onEnd }) => {
  const worker = new Worker(new URL('./replicaWorker.web.ts', import.meta.url), {
    type: 'module',
    name: 'replica',
  });
  worker.addEventListener('message', ({ data }: MessageEvent<ReplicaAnswer>) => onAnswer(data));
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    worker.terminate();
    onEnd(event.message || 'its script could not be loaded');
  });
  return { post: (command) => worker.postMessage(command), end: () => worker.terminate() };
};

/** Each core holds the model, a few megabytes, and a runtime of its own. */
const MOST_CORES = 4;

/** Replicas for wasm without threads, as on a host without cross-origin isolation: up to four, one a core. */
export function webReplicas({ hasDeviceMemory, threads }: Runtime): { cores: number; start: StartReplica } {
  const alone = hasDeviceMemory || threads > 1 || !('Worker' in globalThis);
  return { cores: alone ? 1 : Math.min(MOST_CORES, navigator.hardwareConcurrency || 1), start: startReplica };
}
