/**
 * The embedded model's tokenizer: one token for each piece of the micro format. Run as a script it
 * writes the Hugging Face files; imported it gives the same encoding without a library.
 *
 *     npx tsx pretrain/microTokenizer.ts [FOLDER]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { largestInteger, pieces, UnencodableError, vocabulary } from '../src/dialects/micro/microText.ts';

const ids = new Map(vocabulary.map((piece, id) => [piece, id]));
if (ids.size !== vocabulary.length) throw new Error('Two pieces of the micro format are equal.');

/** Token id of one piece. Throws `UnencodableError` for anything else. */
export function tokenId(piece: string): number {
  const id = ids.get(piece);
  if (id === undefined) throw new UnencodableError(`There is no token for ${JSON.stringify(piece)}.`);
  return id;
}

export const vocabularySize = vocabulary.length;
export const padToken = tokenId(pieces.pad);
export const unknownToken = tokenId(pieces.unknown);
/** The stop token. */
export const endToken = tokenId(pieces.end);

const escapeLiteral = (literal: string) =>
  literal.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&').replace(/\n/g, '\\n');
const isInteger = (piece: string) => /^ -?\d+$/.test(piece);

/** Longest piece first; an integer ends where its digits end, so that ` 100` is no ` 10` with a tail. */
const splitPattern = [
  ...vocabulary
    .filter((piece) => !isInteger(piece) && piece !== pieces.pad && piece !== pieces.unknown)
    .sort((a, b) => b.length - a.length)
    .map(escapeLiteral),
  ` (?:0|-?[1-9][0-9]{0,${String(largestInteger).length - 1}})(?![0-9])`,
].join('|');

const nextPiece = new RegExp(splitPattern, 'uy');

/** Token ids of a text. Throws `UnencodableError` where no piece fits. */
export function encode(text: string): number[] {
  const out: number[] = [];
  nextPiece.lastIndex = 0;
  while (nextPiece.lastIndex < text.length) {
    const at = nextPiece.lastIndex;
    const piece = nextPiece.exec(text)?.[0];
    if (piece === undefined) {
      throw new UnencodableError(`There is no token for ${JSON.stringify(text.slice(at, at + 20))}.`);
    }
    out.push(ids.get(piece)!);
  }
  return out;
}

/** The text of token ids, padding included. */
export function decode(tokens: readonly number[]): string {
  return tokens
    .map((id) => {
      const piece = vocabulary[id];
      if (piece === undefined) throw new RangeError(`There is no token ${id}.`);
      return piece;
    })
    .join('');
}

const special = (content: string) => ({
  id: tokenId(content),
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});

/**
 * The files of a Hugging Face tokenizer, by name. BPE without merges: the pre-tokenizer cuts the text
 * into pieces and `ignore_merges` takes each as it is; what lies between pieces becomes `<unk>`.
 * The stop token is an ordinary one, since its text (`return x`) belongs to the answer.
 */
export function tokenizerFiles(): Record<string, unknown> {
  return {
    'tokenizer.json': {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: [special(pieces.pad), special(pieces.unknown)],
      normalizer: null,
      pre_tokenizer: {
        type: 'Split',
        pattern: { Regex: splitPattern },
        behavior: 'Isolated',
        invert: false,
      },
      post_processor: null,
      decoder: { type: 'Fuse' },
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: pieces.unknown,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: true,
        byte_fallback: false,
        ignore_merges: true,
        vocab: Object.fromEntries(ids),
        merges: [],
      },
    },
    'tokenizer_config.json': {
      tokenizer_class: 'PreTrainedTokenizerFast',
      add_bos_token: false,
      add_eos_token: false,
      bos_token: null,
      eos_token: pieces.end,
      pad_token: pieces.pad,
      unk_token: pieces.unknown,
      clean_up_tokenization_spaces: false,
      model_max_length: 256,
      padding_side: 'right',
    },
    'special_tokens_map.json': {
      eos_token: pieces.end,
      pad_token: pieces.pad,
      unk_token: pieces.unknown,
    },
  };
}

/** Writes the tokenizer's files into a folder, which it makes. */
export function writeTokenizer(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(tokenizerFiles())) {
    writeFileSync(join(folder, name), `${JSON.stringify(content, null, 2)}\n`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const folder = process.argv[2] ?? 'public/models/foothold-micro-2';
  writeTokenizer(folder);
  console.log(`${vocabularySize} tokens written to ${folder}`);
}
