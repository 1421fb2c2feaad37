/** `lab` as a person calls it: a process of its own on the shipped model. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a command to its end; `hear` may act on what it has said so far, on both channels together. */
export function lab(
  args: string[],
  hear: (said: string, child: ChildProcess) => void = () => {},
): Promise<Ended> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'cli/lab.ts', ...args], { cwd: root });
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
