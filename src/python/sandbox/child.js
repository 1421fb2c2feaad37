// @ts-check
/**
 * An interpreter in a child process of Node. It reads Pyodide's files, puts away everything that Node
 * would offer to a program, and only then starts Python.
 */
import { readFileSync } from 'node:fs';
import { serve } from './interpreter.js';

const { send, cpuUsage } = process;
const answer = (/** @type {unknown} */ message) => void send?.call(node, message);
const node = process;
const folder = new URL(`file://${process.argv[2]}/`);

/** @type {((request: import('../interpreter.ts').Request) => Promise<void>) | undefined} */
let serving;
process.on('message', async (/** @type {any} */ message) => {
  try {
    if (message.type === 'start') serving = await start(message.harness, message.snapshot);
    else await serving?.(message);
  } catch (error) {
    answer({ type: 'crashed', error: String(error) });
  }
});
process.on('disconnect', () => node.exit());

/**
 * @param {import('./interpreter.js').Parts['harness']} harness
 * @param {Uint8Array | { path: string, length: number }} [given] a snapshot, or the file that begins with it
 */
async function start(harness, given) {
  const snapshot = given && 'path' in given ? readFileSync(given.path).subarray(0, given.length) : given;
  const wasm = await WebAssembly.compile(readFileSync(new URL('pyodide.asm.wasm', folder)));
  const stdlib = new Uint8Array(readFileSync(new URL('python_stdlib.zip', folder)));
  hideNode();
  const { loadPyodide } = await import(new URL('pyodide.mjs', folder).href);
  const { default: createPyodideModule } = await import(new URL('pyodide.asm.mjs', folder).href);
  const parts = { loadPyodide, createPyodideModule, wasm, stdlib, harness, memoryLimit, processorTime };
  return serve(
    // The snapshot arrives as a view at any offset, and Pyodide reads words from its start.
    snapshot ? { ...parts, snapshot: new Uint8Array(snapshot) } : parts,
    answer,
    // A message leaves this process in a turn of the event loop.
    () => new Promise((resolve) => turn(resolve)),
    (bytes) => answer({ type: 'snapshot', snapshot: bytes }),
  );
}

/** Twice what a page gives: the values of one of MBPP+'s own solutions fill 600 MB. */
const memoryLimit = 1024 * 1024 * 1024;

const turn = setImmediate;

/** Neighbours on a busy machine take time on the wall, and no verdict may depend on them. */
function processorTime() {
  const { user, system } = cpuUsage.call(node);
  return (user + system) / 1000;
}

/** The scope then looks like a browser's worker without network, and Pyodide takes it for one. */
function hideNode() {
  const scope = /** @type {any} */ (globalThis);
  for (const name of NODE_GLOBALS) delete scope[name];
  scope.self = scope;
  scope.location = new URL('memory:/');
  scope.WorkerGlobalScope = function WorkerGlobalScope() {};
  Object.setPrototypeOf(scope, scope.WorkerGlobalScope.prototype);
}

const NODE_GLOBALS = [
  'process',
  'require',
  'module',
  'fetch',
  'WebSocket',
  'EventSource',
  'BroadcastChannel',
  'MessageChannel',
  'Worker',
  'navigator',
  'localStorage',
  'sessionStorage',
  'Storage',
  'setImmediate',
  'clearImmediate',
];
