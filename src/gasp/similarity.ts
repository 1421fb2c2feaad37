/**
 * How alike two questions are, as a student meets them: by the pairs that it is judged on, and by the program
 * behind these together with the inputs.
 *
 * Two cosines, of which the larger counts. The first is that of the pairs of input and output: whatever the program's
 * text, the same outputs on the same inputs are the same question. The second is that of the programs
 * (`embedding.ts`), of which a part goes with the share of inputs in common: the same program on other inputs is
 * new practice, on the same inputs a copy in other words. As a product of cosines it is the cosine of a product
 * of the two spaces.
 */
import { readValue, type ValueTable } from '../pytext/sameValue.ts';
import { pythonStatements } from '../pytext/tokens.ts';
import { cosine, type Embedding, embedQuestion } from './embedding.ts';
import type { Question } from './question.ts';

/** What the comparison reads of a question. */
export type Comparable = Pick<Question, 'title' | 'message' | 'program' | 'inputs' | 'outputs'>;

/**
 * What of the similarity of programs is left where no input is in common: below any usual threshold. Equal programs
 * pass 0.95 with more than half of their inputs in common.
 */
const ON_OTHER_INPUTS = 0.9;

export interface QuestionEmbedding {
  program: Embedding;
  inputs: Embedding;
  pairs: Embedding;
}

/** `values` names Python's values: embeddings can be compared where they were made with the same one. */
export function embedWhole(question: Comparable, values: ValueTable): QuestionEmbedding {
  const inputs = question.inputs.map((input) => {
    const source = input.replace(/,\s*$/, '');
    return nameOf(`(${source}\n,)`, values) ?? textOf(source);
  });
  const pairs = inputs.map((input, i) => {
    const output = question.outputs[i] ?? '';
    return `${input} -> ${nameOf(output, values) ?? textOf(output)}`;
  });
  return { program: embedQuestion(question), inputs: embedSet(inputs), pairs: embedSet(pairs) };
}

/** In [0, 1]; 1 for the same question. */
export function similarity(a: QuestionEmbedding, b: QuestionEmbedding): number {
  const program = cosine(a.program, b.program);
  const common = cosine(a.inputs, b.inputs);
  return Math.max(cosine(a.pairs, b.pairs), program * (ON_OTHER_INPUTS + (1 - ON_OTHER_INPUTS) * common));
}

/** Equal values have the same name, however they are written; undefined for what is no plain value. */
function nameOf(source: string, values: ValueTable): string | undefined {
  const value = readValue(source, values);
  return value && `#${value.id}`;
}

/** An expression, or a list of them, without layout and style of quotes. */
function textOf(source: string): string {
  const tokens = pythonStatements(`(${source})`).flatMap((statement) => statement.tokens);
  return tokens.map(({ text }) => text).join(' ');
}

function embedSet(features: readonly string[]): Embedding {
  const distinct = new Set(features);
  return new Map([...distinct].map((feature) => [feature, 1 / Math.sqrt(distinct.size)]));
}
