// @ts-check
/**
 * One Python interpreter, for a browser worker and for a child process of Node alike: both hand it a
 * global scope that looks like a worker's, Pyodide's pieces, and a way to answer.
 *
 * This file runs inside the sandbox and is loaded as a module of its own: it imports nothing.
 */

/** Growth beyond this many bytes makes Python raise MemoryError, where nothing else is said. */
const MEMORY_LIMIT = 512 * 1024 * 1024;
/** An interpreter that has grown beyond this is replaced after its program. */
const MEMORY_WORN = 256 * 1024 * 1024;
/** After the time limit has been raised, Python has this long to finish before it is raised again, in ms. */
const REPEAT_AFTER = 100;

/** Where processor time counts, the clock on the wall may show so many times as much. */
const PATIENCE = 20;
/** A program of many steps is heard of that often, in ms. */
const SIGN_OF_LIFE = 200;

/**
 * @typedef {object} Parts
 * @property {(options: object) => Promise<any>} loadPyodide
 * @property {(settings: object) => Promise<any>} createPyodideModule
 * @property {WebAssembly.Module} wasm pyodide.asm.wasm, compiled
 * @property {Uint8Array} stdlib python_stdlib.zip
 * @property {{name: string, source: string}[]} harness parts of the Python module that runs programs, in order
 * @property {number} [memoryLimit] bytes
 * @property {() => number} [processorTime] of this process in ms, where it can be told
 * @property {boolean} [ownStack] whether to call Python on a stack of WebAssembly's own, where there are such:
 *   a browser gives it 1 MB, and a worker half of that, in which a cached recursion 400 deep breaks the interpreter
 * @property {Uint8Array} [snapshot] absent: start from nothing and be ready to make one
 */

/**
 * Starts Python with the harness in it.
 * @param {Parts} parts
 * @returns {Promise<{run: (request: string, milliseconds: number, alive: () => unknown) => Promise<string>,
 *   isWorn: () => boolean, snapshot: () => Uint8Array}>}
 */
export async function startInterpreter({
  loadPyodide,
  createPyodideModule,
  wasm,
  stdlib,
  harness,
  memoryLimit = MEMORY_LIMIT,
  processorTime,
  ownStack,
  snapshot,
}) {
  const scope = /** @type {any} */ (globalThis);
  const { fetch, performance } = scope;
  const { instantiateStreaming, instantiate, Memory } = WebAssembly;

  // Pyodide asks for two files by address; they are here already. `Response` itself would make Node
  // load its whole network stack, which takes longer than restoring a snapshot.
  const files = new Map([
    ['memory:/python_stdlib.zip', stdlib],
    ['memory:/pyodide.asm.wasm', new Uint8Array()],
  ]);
  scope.fetch = async (/** @type {unknown} */ address) => {
    const bytes = files.get(String(address));
    if (!bytes) throw new TypeError(`no file ${address}`);
    return { ok: true, arrayBuffer: async () => bytes.slice().buffer };
  };
  // Compiled once, shared by every interpreter.
  WebAssembly.instantiateStreaming = async (response, imports) => {
    await response;
    return { module: wasm, instance: await instantiate(wasm, imports) };
  };
  const { grow } = Memory.prototype;
  Memory.prototype.grow = function (pages) {
    if (this.buffer.byteLength + pages * 65_536 > memoryLimit) throw new RangeError('memory limit');
    return grow.call(this, pages);
  };

  let pyodide;
  try {
    pyodide = await loadPyodide({
      indexURL: 'memory:/',
      createPyodideModule,
      // No package can be installed: there is nothing to install it from.
      lockFileContents: EMPTY_LOCK_FILE,
      packageBaseUrl: 'memory:/',
      // Sets of strings are written in the same order by every interpreter.
      env: { PYTHONHASHSEED: '0' },
      jsglobals: Object.create(null),
      ...(snapshot ? { _loadSnapshot: snapshot } : { _makeSnapshot: true }),
    });
  } finally {
    scope.fetch = fetch;
    WebAssembly.instantiateStreaming = instantiateStreaming;
  }
  // Where this is Node, it would open sockets.
  delete pyodide._api.initializeNodeSockFS;
  limitFiles(pyodide.FS);
  const streams = connectStreams(pyodide);
  if (!snapshot) {
    pyodide.globals.set('parts', JSON.stringify(harness));
    pyodide.runPython(
      [
        'import json, sys, types',
        "judge = types.ModuleType('judge')",
        'for part in json.loads(parts):',
        '    exec(compile(part["source"], f"<judge {part[\'name\']}>", "exec"), judge.__dict__)',
        'judge.prepare()',
        'del part, parts',
      ].join('\n'),
    );
  }
  let deadline = Number.POSITIVE_INFINITY;
  /** When the time is up by the processor's clock, and by the wall's even so. */
  let [used, patience] = [0, 0];
  // Python reads element 0 every few hundred instructions and raises the signal that it finds there:
  // a clock in its place is a time limit that needs neither a second thread nor shared memory.
  const interrupt = {
    get 0() {
      if (streams.takeFlood()) return SIGUSR1;
      const now = performance.now();
      if (now < deadline) return 0;
      const left = processorTime && now < patience ? used - processorTime() : 0;
      deadline = now + (left > 0 ? left : REPEAT_AFTER);
      return left > 0 ? 0 : 2; // SIGINT
    },
    set 0(_) {},
  };
  /** @typedef {((request?: string) => string) & { callPromising(request?: string): Promise<string> }} Step */
  /** @type {Step | undefined} */
  let begin;
  /** @type {Step | undefined} */
  let step;
  const isWorn = () => pyodide._module.HEAPU8.length > MEMORY_WORN;
  const switches = ownStack && 'Suspending' in WebAssembly;
  const timed = async (
    /** @type {Step} */ act,
    /** @type {string | undefined} */ request,
    /** @type {number} */ milliseconds,
  ) => {
    const given = request === undefined ? /** @type {[]} */ ([]) : /** @type {[string]} */ ([request]);
    pyodide.setInterruptBuffer(interrupt);
    const now = performance.now();
    deadline = now + milliseconds;
    patience = now + PATIENCE * milliseconds;
    if (processorTime) used = processorTime() + milliseconds;
    try {
      return switches ? await act.callPromising(...given) : act(...given);
    } catch (error) {
      if (STACK_IS_FULL.test(String(error))) return TOO_DEEP;
      // The time limit was raised again while Python was still unwinding, outside of every handler.
      if (now + milliseconds < performance.now() && error instanceof pyodide.ffi.PythonError)
        return TIMED_OUT;
      throw error;
    } finally {
      deadline = Number.POSITIVE_INFINITY;
    }
  };
  return {
    async run(request, milliseconds, alive) {
      begin ??= /** @type {Step} */ (pyodide.runPython('judge.begin'));
      step ??= /** @type {Step} */ (pyodide.runPython('judge.step'));
      streams.reset();
      let said = await timed(begin, request, milliseconds);
      let sign = performance.now();
      // Short of a result it is the time of the next step.
      while (/^\d/.test(said)) {
        if (performance.now() - sign > SIGN_OF_LIFE) {
          await alive();
          sign = performance.now();
        }
        said = await timed(step, undefined, Number(said));
      }
      // The memory that the program holds would be missing to those after it.
      return isWorn() ? JSON.stringify({ ...JSON.parse(said), dirty: true }) : said;
    },
    isWorn,
    snapshot: () => pyodide.makeMemorySnapshot(),
  };
}

const TIMED_OUT = JSON.stringify({ status: 'timeout', error: 'timed out', dirty: true });
/** The error of JavaScript whose own stack is full, which Python does not watch; Python does not survive it. */
const STACK_IS_FULL = /maximum call stack|too much recursion/i;
const TOO_DEEP = JSON.stringify({
  status: 'raised',
  error: "RecursionError: deeper than the interpreter's stack",
  dirty: true,
});

/** Tells Python that a program has printed more than it may. */
const SIGUSR1 = 10;
const EINTR = 27;

/**
 * Standard input, output and error of programs: files 0, 1 and 2, as of a process whose streams are pipes. The
 * harness's side of them is `/dev/judge`: what is written to it at once, a line `<limit> <kept>` and then bytes,
 * begins anew: the bytes are standard input, as many characters as the limit may be printed to both outputs
 * together, and where `kept` is 1, what goes to standard output is read from there.
 * @param {any} pyodide
 */
function connectStreams(pyodide) {
  const { FS } = pyodide;
  let input = new Uint8Array();
  let read = 0;
  let limit = 0;
  let count = 0;
  let flooded = false;
  let keeps = false;
  let printed = new Uint8Array();
  let [taken, length] = [0, 0];

  const reset = (/** @type {Uint8Array} */ given = new Uint8Array(), kept = false) => {
    input = given;
    keeps = kept;
    printed = new Uint8Array();
    read = count = taken = length = 0;
    flooded = false;
  };
  const write = (/** @type {Uint8Array} */ bytes, /** @type {boolean} */ kept) => {
    // Characters: every byte of UTF-8 but those that go on with one.
    for (let i = 0; i < bytes.length; i++) if (/** @type {number} */ (bytes[i] & 0xc0) !== 0x80) count++;
    if (count > limit) {
      flooded = true;
      // Python looks for signals before it tries again, and finds this one.
      throw new FS.ErrnoError(EINTR);
    }
    if (kept) {
      if (length + bytes.length > printed.length) {
        const longer = new Uint8Array(Math.max(8192, 2 * printed.length, length + bytes.length));
        longer.set(printed.subarray(0, length));
        printed = longer;
      }
      printed.set(bytes, length);
      length += bytes.length;
    }
    return bytes.length;
  };
  const take = (/** @type {Uint8Array} */ from, /** @type {number} */ at, /** @type {Uint8Array} */ into) => {
    const part = from.subarray(at, at + into.length);
    into.set(part);
    return part.length;
  };

  pyodide.setStdin({
    isatty: false,
    read(/** @type {Uint8Array} */ into) {
      const got = take(input, read, into);
      read += got;
      return got;
    },
  });
  pyodide.setStdout({ isatty: false, write: (/** @type {Uint8Array} */ bytes) => write(bytes, keeps) });
  pyodide.setStderr({ isatty: false, write: (/** @type {Uint8Array} */ bytes) => write(bytes, false) });

  const device = FS.makedev(FS.createDevice.major++, 0);
  // Emscripten hands over the memory that Python's bytes are in, as signed ones.
  const bytesOf = (
    /** @type {Int8Array} */ { buffer },
    /** @type {number} */ from,
    /** @type {number} */ size,
  ) => new Uint8Array(buffer, from, size);
  FS.registerDevice(device, {
    open(/** @type {any} */ stream) {
      stream.seekable = false;
    },
    read(
      /** @type {any} */ _,
      /** @type {Int8Array} */ memory,
      /** @type {number} */ from,
      /** @type {number} */ size,
    ) {
      const got = take(printed.subarray(0, length), taken, bytesOf(memory, from, size));
      taken += got;
      return got;
    },
    write(
      /** @type {any} */ _,
      /** @type {Int8Array} */ memory,
      /** @type {number} */ from,
      /** @type {number} */ size,
    ) {
      const bytes = bytesOf(memory, from, size);
      const line = bytes.indexOf(10);
      const [most, kept] = String.fromCharCode(...bytes.subarray(0, line)).split(' ');
      limit = Number(most);
      reset(bytes.slice(line + 1), kept === '1');
      return size;
    },
  });
  FS.mkdev('/dev/judge', 0o666, device);
  return {
    /** For a program without input whose output is not read. */
    reset: () => reset(),
    /** Whether a signal has to say that the limit has been passed. */
    takeFlood() {
      const was = flooded;
      flooded = false;
      return was;
    },
  };
}

/** Bytes that programs may write into files, which lie outside of the memory that is limited above. */
const FILES_LIMIT = 64 * 1024 * 1024;
const ENOSPC = 51;

/** @param {any} FS Emscripten's, whose files are arrays of JavaScript */
function limitFiles(FS) {
  const { MEMFS } = FS.filesystems;
  let written = 0;
  const count = (/** @type {number} */ bytes) => {
    written += Math.max(0, bytes);
    if (written > FILES_LIMIT) throw new FS.ErrnoError(ENOSPC);
  };
  const { stream } = MEMFS.ops_table.file;
  const { write } = stream;
  stream.write = (/** @type {[any, any, number, number, ...any]} */ ...all) => {
    count(all[3]);
    return write(...all);
  };
  const { resizeFileStorage } = MEMFS;
  MEMFS.resizeFileStorage = (/** @type {any} */ node, /** @type {number} */ size) => {
    count(size - node.usedBytes);
    resizeFileStorage(node, size);
  };
}

/** Pyodide insists on one, and on the version of its binary interface. */
const EMPTY_LOCK_FILE = {
  info: { abi_version: '2026_0', arch: 'wasm32', platform: 'emscripten_5_0_3', python: '3.14.2' },
  packages: {},
};

/**
 * Serves requests until the interpreter is thrown away. Each is answered by one message a program, in
 * order, and one at its end; types in ../interpreter.ts.
 * @param {Parts} parts
 * @param {(message: import('../interpreter.ts').InterpreterAnswer) => void} answer
 * @param {() => Promise<void> | void} breathe lets answers leave, where that takes a turn of the event loop
 * @param {(snapshot: Uint8Array) => void} keep is given the snapshot of an interpreter that started without
 * @returns {Promise<(request: import('../interpreter.ts').Request) => Promise<void>>}
 */
export async function serve(parts, answer, breathe, keep) {
  const interpreter = await startInterpreter(parts);
  if (!parts.snapshot) keep(interpreter.snapshot());
  answer({ type: 'ready' });
  const alive = () => {
    answer({ type: 'alive' });
    return breathe();
  };
  return async ({ programs }) => {
    try {
      for (const { request, milliseconds } of programs) {
        answer({ type: 'result', result: await interpreter.run(request, milliseconds, alive) });
        await breathe();
      }
      answer({ type: 'done', worn: interpreter.isWorn() });
    } catch (error) {
      // Emscripten's ExitStatus, which `os._exit` and the like come to.
      const exit = /** @type {any} */ (error)?.status;
      answer({ type: 'crashed', error: String(error), ...(typeof exit === 'number' && { exit }) });
    }
  };
}
