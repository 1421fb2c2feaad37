// @ts-check
/**
 * Script of the sandboxed frame: it has an origin of its own (`null`), no network and no storage, keeps
 * Pyodide's files and the snapshot, and starts and kills workers. It never sees their
 * requests: the lab talks to each over a port of its own.
 */
(() => {
  /** Runs in each worker. Workers from blobs can only be classic; they import modules. */
  const bootstrap = `
    onmessage = async ({ data: { port, modules, parts } }) => {
      onmessage = null;
      const tellFrame = postMessage.bind(self);
      // Pyodide says there what programs did to it; the judge hears of that by itself.
      for (const name of Object.keys(console)) console[name] = () => {};
      const answer = port.postMessage.bind(port);
      const [{ loadPyodide }, { default: createPyodideModule }, { serve }] =
        await Promise.all(modules.map((address) => import(address)));
      try {
        const run = await serve({ ...parts, loadPyodide, createPyodideModule, ownStack: true }, answer, () => {}, (snapshot) =>
          tellFrame({ type: 'snapshot', snapshot }, [snapshot.buffer]));
        tellFrame({ type: 'started' });
        port.onmessage = ({ data }) => void run(data);
      } catch (error) {
        if (parts.snapshot) tellFrame({ type: 'refused', port }, [port]);
        else answer({ type: 'crashed', error: String(error) });
      }
    };`;

  /** @type {{wasm: WebAssembly.Module, stdlib: Uint8Array, harness: object[], snapshot?: Uint8Array}} */
  let parts;
  /** @type {string[]} */
  let modules;
  /** @type {Map<number, Worker>} */
  const workers = new Map();
  const script = (/** @type {BlobPart} */ source) =>
    URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const bootstrapAddress = script(bootstrap);

  addEventListener(
    'message',
    ({ ports: [lab] }) => {
      if (!lab) return;
      lab.onmessage = async ({ data, ports }) => {
        switch (data.type) {
          case 'files':
            try {
              const wasm = await WebAssembly.compile(data.wasm);
              parts = { wasm, stdlib: data.stdlib, harness: data.harness, snapshot: data.snapshot };
              modules = [data.pyodide, data.asm, data.interpreter].map(script);
              lab.postMessage({ type: 'prepared' });
            } catch (error) {
              lab.postMessage({ type: 'unprepared', error: String(error) });
            }
            break;
          case 'start': {
            const port = ports[0];
            if (port) start(lab, data.id, port);
            break;
          }
          case 'kill':
            workers.get(data.id)?.terminate();
            workers.delete(data.id);
            break;
        }
      };
    },
    { once: true },
  );

  /**
   * @param {MessagePort} lab
   * @param {number} id
   * @param {MessagePort} port
   */
  function start(lab, id, port) {
    const worker = new Worker(bootstrapAddress);
    workers.set(id, worker);
    // The worker says how it started before it serves any program, and nothing after its first message counts.
    worker.onmessage = ({ data }) => {
      worker.onmessage = null;
      if (data.type === 'snapshot') parts.snapshot ??= data.snapshot;
      if (data.type === 'refused' && workers.get(id) === worker) {
        // Made elsewhere, it may not suit this browser: Python starts from nothing.
        worker.terminate();
        parts.snapshot = undefined;
        start(lab, id, data.port);
      }
    };
    worker.onerror = (event) => {
      event.preventDefault();
      lab.postMessage({ type: 'ended', id, reason: event.message || 'its worker did not start' });
    };
    worker.postMessage({ port, modules, parts }, [port]);
  }
})();
