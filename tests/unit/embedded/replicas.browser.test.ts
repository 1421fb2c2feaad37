/** Replicas in workers of the page. */
import { expect, test } from 'vitest';
import { startReplica, webReplicas } from '../../../src/embedded/replicas/start.web.ts';
import { webRuntime } from '../../../src/backends/runtime.web.ts';
import { replicaContract } from './replicaContract.ts';

replicaContract(() => webRuntime('wasm'), startReplica);

test('wasm without threads takes the cores that there are, a GPU does not', async () => {
  const runtime = await webRuntime('wasm');
  expect(webReplicas(runtime).cores).toBe(Math.min(4, navigator.hardwareConcurrency));
  expect(webReplicas({ ...runtime, threads: 4 }).cores).toBe(1);
  expect(webReplicas({ ...runtime, hasDeviceMemory: true }).cores).toBe(1);
});
