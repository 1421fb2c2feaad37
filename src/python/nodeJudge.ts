/** The judge on Node: one child process an interpreter. */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HARNESS_PARTS, type HarnessPart } from './harnessParts.ts';
import type { InterpreterEvents } from './interpreter.ts';
import { type Limits, PooledJudge } from './pool.ts';

export interface NodeJudgeOptions {
  /** Interpreters, each in a process of its own. Default 1. */
  size?: number;
  limits?: Partial<Limits>;
}

export class NodeJudge extends PooledJudge {
  constructor({ size = 1, limits = {} }: NodeJudgeOptions = {}) {
    const home = new ChildHome();
    super((events) => home.spawn(events), { size, limits });
  }
}

/** Starts children: the first from nothing, and all later ones from its snapshot. */
class ChildHome {
  readonly #sandbox = fileURLToPath(new URL('./sandbox/', import.meta.url));
  readonly #pyodide = dirname(createRequire(import.meta.url).resolve('pyodide/package.json'));
  readonly #harness = HARNESS_PARTS.map(
    (name): HarnessPart => ({ name, source: readFileSync(`${this.#sandbox}harness/${name}.py`, 'utf8') }),
  );
  #snapshot: Uint8Array | undefined;

  spawn({ onAnswer, onExit }: InterpreterEvents) {
    const child: ChildProcess = fork(`${this.#sandbox}child.js`, [this.#pyodide], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: {},
      execArgv: [
        '--no-warnings',
        permissionFlag(),
        `--allow-fs-read=${this.#sandbox}*`,
        `--allow-fs-read=${this.#pyodide}/*`,
        // Python's way to JavaScript must not lead on to `import('node:net')`.
        '--disallow-code-generation-from-strings',
      ],
    });
    let started = false;
    child.on('message', (message) => {
      if (!started && isSnapshot(message)) {
        // What arrives is a view of all that was read from the pipe, at any offset.
        this.#snapshot ??= new Uint8Array(message.snapshot);
      } else {
        // From here on programs run in there, and nothing but answers is taken from it.
        started = true;
        onAnswer(message);
      }
    });
    child.on('error', (error) => onExit(error.message));
    child.on('exit', (code, signal) => onExit(`its process ended (${signal ?? code})`));
    // The write fails where the child has just died, which `exit` reports.
    const send = (message: object) => child.send(message, () => {});
    send({ type: 'start', harness: this.#harness, snapshot: this.#snapshot });
    return {
      post: send,
      kill: () => void child.kill('SIGKILL'),
      spent: () => processorTime(child.pid),
    };
  }
}

/** Of a process, in ms; known on Linux only. */
function processorTime(pid: number | undefined): number | undefined {
  try {
    // Fields 14 and 15: user and system time in ticks of 10 ms; the name before them may hold spaces.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return undefined;
  }
}

function permissionFlag(): string {
  return process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';
}

function isSnapshot(message: unknown): message is { snapshot: Uint8Array } {
  return (
    typeof message === 'object' &&
    message !== null &&
    'snapshot' in message &&
    message.snapshot instanceof Uint8Array
  );
}
