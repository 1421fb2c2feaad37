/** The command line's words for errors: what to do about each, in terms of commands and their options. */
import type { ErrorCode, ErrorData, ToldError } from '../src/util/codedError.ts';
import { HUB_SETTINGS } from '../src/lab/hubRun.ts';
import { gigabytes } from 'onnx-lora';

type Advice<Data> = string | ((data: Data) => string);

const SMALLER =
  '--set microbatchTokens=N with fewer tokens in a pass, adapters on fewer layers (--set tuning=...) or a smaller --model';

export const TERMINAL_ADVICE: { [C in ErrorCode]: Advice<ErrorData[C]> } = {
  unexpected: '',

  'run-unknown': 'It may have been deleted: name another folder.',
  'run-version': 'Use the version of Foothold that recorded it, or start a new run with another --out.',
  'run-locked': ({ lock }) =>
    `Stop it there first, or use another --out.${lock ? ` If that process is long gone, delete ${lock}.` : ''}`,
  'storage-missing': '',
  'storage-silent': '',
  'folder-unusable': 'Use another --out.',
  'log-damaged': 'Restore the file, or delete the run’s folder.',
  'storage-full': 'Free some space, or give the quota more.',
  'method-untrained': 'Use another --method.',
  'settings-invalid': 'Correct them with --set KEY=VALUE.',
  'questions-missing': 'Use a --bank that has questions, or another --method.',
  'goalposts-missing': 'Use a --bank that has goalposts, or --method azr, which needs none.',
  'goalposts-unreadable': 'Use a --bank without them, or another --model.',
  'tests-missing': 'Use the benchmark’s own file as --bank.',
  'text-unencodable': 'Use a --bank that this model can read, or another --model.',
  'trial-gone': '',

  'checkpoint-gone':
    'Newer ones took its place: of a run the newest and those of every checkpointEvery-th iteration are kept.',
  'checkpoints-gone': 'Start a new run with another --out.',
  'checkpoint-damaged': 'Restore its file, or start a new run with another --out.',
  'checkpoint-misfit': 'Nothing was changed. Use the --model and the settings that the run was started with.',
  'checkpoint-lost': ({ from }) =>
    `The run goes on from the newest one that is whole, ${from > 0 ? `of iteration ${from}` : 'its start'}, and does again what came after it.`,

  'model-unknown': '--model takes a folder, owner/name on the Hub, or an address.',
  'model-folder-needed': 'Give it as --model DIR.',
  'model-folder-wrong': 'Give the folder of a model in Hugging Face layout as --model DIR.',
  'model-file': 'Restore the file, or use another --model.',
  'model-file-missing': 'Complete the repository, or use another --model.',
  'model-file-forbidden': 'Download it and give its folder as --model DIR.',
  'download-broken': 'Check the connection and run the command again.',
  'template-unusable': 'Mend the template in the repository, or use another --model.',
  'model-too-big': ({ fitting }) => {
    if (fitting === null)
      return 'Nothing was loaded. Not even adapters on one layer would fit: use a smaller --model, or a larger --memory.';
    if (!fitting) return `Nothing was loaded. Use a smaller --dtype, ${SMALLER}, or a larger --memory.`;
    const { dtype, settings, needed } = fitting;
    const flags = (Object.keys(settings) as (keyof typeof settings)[])
      .filter((key) => JSON.stringify(settings[key]) !== JSON.stringify(HUB_SETTINGS[key]))
      .map((key) =>
        typeof settings[key] === 'object'
          ? `--set '${key}=${JSON.stringify(settings[key])}'`
          : `--set ${key}=${settings[key]}`,
      );
    return `Nothing was loaded. It fits, with about ${gigabytes(needed)} GB, with ${[`--dtype ${dtype}`, ...flags].join(' ')}`;
  },
  'tensor-too-big': 'Nothing was loaded. Use a smaller --model, or --backend cpu.',
  'graph-unsupported': 'Use another --dtype of this model, or another export of it.',
  'dtype-unknown': 'Use one of these as --dtype.',
  'tuning-not-lora': 'Use --set \'tuning={"kind":"lora","rank":8,"alpha":16}\', or leave tuning as it is.',
  'prompt-too-long': 'Use shorter questions or a shorter prompt, or a --model with a longer context.',
  diverged:
    'A lower learning rate (--set learningRate=X) or a clip (--set clip=X) usually helps: start a new run with another --out.',

  adapter: 'Nothing was changed. Use another --adapter, or none.',
  'adapter-files': 'Give the folder that holds both.',
  'adapter-rank': ({ rank }) =>
    `Nothing was changed. Use --set 'tuning={"kind":"lora","rank":${rank},"alpha":A}', or leave tuning to the adapter.`,
  'adapter-tuning': 'Nothing was changed. An --adapter goes with --set \'tuning={"kind":"lora",...}\' only.',
  'adapter-scale': 'Give its folder as --adapter, or put it as adapter/ beside the model.',
  'adapter-none': 'Only runs that train by LoRA have one.',
  'adapter-unrecorded': 'Take it up once with lab run, then export again.',

  share: 'Nothing was changed. Ask whoever sent it for another copy.',
  'share-version': 'Nothing was changed. Use the version of Foothold that wrote it, or a newer one.',
  // Only the page opens links and addresses.
  'share-link-long': '',
  'share-link-changed': '',
  'share-address': '',

  'backend-missing': 'Use --backend cpu.',
  'backend-failed': ({ backend }) =>
    backend === 'webgpu'
      ? 'Use --backend cpu, or install what your GPU needs (on Linux its Vulkan driver and libvulkan1).'
      : 'If memory is short, end other programs or use a smaller --dtype; else the model’s file is damaged.',
  'gpu-lost': 'If it happens again, use a smaller --model or --dtype, or --backend cpu.',
  'memory-full': 'End other programs, or use a smaller --model or --dtype.',
  'replica-ended': 'If memory is short, end other programs or use --threads 1.',
  'lab-ended': '',
  'lab-silent': '',
  'python-failed': 'Install the packages anew (npm ci), and see that memory is not short.',
};

/** Advice about an error; empty where there is none. */
export function adviceOn({ code, data }: ToldError): string {
  const advice = TERMINAL_ADVICE[code] as Advice<ErrorData[ErrorCode]>;
  return typeof advice === 'string' ? advice : advice(data);
}
