/**
 * The tokens that a tokenizer takes whole, before it splits the rest of a text. `tokenizer.json` has them, and
 * transformers lets the other files change and add some: fine-tuned models often have theirs only there.
 */

interface AddedToken {
  id: number;
  content: string;
  /** Whether it takes the blanks before or behind it along. */
  lstrip?: boolean;
  rstrip?: boolean;
  single_word?: boolean;
  normalized?: boolean;
  special?: boolean;
}
type Definition = Record<string, unknown>;
type Config = Record<string, unknown>;

/**
 * `tokenizer.json` with all added tokens, as transformers puts them together: properties in
 * `added_tokens_decoder` of tokenizer_config.json come before those in tokenizer.json; where that list is
 * missing, added_tokens.json (`legacy`) has more of them; and special tokens that are none of these are added.
 * A token that the vocabulary lacks gets the next free number, whatever number it has in its file.
 */
export function withAddedTokens(
  definition: Definition,
  config: Config,
  special: Record<string, string>,
  legacy?: Record<string, unknown>,
): Definition {
  const stored = (definition.added_tokens ?? []) as AddedToken[];
  const byContent = new Map(stored.map((token) => [token.content, token]));
  let next: number | undefined;
  const add = (token: Omit<AddedToken, 'id'>) => {
    const known = byContent.get(token.content)?.id ?? idIn(definition, token.content);
    next ??= Math.max(vocabularySize(definition), ...stored.map(({ id }) => id + 1));
    byContent.set(token.content, { ...token, id: known ?? next++ });
  };
  for (const token of listed(config.added_tokens_decoder)) {
    const now = byContent.get(token.content);
    if (!now || PROPERTIES.some((name) => Boolean(now[name]) !== Boolean(token[name]))) add(token);
  }
  if (!config.added_tokens_decoder) {
    const numbered = Object.entries(legacy ?? {}).sort(([, a], [, b]) => Number(a) - Number(b));
    for (const [content] of numbered) {
      const isSpecial = Object.values(special).includes(content);
      if (!byContent.has(content)) add({ content, normalized: !isSpecial, special: isSpecial });
    }
  }
  for (const content of [...Object.values(special), ...extraTokens(config)])
    if (content !== '' && !byContent.has(content))
      // A word of the vocabulary that only has a special use, such as ending answers, stays a part of their text.
      add({ content, normalized: false, special: idIn(definition, content) === undefined });
  return { ...definition, added_tokens: [...byContent.values()] };
}

const PROPERTIES = ['lstrip', 'rstrip', 'single_word', 'normalized', 'special'] as const;

/** Tokens by their number, in its order. */
function listed(decoder: unknown): Omit<AddedToken, 'id'>[] {
  if (typeof decoder !== 'object' || decoder === null) return [];
  const tokens = Object.entries(decoder as Record<string, Partial<AddedToken> | null>);
  return tokens
    .sort(([a], [b]) => Number(a) - Number(b))
    .flatMap(([, token]) => (typeof token?.content === 'string' ? [token as AddedToken] : []))
    .map(({ id: _, ...token }) => token);
}

/** Special tokens without a name of their own. */
function extraTokens(config: Config): string[] {
  const { extra_special_tokens: extra, additional_special_tokens: additional } = config;
  const list = Array.isArray(extra) && extra.length > 0 ? extra : Array.isArray(additional) ? additional : [];
  return list.flatMap((token: string | { content?: unknown } | null) => {
    const content = typeof token === 'string' ? token : token?.content;
    return typeof content === 'string' ? [content] : [];
  });
}

/** By token, or, of a unigram model, in the order of their numbers. */
type Vocabulary = Record<string, number> | [string, number][];
const vocabularyOf = (definition: Definition): Vocabulary =>
  (definition.model as { vocab?: Vocabulary } | undefined)?.vocab ?? {};

const vocabularySize = (definition: Definition): number => {
  const vocabulary = vocabularyOf(definition);
  return Array.isArray(vocabulary) ? vocabulary.length : Object.keys(vocabulary).length;
};

function idIn(definition: Definition, content: string): number | undefined {
  const vocabulary = vocabularyOf(definition);
  if (!Array.isArray(vocabulary)) return Object.hasOwn(vocabulary, content) ? vocabulary[content] : undefined;
  const at = vocabulary.findIndex(([token]) => token === content);
  return at < 0 ? undefined : at;
}
