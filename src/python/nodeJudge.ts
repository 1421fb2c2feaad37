/** The judge on Node: one child process an interpreter. */
import { pythonFailed } from './pythonFailed.ts';
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HARNESS_PARTS, type HarnessPart } from './harnessParts.ts';
import type { InterpreterEvents } from './interpreter.ts';
import { KeptSnapshot } from './keptSnapshot.ts';
import { type Limits, PooledJudge } from './pool.ts';

export interface NodeJudgeOptions {
  /** Interpreters, each in a process of its own. Default 1. */
  size?: number;
  limits?: Partial<Limits>;
  /** Folder that keeps Python as it is once it has started; null: start it from nothing. */
  keep?: string | null;
}

const KEEP = fileURLToPath(new URL('../../.cache/python', import.meta.url));

/** Children in the middle of a program would not notice that this process has ended. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class NodeJudge extends PooledJudge {
  constructor({ size = 1, limits = {}, keep = KEEP }: NodeJudgeOptions = {}) {
    const home = new ChildHome(keep);
    super((events) => home.spawn(events), { size, limits });
  }
}

/** The snapshot that judges start from; made where there is none. */
export async function startedPython(): Promise<Uint8Array> {
  const home = new ChildHome(KEEP);
  if (!home.snapshot) {
    await new Promise<void>((resolve, reject) => {
      const child = home.spawn({
        onAnswer: (answer) => {
          if (!home.snapshot) return reject(pythonFailed(JSON.stringify(answer)));
          child.kill();
          resolve();
        },
        onExit: (reason) => reject(pythonFailed(reason)),
      });
    });
  }
  return home.snapshot!;
}

/** Starts children: the first from nothing, unless there is a snapshot on disk, and all later ones from its snapshot. */
class ChildHome {
  readonly #sandbox = fileURLToPath(new URL('./sandbox/', import.meta.url));
  readonly #pyodide = dirname(createRequire(import.meta.url).resolve('pyodide/package.json'));
  readonly #harness = HARNESS_PARTS.map(
    (name): HarnessPart => ({ name, source: readFileSync(`${this.#sandbox}harness/${name}.py`, 'utf8') }),
  );
  readonly #kept: KeptSnapshot | undefined;
  snapshot: Uint8Array | undefined;

  constructor(keep: string | null) {
    if (keep === null) return;
    const read = (path: string) => readFileSync(path, 'utf8');
    const { version } = JSON.parse(read(`${this.#pyodide}/package.json`)) as { version: string };
    const made = [
      version,
      read(`${this.#sandbox}interpreter.js`),
      ...this.#harness.map((part) => part.source),
    ];
    this.#kept = new KeptSnapshot(keep, made);
    this.snapshot = this.#kept.read();
  }

  spawn({ onAnswer, onExit }: InterpreterEvents) {
    const child: ChildProcess = fork(`${this.#sandbox}child.js`, [this.#pyodide], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      // In a process group of its own: a terminal's Ctrl-C would pass for a program that broke its interpreter.
      detached: true,
      env: {},
      ...withDeepStack([
        '--no-warnings',
        permissionFlag(),
        `--allow-fs-read=${this.#sandbox}*`,
        `--allow-fs-read=${this.#pyodide}/*`,
        ...(this.#kept ? [`--allow-fs-read=${this.#kept.path}`] : []),
        // Python's way to JavaScript must not lead on to `import('node:net')`.
        '--disallow-code-generation-from-strings',
        // V8's own default from Node 24 on. Node 20 optimizes seven times as early, which for the many
        // interpreters that run one short program costs more than all that they run.
        '--wasm-tiering-budget=13000000',
      ]),
    });
    let started = false;
    child.on('message', (message) => {
      if (!started && isSnapshot(message)) {
        // The message is a view of all bytes that were read from the pipe, at any offset.
        if (!this.snapshot) {
          this.snapshot = new Uint8Array(message.snapshot);
          this.#kept?.write(this.snapshot);
        }
      } else {
        // From here on programs run in there, and nothing but answers is taken from it.
        started = true;
        onAnswer(message);
      }
    });
    child.on('error', (error) => onExit(error.message));
    running.add(child);
    const guard = setInterval(() => {
      if (residentBytes(child.pid) > RESIDENT_LIMIT) {
        onExit('it took too much memory outside of Python');
        child.kill('SIGKILL');
      }
    }, 250).unref();
    child.on('exit', (code, signal) => {
      clearInterval(guard);
      running.delete(child);
      onExit(`its process ended (${signal ?? code})`);
    });
    // The write fails where the child has just died, which `exit` reports.
    const send = (message: object) => child.send(message, () => {});
    // From the disk it is there sooner than through the pipe.
    const snapshot =
      this.snapshot && this.#kept?.exists
        ? { path: this.#kept.path, length: this.snapshot.length }
        : this.snapshot;
    send({ type: 'start', harness: this.#harness, snapshot });
    return {
      post: send,
      kill: () => void child.kill('SIGKILL'),
      spent: () => processorTime(child.pid),
    };
  }
}

/** Python's own memory is limited inside; JavaScript's arrays are not, and a program may come by them. */
const RESIDENT_LIMIT = 3 * 2 ** 30;

/** Memory of a process in bytes; 0 where it is not known, as anywhere but on Linux. */
function residentBytes(pid: number | undefined): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096;
  } catch {
    return 0;
  }
}

/** Processor time of a process in ms; undefined anywhere but on Linux. */
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

/**
 * How Node is started so that Python recurses through C (`lru_cache`, `key=`, `sum`, comparisons) about as
 * deep as elsewhere, some 16,000 calls, before its own check says RecursionError: with the stack that JavaScript
 * gets by default, a cached recursion 500 deep breaks the interpreter. In kB; where the system grants less, what
 * it grants. Windows has no such limit to raise.
 */
function withDeepStack(flags: string[]): { execPath?: string; execArgv: string[] } {
  if (process.platform === 'win32') return { execArgv: flags };
  const raise = [
    'for size in 262144 131072 65520 32768; do ulimit -s $size 2>/dev/null && break; done',
    'size=$(ulimit -s)',
    '[ "$size" = unlimited ] && size=262144',
    // The shell would hand these on; the environment stays empty.
    'unset PWD OLDPWD SHLVL _',
    'exec "$0" --stack-size=$((size - size / 8)) "$@"',
  ].join('; ');
  return { execPath: '/bin/sh', execArgv: ['-c', raise, process.execPath, ...flags] };
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
