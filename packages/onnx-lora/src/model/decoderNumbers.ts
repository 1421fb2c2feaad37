/**
 * The numbers of a decoder that its repository's config.json has: how large it is, and how long a text it
 * takes. Architectures name them differently; whatever needs one asks here.
 */

/** The part of a decoder's configuration that decides its size. Counts, widths in elements. */
export interface DecoderSize {
  vocabulary: number;
  width: number;
  layers: number;
  heads: number;
  keyValueHeads: number;
  headDim: number;
  feedForward: number;
}

export interface DecoderNumbers {
  /** Those that are known: given, or following from others. */
  known: Partial<DecoderSize>;
  /** All of them; absent where some are missing. */
  size?: DecoderSize;
  /** What config.json lacks to tell the size, by the names that it is looked for under. */
  missing: string[];
  /** Longest sequence, in tokens; absent where it is not said. */
  context?: number;
}

type Config = Record<string, unknown>;

const NAMES = {
  vocabulary: ['vocab_size', 'padded_vocab_size'],
  width: ['hidden_size', 'n_embd', 'd_model', 'n_embed', 'model_dim', 'dim', 'word_embed_proj_dim'],
  layers: [
    'num_hidden_layers',
    'n_layer',
    'n_layers',
    'num_layers',
    'num_transformer_layers',
    'decoder_layers',
  ],
  heads: [
    'num_attention_heads',
    'n_head',
    'n_heads',
    'num_heads',
    'decoder_attention_heads',
    'attention_heads',
  ],
  keyValueHeads: ['num_key_value_heads', 'n_head_kv', 'n_kv_heads', 'num_kv_heads', 'kv_n_heads'],
  headDim: ['head_dim', 'kv_channels', 'd_kv'],
  feedForward: ['intermediate_size', 'n_inner', 'ffn_dim', 'ffn_hidden_size', 'd_ff', 'decoder_ffn_dim'],
  expansion: ['expansion_ratio', 'mlp_ratio', 'mlp_expansion_factor'],
  context: [
    'max_position_embeddings',
    'n_positions',
    'n_ctx',
    'max_seq_len',
    'max_sequence_length',
    'seq_length',
    'max_context_length',
  ],
  experts: ['num_local_experts', 'num_experts', 'n_routed_experts', 'moe_num_experts'],
} as const;

const record = (value: unknown): Config | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Config) : undefined;

/** Models of several parts keep the decoder's numbers apart. */
export function textConfig(config: Config): Config {
  return record(config.text_config) ?? record(config.llm_config) ?? record(config.decoder) ?? config;
}

export function decoderNumbers(config: Config): DecoderNumbers {
  const c = textConfig(config);
  const find = (names: readonly string[], where: Config | undefined = c): number | undefined =>
    names.map((name) => where?.[name]).find((v): v is number => typeof v === 'number' && v > 0);
  const vocabulary = find(NAMES.vocabulary) ?? find(NAMES.vocabulary, config);
  const [width, layers, heads] = [find(NAMES.width), find(NAMES.layers), find(NAMES.heads)];
  const headDim = find(NAMES.headDim) ?? (width && heads ? width / heads : undefined);
  const keyValueHeads = keyValueHeadsOf(c, find) ?? heads;
  const expanded = (find(NAMES.expansion) ?? 4) * (width ?? Number.NaN);
  const feedForward = find(NAMES.feedForward) ?? (width ? expanded : undefined);
  const known = { vocabulary, width, layers, heads, keyValueHeads, headDim, feedForward };
  const missing = (['vocabulary', 'width', 'layers', 'heads'] as const)
    .filter((name) => known[name] === undefined)
    .map((name) => NAMES[name].slice(0, 3).join(' or '));
  const experts = NAMES.experts.find((name) => typeof c[name] === 'number' && c[name] > 1);
  // Some architectures give each layer widths of its own.
  const uneven = [...NAMES.heads, ...NAMES.feedForward, 'num_query_heads', 'block_configs'].find((name) =>
    Array.isArray(c[name]),
  );
  if (experts) missing.push(`one width for all layers (${experts} says that it mixes experts)`);
  if (uneven) missing.push(`one width for all layers (${uneven} is a list)`);
  const context = find(NAMES.context);
  return {
    known: Object.fromEntries(Object.entries(known).filter(([, v]) => v !== undefined)),
    ...(missing.length === 0 && { size: known as DecoderSize }),
    missing,
    ...(context !== undefined && { context }),
  };
}

/** Heads that keys and values have, where config.json says; several queries share one in many architectures. */
function keyValueHeadsOf(
  c: Config,
  find: (names: readonly string[], where?: Config) => number | undefined,
): number | undefined {
  // Falcon's older form has one, whatever else it says; GPT-BigCode's and ChatGLM's have switches.
  const falcon = c.new_decoder_architecture !== true && 'new_decoder_architecture' in c;
  if (c.multi_query === true && (falcon || find(NAMES.keyValueHeads) === undefined)) return 1;
  if (c.multi_query_attention === true) return find(['multi_query_group_num']) ?? 1;
  const inner = record(c.attn_config);
  if (inner?.attn_type === 'multiquery_attention') return 1;
  return find(NAMES.keyValueHeads) ?? find(NAMES.keyValueHeads, inner);
}

/** The fewest tokens that a layer looks back over, infinite where none is bounded; architectures name it differently. */
export function narrowestWindow(whole: Config): number {
  const config = textConfig(whole);
  if (config.use_sliding_window === false) return Infinity;
  const sizes = Object.entries(config).filter(
    ([name, v]) => /window/i.test(name) && !/layer/i.test(name) && typeof v === 'number' && v > 0,
  );
  return Math.min(Infinity, ...sizes.map(([, v]) => Number(v)));
}
