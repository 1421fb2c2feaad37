/** A replica's worker in the page. */
import { webRuntime } from '../../backends/runtime.web.ts';
import type { ReplicaCommand } from './replicaMessages.ts';
import { serveReplica } from './serve.ts';

const handle = serveReplica(webRuntime('wasm'), (answer) => postMessage(answer));
addEventListener('message', ({ data }: MessageEvent<ReplicaCommand>) => handle(data));
