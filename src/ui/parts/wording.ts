/** The page's advice for errors: what a person can do about each with the controls of the page. */
import {
  type ErrorCode,
  type ErrorData,
  type MemoryRun,
  tellError,
  type ToldError,
} from '../../util/codedError.ts';
import { gigabytes } from 'onnx-lora';

/** An error's message, with advice. */
export interface ErrorNotice {
  message: string;
  advice: string;
  /** Nothing went wrong: something else is in the way for the moment. */
  calm?: true;
}

const CALM: ReadonlySet<ErrorCode> = new Set(['run-locked']);

type Advice<Data> = string | ((data: Data) => string);

/** The advice for an error without a code. */
const OTHERWISE =
  'Everything up to the last finished iteration is stored: press Run. If it fails again, choose another backend.';

const LOAD_AGAIN =
  'Reload the page to load the model again. If it stays so, its copy there is damaged or incomplete.';

export const PAGE_ADVICE: { [C in ErrorCode]: Advice<ErrorData[C]> } = {
  unexpected: OTHERWISE,

  'run-unknown': 'It may have been deleted. Choose another one from the list.',
  'run-version': 'Reload the page to get the newest version, or start a new run.',
  'run-locked': 'Pause it there or close that tab, then press Run here. A new run can start meanwhile.',
  'folder-unusable': 'Choose another folder.',
  'log-damaged': 'Delete the run, or import it again from a file.',
  'storage-full':
    'Everything up to the last finished iteration is stored. Export or delete runs that you no longer need, then press Run.',
  'storage-missing':
    'Runs are kept in memory until this page is closed: export those that you want to keep. To have them stored, allow storage for this site or leave private browsing, then reload the page.',
  'storage-silent':
    'Runs are kept in memory until this page is closed: export those that you want to keep. To have them stored, close other tabs of this site and reload the page; if it stays so, start the browser again.',
  'method-untrained': 'Choose another method.',
  'settings-invalid': 'Correct them and press Run again.',
  'questions-missing': 'Choose a bank that has questions, or another method.',
  'goalposts-missing': 'Choose at least one, or the unguided method.',
  'goalposts-unreadable': 'Leave them out, or choose another model.',
  'tests-missing': 'Import the benchmark’s file again, and choose its questions there.',
  'text-unencodable': 'Choose goalposts that this model can read, or another model.',
  'trial-gone': 'Press Try again, then keep it.',

  'checkpoint-gone':
    'Newer ones took their place, or the run came by a link or a file without weights. Choose another checkpoint: in a run of your own the newest and those marked as kept are always there.',
  'checkpoints-gone': 'Start a new run.',
  'checkpoint-damaged': 'Go back to another checkpoint of this run, or start a new one.',
  'checkpoint-misfit': 'Nothing was changed. Resume it with that model, or start a new run.',
  'checkpoint-lost': ({ from }) =>
    `The run goes on from the newest one that is whole, ${from > 0 ? `of iteration ${from}` : 'its start'}, and does again what came after it.`,

  'model-unknown': 'Choose the one that ships with the page, or a decoder in Hugging Face layout.',
  'model-folder-needed':
    'This page may not open it by itself: choose the folder again under Model, then press Run.',
  'model-folder-wrong': 'Choose the folder of a model in Hugging Face layout.',
  'model-file': LOAD_AGAIN,
  'model-file-missing':
    'Reload the page to load the model again. If it stays so, the repository or the site lacks the file: choose another model.',
  'model-file-forbidden': 'Download it and choose its folder under Model instead.',
  'download-broken': ({ kept }) =>
    kept > 0
      ? `Check the connection and press Run again: ${Math.round(kept / 1e6)} MB of it are kept, and loading goes on from there.`
      : 'Check the connection and press Run again.',
  'template-unusable': 'Choose another model, or another export of it.',
  'model-too-big': ({ wanted, fitting }) => {
    if (fitting === null)
      return 'Nothing was downloaded. Not even adapters on one layer would fit: choose a smaller model.';
    if (!wanted || !fitting)
      return 'Nothing was downloaded. Choose a smaller model or dtype, adapters on the last layers only, or fewer tokens in a pass.';
    return `Nothing was downloaded. It fits with ${describeFitting(fitting, wanted)}.`;
  },
  'tensor-too-big': 'Nothing was downloaded. Choose a smaller model, or wasm under Runs on.',
  'graph-unsupported': 'Choose another dtype of this model, or another export of it.',
  'dtype-unknown': 'Choose one of these under Model.',
  'tuning-not-lora': 'Choose LoRA in the settings.',
  'prompt-too-long': 'Leave out the longest goalposts, or choose a model with a longer context.',
  diverged:
    'Everything up to the last finished iteration is stored. A lower learning rate or a clip in the settings usually helps: branch off an earlier checkpoint with one.',

  adapter: 'Nothing was changed. Choose another adapter, or go on without one.',
  'adapter-files':
    'Choose both together, or a zip of both. (An adapter_model.bin has to be saved anew by PEFT.)',
  'adapter-rank': ({ rank }) => `Nothing was changed. Set the rank to ${rank} or more in the settings.`,
  'adapter-tuning': 'Nothing was changed. Choose LoRA in the settings to start from an adapter.',
  'adapter-scale': 'Choose the adapter that they are of.',
  'adapter-none': 'Only runs that train by LoRA have one.',
  'adapter-unrecorded': 'Resume it once, then export again.',

  share: 'Nothing was changed. Ask whoever sent it for another copy.',
  'share-version': 'Nothing was changed. Reload the page to get its newest version, then open it again.',
  'share-link-long': 'Nothing was changed. Longer runs come as a file: ask for that.',
  'share-link-changed':
    'Nothing was changed. Copy all of the link into the address bar, or ask for the session as a file.',
  'share-address': 'Nothing was changed. Download the file yourself and drop it on this page.',

  'backend-missing':
    'Choose wasm (or auto), or open the page in a browser with WebGPU switched on, such as a current Chrome or Edge.',
  'backend-failed': ({ backend }) =>
    backend === 'webgpu'
      ? 'Choose wasm as the backend, or close other tabs that use the GPU and try again.'
      : 'Reload the page; close other tabs if memory is short.',
  'gpu-lost':
    'Everything up to the last finished iteration is stored: reload the page and resume the run. If it happens again, lower the tokens in one pass or adapt fewer layers.',
  'memory-full':
    'Everything up to the last finished iteration is stored: lower the tokens in one pass, adapt fewer layers or choose a smaller model, then resume the run.',
  'replica-ended':
    'Press Run to go on from the last finished iteration; close other tabs and programs if memory is short.',
  'lab-ended':
    'Everything up to the last finished iteration is stored. Reload the page and press Resume; if it fails again, choose another backend.',
  'lab-silent':
    'On a slow connection it may still come: wait, or press Stop. If it stays so, reload the page; an extension that blocks scripts may be in the way.',
  'python-failed': 'Reload the page. If it stays so, the site’s copy is damaged or incomplete.',
};

/** An error as the page shows it. `otherwise`: what to do about one that has no code. */
export function problemOf(error: ToldError, otherwise = OTHERWISE): ErrorNotice {
  const { code, message } = error;
  if (code === 'unexpected') return { message, advice: otherwise };
  const advice = PAGE_ADVICE[code] as Advice<ErrorData[ErrorCode]>;
  return {
    message,
    advice: typeof advice === 'string' ? advice : advice(error.data),
    ...(CALM.has(code) && { calm: true }),
  };
}

/** The same in one text. `otherwise` as there; absent: nothing. */
export function textOf(error: unknown, otherwise = ''): string {
  const { message, advice } = problemOf(tellError(error), otherwise);
  return advice ? `${message} ${advice}` : message;
}

/** The settings of memory in which two runs differ. */
export function describeFitting(
  { dtype, settings, needed }: MemoryRun & { needed: number },
  wanted: MemoryRun,
): string {
  const { tuning, microbatchTokens, goalpostsPerIteration, rollouts } = settings;
  const parts = [
    dtype !== wanted.dtype && `weights as ${dtype}`,
    JSON.stringify(tuning) !== JSON.stringify(wanted.settings.tuning) &&
      tuning.kind === 'lora' &&
      `adapters on the last ${tuning.layers === 1 ? 'layer' : `${tuning.layers} layers`}`,
    microbatchTokens !== wanted.settings.microbatchTokens && `${microbatchTokens} tokens in a pass`,
    goalpostsPerIteration !== wanted.settings.goalpostsPerIteration &&
      `${goalpostsPerIteration} ${goalpostsPerIteration === 1 ? 'goalpost' : 'goalposts'} an iteration`,
    rollouts !== wanted.settings.rollouts && `${rollouts} rollouts`,
  ].filter((part) => part !== false);
  return `${parts.join(', ')}: about ${gigabytes(needed)} GB`;
}
