/** A replica's process on Node: onnxruntime-node can't be loaded in two threads of one. */
import { nodeRuntime } from '../../backends/runtime.node.ts';
import type { ReplicaCommand } from './replicaMessages.ts';
import { serveReplica } from './serve.ts';

const handle = serveReplica(Promise.resolve(nodeRuntime(1)), (answer) => process.send!(answer));
process.on('message', (command: ReplicaCommand) => handle(command));
// The parent has ended.
process.on('disconnect', () => process.exit());
