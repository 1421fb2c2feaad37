/**
 * Which repository and dialect a run's model name stands for: that of weights which ship with the page, or for a
 * decoder in Hugging Face layout where it comes from and which of its dtypes is used:
 *
 *     hub:owner/name#q4        from the Hub
 *     url:https://host/x/#q4   below another address
 *     folder:name#q4           from a folder on disk, which has to be named again when the run is resumed
 */
import { CodedError } from '../util/codedError.ts';
import { microDialect } from '../dialects/micro/dialect.ts';
import type { Dialect } from '../gasp/ports.ts';

/**
 * Folders of the weights that ship with the page, relative to the app's own files. Runs and links keep the name, and
 * go on with the weights that they began with: a name never gets other weights.
 */
const EMBEDDED_PATHS: Readonly<Record<string, string>> = {
  embedded: 'models/foothold-micro',
  'embedded-2': 'models/foothold-micro-2',
};

/** The embedded model that new runs start from. */
export const EMBEDDED_MODEL = 'embedded-2';
export const EMBEDDED_PATH = EMBEDDED_PATHS[EMBEDDED_MODEL]!;

/** Whether the model ships with the page, in any of its versions. */
export const isEmbedded = (model: string): boolean => Object.hasOwn(EMBEDDED_PATHS, model);

/** The name of the shipped weights in a folder of this name, else that of the newest. */
export function embeddedIn(folder: string): string {
  const names = Object.keys(EMBEDDED_PATHS);
  return names.find((name) => EMBEDDED_PATHS[name]!.endsWith(`/${folder}`)) ?? EMBEDDED_MODEL;
}

export type ModelSource =
  | { kind: 'embedded'; path: string; dialect: Dialect }
  /** Their files name their dialect. */
  | { kind: 'hub' | 'url'; title: string; base: string; dtype?: string }
  | { kind: 'folder'; title: string; dtype?: string };

const HUB = 'https://huggingface.co';
const REPOSITORY = /^\w[\w.-]*\/\w[\w.-]*$/;

export function modelSource(model: string): ModelSource {
  if (isEmbedded(model)) {
    return { kind: 'embedded', path: EMBEDDED_PATHS[model]!, dialect: microDialect() };
  }
  const { kind, place, dtype } =
    /^(?<kind>hub|url|folder):(?<place>[^#]+)(?:#(?<dtype>\w+))?$/.exec(model)?.groups ?? {};
  const rest = dtype === undefined ? {} : { dtype };
  if (kind === 'hub' && REPOSITORY.test(place!)) {
    return { kind, title: place!, base: `${HUB}/${place}/resolve/main/`, ...rest };
  }
  if (kind === 'url' && URL.canParse(place!) && /^https?:$/.test(new URL(place!).protocol)) {
    const { pathname } = new URL(place!);
    const title = pathname.split('/').filter(Boolean).at(-1) ?? place!;
    return { kind, title, base: place!.endsWith('/') ? place! : `${place}/`, ...rest };
  }
  if (kind === 'folder') return { kind, title: place!, ...rest };
  throw new CodedError('model-unknown', { model }, `There is no model named ${model}.`);
}

/** A run's model lies in a folder that nothing but its name was stored of. */
export function modelFolderNeeded(folder: string): CodedError {
  return new CodedError(
    'model-folder-needed',
    { folder },
    `The run's model is in a folder named ${folder}, which has to be named again.`,
  );
}

/** The name of a model from what a person types: `owner/name`, an address, or a page of the Hub. */
export function modelName(typed: string, dtype?: string): string {
  const text = typed.trim();
  const page = /^https?:\/\/huggingface\.co\/([\w.-]+\/[\w.-]+)/.exec(text)?.[1];
  const id = page ?? (REPOSITORY.test(text) ? text : undefined);
  const name = `${id ? `hub:${id}` : `url:${text}`}${dtype === undefined ? '' : `#${dtype}`}`;
  modelSource(name);
  return name;
}

/** The name of a run's model for people. */
export function modelTitle(model: string): string {
  const source = modelSource(model);
  if (source.kind !== 'embedded') return source.title;
  return model === EMBEDDED_MODEL ? 'the embedded model' : 'the embedded model (earlier weights)';
}

/** The same with its weights, of whatever name a run from elsewhere has; never throws. */
export function modelWords(model: string): string {
  try {
    const source = modelSource(model);
    const title = modelTitle(model);
    return 'dtype' in source && source.dtype ? `${title}, ${source.dtype}` : title;
  } catch {
    // A stranger's run may name a model that there is no title for.
    return model;
  }
}

/** The name under which PEFT finds the base model of a run's adapter. */
export function baseModelName(model: string): string {
  const source = modelSource(model);
  return source.kind === 'embedded' ? source.path.split('/').at(-1)! : source.title;
}

/** The host that a model is downloaded from; undefined where nothing is downloaded. */
export function modelHost(model: string): string | undefined {
  const source = modelSource(model);
  return source.kind === 'hub' || source.kind === 'url' ? new URL(source.base).host : undefined;
}
