/** Text to tokens and back, by transformers.js's tokenizer. */
import { LoraError } from '../errors.ts';
import { withAddedTokens } from './addedTokens.ts';
import type { ChatMessage, Prompt } from './prompt.ts';
import {
  afterAnswer,
  applyChatTemplate,
  chatRenderer,
  plainChat,
  readChatTemplate,
  withBegunAnswer,
} from './chatTemplate.ts';
import { readJson, readJsonIfThere, type RepositoryFiles } from '../repository/repository.ts';

/** Text that the model has no tokens for. */
export class UnencodableTextError extends LoraError<'text-unencodable'> {
  override name = 'UnencodableTextError';
  constructor(message: string) {
    super('text-unencodable', {}, message);
  }
}

export interface Tokenizer {
  /**
   * Raw text as it is; messages through the repository's chat template, or as plain questions and answers
   * where it has none. A last message of the assistant is the beginning of the answer. Throws
   * `UnencodableTextError`.
   */
  encode(prompt: Prompt): number[];
  /**
   * The tokens of an answer as a model would write them after the prompt's, up to the token of `stop` that ends it: the
   * one that the chat template writes after an answer. Undefined where the model's tokens do not split between
   * prompt and answer. Throws `UnencodableTextError`.
   */
  encodeAnswer(
    prompt: Prompt,
    answer: string,
    stop: ReadonlySet<number>,
  ): { promptTokens: number[]; tokens: number[] } | undefined;
  decode(tokens: readonly number[]): string;
  /** The special token that ends a text, where the repository names one. */
  readonly endToken?: number | undefined;
}

/** A special token as text; configurations have it as an object with its properties too. */
function tokenText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const content = (value as { content?: unknown } | null | undefined)?.content;
  return typeof content === 'string' ? content : undefined;
}

/**
 * The tokenizer's own settings. As in transformers, special_tokens_map.json counts, and first, where
 * tokenizer_config.json does not list the added tokens itself, as older repositories' do not.
 */
async function readTokenizerConfig(
  files: RepositoryFiles,
  chat: boolean,
  signal?: AbortSignal,
): Promise<Record<string, unknown>> {
  const config = await readJsonIfThere(files, 'tokenizer_config.json', signal);
  if (config && (config.added_tokens_decoder || !chat)) return config;
  const special = await readJsonIfThere(files, 'special_tokens_map.json', signal);
  return { ...config, ...special };
}

/** For repositories older than `added_tokens_decoder`. */
const readAddedTokens = (files: RepositoryFiles, chat: boolean, signal?: AbortSignal) =>
  chat ? readJsonIfThere(files, 'added_tokens.json', signal) : undefined;

/** The special tokens that a template can name: `bos_token`, and the model's own like them. */
function specialTokens(config: Record<string, unknown>): Record<string, string> {
  const extra = config.extra_special_tokens;
  const all = { ...config, ...(typeof extra === 'object' && !Array.isArray(extra) && extra) };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => {
      const text = name.endsWith('_token') ? tokenText(value) : undefined;
      return text === undefined ? [] : [[name, text]];
    }),
  );
}

/**
 * `chat: false` takes tokenizer.json as it is and does not look for a chat template: the embedded model has a
 * format of its own, in which the token that ends an answer is an ordinary one and a part of its text.
 */
export async function loadTokenizer(
  files: RepositoryFiles,
  signal?: AbortSignal,
  { chat = true } = {},
): Promise<Tokenizer> {
  const [definition, config] = await Promise.all([
    readJson(files, 'tokenizer.json', signal),
    readTokenizerConfig(files, chat, signal),
  ]);
  const [{ PreTrainedTokenizer }, template] = await Promise.all([
    import('@huggingface/transformers'),
    chat ? readChatTemplate(files, config, signal) : undefined,
  ]);
  const { chat_template: _, ...settings } = config;
  const special = specialTokens(config);
  const legacy = config.added_tokens_decoder ? undefined : await readAddedTokens(files, chat, signal);
  const whole = chat ? withAddedTokens(definition, config, special, legacy) : definition;
  const tokenizer = new PreTrainedTokenizer(whole, {
    ...settings,
    ...special,
  });
  const render = template === undefined ? undefined : chatRenderer(template, special);
  // A template that fails on the plainest of chats is told of now, and not in the middle of a run.
  if (render) applyChatTemplate(render, [{ role: 'user', content: 'Hello' }]);
  const { unk_token_id: unknown, unk_token: unknownText, eos_token_id: end } = tokenizer;
  /** Whether tokens hold more unknown ones than the text spells out: some models mark each turn's end with it. */
  const lacks = (tokens: readonly number[], text: string): boolean =>
    unknown !== undefined &&
    tokens.reduce((n, t) => n + (t === unknown ? 1 : 0), 0) > text.split(unknownText).length - 1;
  const isSpecial = tokenizer.all_special_ids.includes(end as number);
  const apply = (chat: readonly ChatMessage[]) =>
    render ? applyChatTemplate(render, chat) : plainChat(chat);
  const textOf = (prompt: Prompt) => (typeof prompt === 'string' ? prompt : withBegunAnswer(prompt, apply));
  /** `plain`: questions and answers without a template, before which the model's own beginning stands. */
  const tokensOf = (text: string, plain: boolean): number[] => {
    const tokens = tokenizer.encode(text, { add_special_tokens: plain });
    if (plain && tokens.at(-1) === end) tokens.pop();
    if (lacks(tokens, text)) {
      const at = tokens.indexOf(unknown);
      const before = at ? tokenizer.decode(tokens.slice(0, at), { skip_special_tokens: false }) : '';
      const rest = JSON.stringify(text.slice(before.length, before.length + 40));
      throw new UnencodableTextError(`The model has no tokens for the text at ${rest}.`);
    }
    return tokens;
  };
  // A chat template writes the token that texts begin with itself; plain questions get the model's own.
  const isPlain = (prompt: Prompt) => typeof prompt !== 'string' && !render;
  const decode = (tokens: readonly number[], skip_special_tokens: boolean) =>
    tokens.length
      ? tokenizer.decode([...tokens], { skip_special_tokens, clean_up_tokenization_spaces: false })
      : '';
  /** The token that the template ends this answer with; else the tokenizer's own end, or any. */
  const endOf = (prompt: Prompt, answer: string, stop: ReadonlySet<number>): number | undefined => {
    const written =
      typeof prompt !== 'string' && render ? tokensOf(afterAnswer(render, prompt, answer), false) : [];
    return [...written, end, ...stop].find((token) => stop.has(token));
  };
  return {
    endToken: isSpecial ? end : undefined,
    encode: (prompt) => tokensOf(textOf(prompt), isPlain(prompt)),
    encodeAnswer(prompt, answer, stop) {
      const text = textOf(prompt);
      const promptTokens = tokensOf(text, isPlain(prompt));
      const whole = tokensOf(text + answer, isPlain(prompt));
      const begun = promptTokens.every((token, i) => token === whole[i]);
      // A token across the boundary is none that a model can write there: it writes the answer from its first character.
      const tokens = begun ? whole.slice(promptTokens.length) : tokensOf(answer, false);
      if (!begun && decode([...promptTokens, ...tokens], false) !== decode(whole, false)) return undefined;
      const last = tokens.at(-1);
      if (last === undefined || !stop.has(last)) {
        const closing = endOf(prompt, answer, stop);
        if (closing !== undefined) tokens.push(closing);
      }
      return { promptTokens, tokens };
    },
    decode: (tokens) => decode(tokens, true),
  };
}
