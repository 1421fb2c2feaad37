/** The lab in the page's worker: puts it on ONNX Runtime, the sandboxed judge and IndexedDB. */
import { httpFiles } from '../lm/repository.ts';
import { SandboxJudge } from '../python/sandboxJudge.ts';
import { openIndexedDbJournal } from '../run/indexedDbJournal.ts';
import { Lab, type LoadOptions } from './lab.ts';
import { modelSource } from './models.ts';
import { describeProblem } from './problems.ts';
import type { Command, Message } from './protocol.ts';

const send = (message: Message) => postMessage(message);
let lab: Promise<Lab> | undefined;

addEventListener('message', ({ data }: MessageEvent<Command>) => {
  if (data.type === 'connect') {
    lab = openLab(data.judge, data.base);
    lab.catch((error: unknown) => {
      send({ type: 'error', ...describeProblem(error), fatal: true });
      send({ type: 'status', status: 'failed' });
    });
    return;
  }
  lab?.then(
    (opened) => void opened.handle(data),
    () => {}, // It was told above.
  );
});

// A promise that nobody awaited failed: the page shows it rather than the console alone.
addEventListener('unhandledrejection', (event) => {
  event.preventDefault();
  send({ type: 'error', ...describeProblem(event.reason), fatal: false });
});

async function openLab(port: MessagePort, base: string): Promise<Lab> {
  return new Lab({
    journal: await openIndexedDbJournal(),
    async loadModel(model, { tuning, seed, backend, signal, onProgress }) {
      const { path, dialect } = modelSource(model);
      // With them come transformers.js and ONNX Runtime: not before somebody asks for a model.
      const [{ openLocalPolicy }, { webRuntime }] = await Promise.all([
        import('../lm/localPolicy.ts'),
        import('../lm/runtime.web.ts'),
      ]);
      const policy = await openLocalPolicy(httpFiles(new URL(path, base).href), {
        model,
        runtime: await webRuntime(backend),
        tuning,
        seed,
        signal,
        onProgress: (done, total) => onProgress(done, total, 'bytes'),
      });
      return { policy, dialect };
    },
    loadJudge: judgeLoader(port),
    send,
  });
}

/** A port serves one judge, so there is one for good; loading it can be called off and tried again. */
function judgeLoader(port: MessagePort) {
  let report: LoadOptions['onProgress'] | undefined;
  const judge = new SandboxJudge(port, { onLoad: (done, total) => report?.(done, total, 'bytes') });
  return async ({ signal, onProgress }: LoadOptions): Promise<SandboxJudge> => {
    report = onProgress;
    try {
      await judge.load();
      // Python itself starts with its first program.
      await judge.run([{ program: 'def f(x):\n    return x', inputs: ['1'] }], { signal });
    } finally {
      report = undefined;
    }
    return judge;
  };
}
