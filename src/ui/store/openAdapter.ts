/** An adapter from files that a person chose: PEFT's two, or the zip of both that is saved beside a checkpoint. */
import { type AdapterFiles, tuningOfAdapter } from '../../lab/adapters.ts';
import { CONFIG_FILE, readPeft, WEIGHTS_FILE, PeftError } from 'onnx-lora';

/** More than any adapter of the models that fit here. */
const MOST_BYTES = 2 ** 30;

export interface OpenedAdapter {
  adapter: AdapterFiles;
  tuning: ReturnType<typeof tuningOfAdapter>;
  /** Weight matrices that it adapts, and the numbered layers that these are in. */
  matrices: number;
  layers: number;
  /** What its target_modules name and its file holds nothing of. */
  untrained: readonly string[];
}

/** Its files and the settings under which it goes on as it is. Throws `PeftError` where it is none that can be used. */
export async function openAdapter(files: readonly File[]): Promise<OpenedAdapter> {
  const parts =
    files.length === 1 && files[0]!.name.endsWith('.zip') ? await unzip(files[0]!) : await read(files);
  const config = parts.get(CONFIG_FILE);
  const weights = parts.get(WEIGHTS_FILE);
  if (!config || !weights) {
    throw new PeftError(`An adapter is two files, ${CONFIG_FILE} and ${WEIGHTS_FILE}.`, {
      code: 'adapter-files',
    });
  }
  const text = new TextDecoder().decode(config);
  const adapter = readPeft(text, weights);
  const name = adapter.baseModel ? `an adapter of ${adapter.baseModel}` : files[0]!.name;
  return {
    adapter: { name, config: text, weights },
    tuning: tuningOfAdapter(adapter),
    matrices: adapter.pairs.size,
    layers: new Set([...adapter.pairs.keys()].flatMap((name) => /\.(\d+)\./.exec(name)?.[1] ?? [])).size,
    untrained: adapter.untrained ?? [],
  };
}

async function read(files: readonly File[]): Promise<Map<string, Uint8Array>> {
  const wanted = files.filter(({ name }) => name === CONFIG_FILE || name === WEIGHTS_FILE);
  const large = wanted.find(({ size }) => size > MOST_BYTES);
  if (large) throw new PeftError(`${large.name} is too large for an adapter.`);
  return new Map(
    await Promise.all(
      wanted.map(async (file) => [file.name, new Uint8Array(await file.arrayBuffer())] as const),
    ),
  );
}

/** The two files wherever they lie together in the archive; nothing else is unpacked. */
async function unzip(file: File): Promise<Map<string, Uint8Array>> {
  const { unzipSync } = await import('fflate');
  const last = (path: string) => path.slice(path.lastIndexOf('/') + 1);
  let found: Record<string, Uint8Array>;
  try {
    found = unzipSync(new Uint8Array(await file.arrayBuffer()), {
      filter: ({ name, originalSize }) =>
        [CONFIG_FILE, WEIGHTS_FILE].includes(last(name)) && originalSize <= MOST_BYTES,
    });
  } catch (cause) {
    throw new PeftError(`${file.name} is no zip that can be read: save or download it again.`, { cause });
  }
  const paths = Object.keys(found);
  if (new Set(paths.map(last)).size < paths.length) {
    throw new PeftError(
      `${file.name} holds several adapters (${paths.join(', ')}): choose the files of one.`,
    );
  }
  return new Map(paths.map((path) => [last(path), found[path]!]));
}
