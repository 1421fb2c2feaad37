/** `lab gradcheck`: a model's logits, gradients and steps against reference numbers of PyTorch and PEFT. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { folderFiles } from 'onnx-lora/node';
import {
  gradcheck,
  DTYPE_FILES,
  HUB_DTYPES,
  type HubDType,
  type HubModel,
  loadHubModel,
  CONFIG_FILE,
  type LoraAdapter,
  readSafetensors,
  type SafeTensor,
} from 'onnx-lora';
import { BACKEND_OPTIONS, BACKEND_USAGE, runtimeOption } from './backend.ts';
import { CommandError } from './failure.ts';
import { readAdapter } from './adapterFolder.ts';
import { numberOption, readOptions, UsageError } from './usage.ts';

export const gradcheckUsage = `lab gradcheck --model DIR --fixture FILE.safetensors [options]
  Compares a model, as it runs and trains here, with reference numbers made by PyTorch and PEFT: prints the
  largest relative error of each tensor, and fails where one is above --tol or nothing could be compared.
  --model DIR       repository in Hugging Face layout (config.json, onnx/)
  --fixture FILE    reference tensors: input_ids, base.logits, adapter.logprobs, grad.NAME, ...
  --adapter DIR     PEFT adapter that the numbers belong to (default: adapter/ in the model's folder)
  --dtype NAME      ${HUB_DTYPES.join(', ')} (default: the first of q4, q4f16, fp16, fp32 that is there)
  --tol X           largest relative error allowed (default: 1e-4 for fp32, 1e-3 for q4, 2e-2 for half precision)
  --recompute       compute what is cheap twice, as runs do where memory is short
${BACKEND_USAGE}
  --json            the last line is the report as JSON, or {"error", "code"}
`;

/** Half precision rounds to 3 digits; 4-bit weights are compared with PyTorch on the very same values. */
function defaultTolerance(model: HubModel): number {
  const { nodes, initializers } = model.graph;
  const blocks = nodes.filter((n) => n.op === 'MatMulNBits');
  const half = (name: string | undefined) =>
    name !== undefined && initializers.get(name)?.dtype === 'float16';
  if (blocks.length > 0) return blocks.some((n) => half(n.inputs[2])) ? 2e-2 : 1e-3;
  const products = nodes.filter((n) => n.op === 'MatMul' || n.op === 'Gemm');
  const narrow = [...initializers.values()].some((c) => c.dtype === 'bfloat16');
  return narrow || products.some((n) => half(n.inputs[1])) ? 2e-2 : 1e-4;
}

const OPTIONS = {
  model: { type: 'string' },
  fixture: { type: 'string' },
  adapter: { type: 'string' },
  dtype: { type: 'string' },
  tol: { type: 'string' },
  recompute: { type: 'boolean', default: false },
  ...BACKEND_OPTIONS,
  json: { type: 'boolean', default: false },
} as const;

/** The exit status: 0 where every tensor is within the tolerance, else 1. */
export async function gradcheckCommand(args: string[]): Promise<number> {
  const values = readOptions(args, OPTIONS);
  if (!values.model || !values.fixture) throw new UsageError('--model DIR and --fixture FILE are needed.');
  const folder = resolve(values.model);
  const dtype = readDType(values.dtype);
  const say = (line: string) => void (values.json ? process.stderr : process.stdout).write(`${line}\n`);
  const fixture = await readFixture(values.fixture);
  const model = await loadHubModel(folderFiles(folder), dtype ? { dtype } : {});
  const adapter = await adapterIn(values.adapter ?? join(folder, 'adapter'), values.adapter !== undefined);
  const tol =
    values.tol === undefined ? defaultTolerance(model) : numberOption('tol', values.tol, { integer: false });
  const report = await gradcheck({
    runtime: runtimeOption(values),
    model,
    fixture,
    ...(adapter && { adapter }),
    training: { recompute: values.recompute },
    onError: (tensor, error) => say(`${error <= tol ? ' ' : '!'} ${error.toExponential(2)}  ${tensor}`),
  });
  const errors = [...report.errors];
  if (errors.length === 0) throw new CommandError('The fixture holds nothing to compare with.');
  if (values.adapter !== undefined && !report.adapterCompared) {
    throw new CommandError(
      'The fixture holds no numbers with an adapter (adapter.logits, adapter.logprobs, step0.loss): nothing of --adapter was compared.',
    );
  }
  const [worst, largest] = errors.reduce((a, b) => (b[1] > a[1] || Number.isNaN(b[1]) ? b : a));
  const passed = largest <= tol;
  say(
    `${errors.length} tensors, largest relative error ${largest.toExponential(2)} (${worst}), ${passed ? 'within' : 'above'} ${tol}`,
  );
  if (values.json) {
    console.log(
      JSON.stringify({
        passed,
        tol,
        largest,
        worst,
        compared: errors.length,
        errors: Object.fromEntries(errors),
      }),
    );
  }
  return passed ? 0 : 1;
}

async function readFixture(path: string): Promise<ReadonlyMap<string, SafeTensor>> {
  try {
    return readSafetensors(new Uint8Array(await readFile(resolve(path)))).tensors;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const why = missing ? 'is not there' : `cannot be read: ${(error as Error).message}`;
    throw new CommandError(`The fixture ${path} ${why}`);
  }
}

/** The adapter in a folder; undefined where there is none and none was asked for. */
async function adapterIn(folder: string, asked: boolean): Promise<LoraAdapter | undefined> {
  if (!asked && !existsSync(join(folder, CONFIG_FILE))) return undefined;
  return (await readAdapter(folder)).adapter;
}

export function readDType(name: string | undefined): HubDType | undefined {
  if (name === undefined) return undefined;
  if (name in DTYPE_FILES) return name as HubDType;
  throw new UsageError(`--dtype takes one of ${HUB_DTYPES.join(', ')}; got "${name}".`);
}
