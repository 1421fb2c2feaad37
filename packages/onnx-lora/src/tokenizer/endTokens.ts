/** The tokens that end an answer. */
import { textConfig } from '../model/decoderNumbers.ts';
import { readJsonIfThere, type RepositoryFiles } from '../repository/repository.ts';

/** `eos_token_id`: one or several, in a configuration or in its decoder's part. Negative ones mean none. */
function said(config: Record<string, unknown>): number[] {
  for (const part of [config, textConfig(config)]) {
    const eos = part.eos_token_id;
    const list = (Array.isArray(eos) ? eos : [eos]).filter(
      (t): t is number => typeof t === 'number' && t >= 0,
    );
    if (list.length > 0) return list;
  }
  return [];
}

/**
 * As `generate` of transformers has them: those of generation_config.json, and those of config.json, which may
 * be older, only where that file is not there. The tokenizer's own end of a text (`own`) does not count beside
 * them; it ends answers where transformers has no end and would write until the limit.
 */
export function endTokens(
  config: Record<string, unknown>,
  { generation, own }: { generation?: Record<string, unknown> | undefined; own?: number | undefined } = {},
): Set<number> {
  const tokens = said(generation ?? config);
  return new Set(tokens.length > 0 || own === undefined ? tokens : [own]);
}

/** The end tokens of a repository whose config.json has been read. */
export async function readEndTokens(
  files: RepositoryFiles,
  config: Record<string, unknown>,
  own: number | undefined,
  signal?: AbortSignal,
): Promise<Set<number>> {
  const generation = await readJsonIfThere(files, 'generation_config.json', signal);
  return endTokens(config, { generation, own });
}
