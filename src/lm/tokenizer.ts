/** Text to tokens and back, by transformers.js's tokenizer. */
import type { Prompt } from '../gasp/ports.ts';
import { readJson, type RepositoryFiles } from './repository.ts';

/** Text that the model has no tokens for. */
export class UnencodableTextError extends Error {
  override name = 'UnencodableError';
}

export interface Tokenizer {
  /** Raw text as it is; messages through the repository's chat template. Throws `UnencodableTextError`. */
  encode(prompt: Prompt): number[];
  decode(tokens: readonly number[]): string;
}

export async function loadTokenizer(files: RepositoryFiles, signal?: AbortSignal): Promise<Tokenizer> {
  const [definition, config] = await Promise.all([
    readJson(files, 'tokenizer.json', signal),
    readJson(files, 'tokenizer_config.json', signal),
  ]);
  const { PreTrainedTokenizer } = await import('@huggingface/transformers');
  const tokenizer = new PreTrainedTokenizer(definition, config);
  const unknown = tokenizer.unk_token_id as number | undefined;
  return {
    encode(prompt) {
      const text =
        typeof prompt === 'string'
          ? prompt
          : (tokenizer.apply_chat_template(prompt, {
              tokenize: false,
              add_generation_prompt: true,
            }) as string);
      const tokens = tokenizer.encode(text, { add_special_tokens: false });
      if (unknown !== undefined && tokens.includes(unknown)) {
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
