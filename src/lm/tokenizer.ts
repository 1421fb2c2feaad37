/** Text to tokens and back, by transformers.js's tokenizer. */
import { CodedError } from '../util/codedError.ts';
import type { Prompt } from '../gasp/ports.ts';
import {
  applyChatTemplate,
  plainChat,
  type Render,
  readChatTemplate,
  withBegunAnswer,
} from './chatTemplate.ts';
import { MissingFileError, readJson, type RepositoryFiles } from './repository.ts';

/** Text that the model has no tokens for. */
export class UnencodableTextError extends CodedError<'text-unencodable'> {
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
  decode(tokens: readonly number[]): string;
}

/**
 * Variables that templates read besides the messages: no thinking aloud, which takes thousands of tokens,
 * and no date of today, which would make the same run go otherwise tomorrow.
 */
const TEMPLATE_VARIABLES = { enable_thinking: false, thinking: false, date_string: '26 Jul 2024' };

/** The tokenizer's own settings; older repositories have special_tokens_map.json only, or none at all. */
async function readTokenizerConfig(
  files: RepositoryFiles,
  signal?: AbortSignal,
): Promise<Record<string, unknown>> {
  for (const path of ['tokenizer_config.json', 'special_tokens_map.json']) {
    try {
      return await readJson(files, path, signal);
    } catch (error) {
      if (!(error instanceof MissingFileError)) throw error;
    }
  }
  return {};
}

/** `chat: false` does not look for a chat template: the embedded model has a format of its own. */
export async function loadTokenizer(
  files: RepositoryFiles,
  signal?: AbortSignal,
  { chat = true } = {},
): Promise<Tokenizer> {
  const [definition, config] = await Promise.all([
    readJson(files, 'tokenizer.json', signal),
    readTokenizerConfig(files, signal),
  ]);
  const [{ PreTrainedTokenizer }, template] = await Promise.all([
    import('@huggingface/transformers'),
    chat ? readChatTemplate(files, config, signal) : undefined,
  ]);
  const tokenizer = new PreTrainedTokenizer(definition, { ...config, chat_template: template });
  const render: Render = (messages) =>
    tokenizer.apply_chat_template(messages as never, {
      tokenize: false,
      add_generation_prompt: true,
      ...TEMPLATE_VARIABLES,
    }) as string;
  const { unk_token_id: unknown, unk_token: unknownText, eos_token_id: end } = tokenizer;
  /** Whether tokens hold more unknown ones than the text spells out: some models mark each turn's end with it. */
  const lacks = (tokens: readonly number[], text: string): boolean =>
    unknown !== undefined &&
    tokens.reduce((n, t) => n + (t === unknown ? 1 : 0), 0) > text.split(unknownText).length - 1;
  return {
    encode(prompt) {
      const text =
        typeof prompt === 'string'
          ? prompt
          : withBegunAnswer(prompt, (chat) => (template ? applyChatTemplate(render, chat) : plainChat(chat)));
      // A chat template writes the token that texts begin with itself; plain questions get the model's own.
      const plain = typeof prompt !== 'string' && !template;
      const tokens = tokenizer.encode(text, { add_special_tokens: plain });
      if (plain && tokens.at(-1) === end) tokens.pop();
      if (lacks(tokens, text)) {
        const at = tokens.indexOf(unknown);
        const before = at ? tokenizer.decode(tokens.slice(0, at), { skip_special_tokens: false }) : '';
        const rest = JSON.stringify(text.slice(before.length, before.length + 40));
        throw new UnencodableTextError(`The model has no tokens for the text at ${rest}.`);
      }
      return tokens;
    },
    decode: (tokens) =>
      tokens.length
        ? tokenizer.decode([...tokens], { skip_special_tokens: true, clean_up_tokenization_spaces: false })
        : '',
  };
}
