/** Starts replicas' processes on Node. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ReplicaAnswer } from './replicaMessages.ts';
import type { StartReplica } from './replica.ts';

export const startReplica: StartReplica = ({ onAnswer, onEnd }) => {
  const child = fork(fileURLToPath(new URL('./child.node.ts', import.meta.url)), {
    execArgv: ['--import', import.meta.resolve('tsx')],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // In a process group of its own: Ctrl-C is for the command, which finishes its iteration, and needs it for that.
    detached: true,
  });
  child.on('message', (answer) => onAnswer(answer as ReplicaAnswer));
  child.on('error', (error) => onEnd(error.message));
  child.on('exit', (code, signal) => onEnd(`its process ended (${signal ?? code})`));
  return {
    // The write fails where the child has just died, which `exit` reports.
    post: (command) => void child.send(command, () => {}),
    end: () => void child.kill('SIGKILL'),
  };
};
