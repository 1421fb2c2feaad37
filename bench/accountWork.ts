/** What the account of a decoder from the Hub has it do: the same prompts on Node and in the page. */
import { chatDialect } from '../src/dialects/chat/dialect.ts';
import { type Bank, evenly } from '../src/gasp/bank.ts';
import type { Tokenizer } from 'onnx-lora';
import { Random } from 'onnx-lora/random';

/**
 * `short`: one sentence each. `teacher`: requests for lemmas along one axis, of questions with one type of input,
 * which share their exchanges.
 */
export type PromptKind = 'short' | 'teacher';

/** Tokens of the prompts where the model has no tokenizer: those that all share, and those of each. */
const WITHOUT_TOKENIZER: Record<PromptKind, { shared: number; own: number }> = {
  short: { shared: 24, own: 16 },
  teacher: { shared: 560, own: 160 },
};

export interface WorkModel {
  tokenizer: Tokenizer | undefined;
  vocabulary: number;
  bank: Bank;
}

/** Token ids of `count` prompts. */
export function accountPrompts(kind: PromptKind, count: number, model: WorkModel): number[][] {
  const { tokenizer, vocabulary, bank } = model;
  if (!tokenizer) {
    const random = Random.for(1, kind);
    const tokens = (n: number) => Array.from({ length: n }, () => random.int(vocabulary));
    const { shared, own } = WITHOUT_TOKENIZER[kind];
    const beginning = tokens(shared);
    return Array.from({ length: count }, () => [...beginning, ...tokens(own)]);
  }
  const dialect = chatDialect();
  return evenly(bank.goalposts, count).map((question) =>
    tokenizer.encode(
      kind === 'teacher'
        ? dialect.lemmaPrompt(question, 'f')
        : [{ role: 'user', content: `Write a Python function: ${question.title}` }],
    ),
  );
}
