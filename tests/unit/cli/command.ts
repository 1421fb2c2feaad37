/** `lab` as a person calls it: a process of its own on the shipped model. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs a command to its end; `hear` may act on what it has said so far, on both channels together, `started` on its
 * process. With `group` it has a process group of its own, as what a shell starts.
 */
export function lab(
  args: string[],
  hear: (said: string, child: ChildProcess) => void = () => {},
  { group = false, started }: { group?: boolean; started?: (child: ChildProcess) => void } = {},
): Promise<Ended> {
  const command = ['--import', 'tsx', 'cli/lab.ts', ...args];
  const child = spawn(process.execPath, command, { cwd: root, detached: group });
  started?.(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += data;
    hear(stdout + stderr, child);
  });
  child.stderr.on('data', (data) => {
    stderr += data;
    hear(stdout + stderr, child);
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}
