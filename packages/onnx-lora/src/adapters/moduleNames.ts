/**
 * Names of a decoder's linear layers. Training tools put wrappers into a module's path, families of models
 * have names of their own for the same place, and some pack several layers into one.
 */

/** PEFT's own two modules around the model. */
const PEFT = 'base_model.model.';

/** Modules that training puts around others, at any depth: the name of the wrapped one follows theirs. */
const WRAPPERS = new Set([
  '_orig_mod', // torch.compile
  'module', // DataParallel, DistributedDataParallel, DeepSpeed
  '_forward_module', // Lightning Fabric
  '_fsdp_wrapped_module',
  '_checkpoint_wrapped_module', // activation checkpointing
]);

/** A module's name without wrappers and without PEFT's prefix. */
export function withoutWrappers(name: string): string {
  let plain = name
    .split('.')
    .filter((part) => !WRAPPERS.has(part))
    .join('.');
  while (plain.startsWith(PEFT)) plain = plain.slice(PEFT.length);
  return plain;
}

/**
 * The name that a decoder's module has in a model of text alone. Models of text and images hold the same
 * decoder as `model.language_model`, `language_model.model` in transformers before 4.52, or
 * `model.text_model`.
 */
export const asTextModule = (module: string): string =>
  module.replace(/^(?:model\.(?:language_model|text_model)|language_model\.model)\.(?=.)/, 'model.');

/** Where a linear layer stands. */
export interface Place {
  layer: number;
  /** The module that holds the stack of layers; empty where that is a common name for the decoder: `vision_tower`. */
  holder: string;
  /** `attn.q_proj`, `mlp.up_proj`: the same for families that call attention differently. */
  part: string;
}

const LAYER = /^(?:(.*?)\.)?(?:layers|layer|h|blocks|block)\.(\d+)\.(.+)$/;
/** Names of the decoder itself, and of what only holds it. */
const HOLDERS =
  /^(?:(?:model|transformer|decoder|gpt_neox|backbone|language_model|text_model)(?:\.|$))*(?:encoder$)?/;
const ATTENTION = new Set(['self_attn', 'attn', 'attention', 'self_attention', 'attn.attention']);
const FEED_FORWARD = new Set(['', 'mlp', 'feed_forward', 'ffn']);

export const leafOf = (module: string): string => module.slice(module.lastIndexOf('.') + 1);

/** Undefined for a module outside of the numbered layers, such as the head. */
export function placeOf(module: string): Place | undefined {
  const match = LAYER.exec(module);
  if (!match) return undefined;
  const [, path = '', layer, rest] = match as unknown as [string, string | undefined, string, string];
  // ChatGLM's decoder is `transformer.encoder`; an encoder by itself is a part of something else.
  const holder = path === 'encoder' ? path : path.replace(HOLDERS, '');
  const leaf = leafOf(rest);
  const parent = rest.slice(0, -leaf.length - 1);
  const part = ATTENTION.has(parent) ? `attn.${leaf}` : FEED_FORWARD.has(parent) ? `mlp.${leaf}` : rest;
  return { layer: Number(layer), holder, part };
}

/** Names that families give to the same part. */
const ALIASES: string[][] = [
  ['attn.o_proj', 'attn.dense', 'attn.out_proj', 'attn.c_proj', 'attn.wo'],
  ['attn.qkv_proj', 'attn.query_key_value', 'attn.c_attn', 'attn.Wqkv'],
  ['mlp.up_proj', 'mlp.fc1', 'mlp.dense_h_to_4h', 'mlp.c_fc', 'mlp.w3'],
  ['mlp.down_proj', 'mlp.fc2', 'mlp.dense_4h_to_h', 'mlp.c_proj', 'mlp.w2'],
  ['mlp.gate_proj', 'mlp.w1'],
];

export const samePart = (a: string, b: string): boolean =>
  a === b || ALIASES.some((group) => group.includes(a) && group.includes(b));

/** Layers that are packed into one product, by the product's name, in the order of its columns. */
export const PACKED: Readonly<Record<string, { part: string; pieces: readonly string[] }>> = {
  qkv_proj: { part: 'attn.qkv_proj', pieces: ['attn.q_proj', 'attn.k_proj', 'attn.v_proj'] },
  gate_up_proj: { part: 'mlp.gate_up_proj', pieces: ['mlp.gate_proj', 'mlp.up_proj'] },
};

/**
 * The module in the same layer whose part is called so, or as other families call it. `all` are of one
 * decoder, whatever holds it there; a place in something else, such as a vision tower, is not in it.
 */
export function findPart<T>(
  { layer, holder }: Place,
  part: string,
  all: readonly T[],
  nameOf: (t: T) => string,
): T | undefined {
  const places = all.flatMap((t) => {
    const place = placeOf(nameOf(t));
    const same = place?.layer === layer && (holder === '' || holder === place.holder);
    return same ? [{ t, part: place.part }] : [];
  });
  return (places.find((p) => p.part === part) ?? places.find((p) => samePart(p.part, part)))?.t;
}

/**
 * The modules that a name stands for: one of that name or at that place, or the pieces, in their order, of
 * layers that are packed under this name and apart in `all`. Empty where there are none.
 */
export function findNamed<T>(name: string, all: readonly T[], nameOf: (t: T) => string): T[] {
  const exact = all.find((t) => nameOf(t) === name);
  if (exact) return [exact];
  const place = placeOf(name);
  if (!place) return [];
  const one = findPart(place, place.part, all, nameOf);
  if (one) return [one];
  const packed = Object.values(PACKED).find(({ part }) => samePart(part, place.part));
  // Falcon, BLOOM and GPT-NeoX have the columns of each head together.
  if (!packed || place.part === 'attn.query_key_value') return [];
  const pieces = packed.pieces.map((part) => findPart(place, part, all, nameOf));
  return pieces.every((piece) => piece !== undefined) ? (pieces as T[]) : [];
}
