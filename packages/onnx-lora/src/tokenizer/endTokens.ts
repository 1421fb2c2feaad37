/** Which tokens end an answer. */
import { textConfig } from '../model/decoderNumbers.ts';
import { readJsonIfThere, type RepositoryFiles } from '../repository/repository.ts';

/** `eos_token_id`: one or several, in a configuration or in its decoder's part. Negative ones mean none. */
function said(config: Record<string, unknown> | undefined): number[] {
  for (const part of config ? [config, textConfig(config)] : []) {
    const eos = part.eos_token_id;
    const list = (Array.isArray(eos) ? eos : [eos]).filter(
      (t): t is number => typeof t === 'number' && t >= 0,
    );
    if (list.length > 0) return list;
  }
  return [];
}

/**
 * In transformers' order: what generation_config.json says, otherwise config.json, which may be older.
 * `own`, the tokenizer's own end of a turn, is one in any case: chats are trained to end with it, and
 * configurations that are copied from the base model do not name it.
 */
export function endTokens(
  config: Record<string, unknown>,
  { generation, own }: { generation?: Record<string, unknown> | undefined; own?: number | undefined } = {},
): Set<number> {
  const generated = said(generation);
  const tokens = generated.length > 0 ? generated : said(config);
  return new Set(own === undefined ? tokens : [...tokens, own]);
}

/** Those of a repository, whose config.json has been read. */
export async function readEndTokens(
  files: RepositoryFiles,
  config: Record<string, unknown>,
  own: number | undefined,
  signal?: AbortSignal,
): Promise<Set<number>> {
  const generation = await readJsonIfThere(files, 'generation_config.json', signal);
  return endTokens(config, { generation, own });
}
