/** The work of the rollout race. */
import { microDialect } from '../src/dialects/micro/dialect.ts';
import { type Bank, evenly } from '../src/gasp/bank.ts';
import { endTokens, type Tokenizer } from 'onnx-lora';
import { Random } from 'onnx-lora/random';

/**
 * `answers`: rollouts as self-play has them, answers to goalposts that end where the model ends them.
 * `random`: prompts of random tokens and equally many new tokens for each row, so that samples have nothing
 * in common and none ends early.
 */
export type WorkKind = 'answers' | 'random';

export interface RolloutWork {
  prompts: number[][];
  stop: ReadonlySet<number>;
  /** Most new tokens of a row; without stop tokens, exactly so many. */
  newTokens: number;
}

export interface WorkOptions {
  kind: WorkKind;
  prompts: number;
  /** Tokens to sample, for random work. */
  newTokens: number;
  bank: Bank;
  tokenizer: Tokenizer;
  /** The repository's config.json. */
  config: Record<string, unknown>;
}

export function rolloutWork({
  kind,
  prompts: n,
  newTokens,
  bank,
  tokenizer,
  config,
}: WorkOptions): RolloutWork {
  if (kind === 'answers') {
    const dialect = microDialect();
    return {
      prompts: evenly(bank.goalposts, n).map((question) =>
        tokenizer.encode(dialect.solvePrompt({ type: 'induction', question })),
      ),
      stop: endTokens(config),
      newTokens: dialect.maxTokens.answer,
    };
  }
  const vocabulary = Number(config.vocab_size);
  const random = Random.for(1, 'prompts');
  const prompts = Array.from({ length: n }, () =>
    // 50 to 100 tokens. What they say does not matter for speed.
    Array.from({ length: 50 + random.int(51) }, () => 3 + random.int(vocabulary - 3)),
  );
  return { prompts, stop: new Set(), newTokens };
}
