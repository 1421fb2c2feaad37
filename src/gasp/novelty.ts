/** The novelty filter: without it, late proposals collapse onto each other (GASP, ablations). */
import type { ValueTable } from '../pytext/sameValue.ts';
import { cosine } from './embedding.ts';
import type { Question } from './question.ts';
import { type Comparable, embedWhole, type QuestionEmbedding, similarity } from './similarity.ts';

/** What is compared: whole questions, or their programs and texts alone, whatever the inputs. */
export type NoveltyScope = 'questions' | 'programs';

/** The questions accepted so far, over the whole run. */
export class NoveltyBuffer {
  private readonly entries: { embedding: QuestionEmbedding; question: Question }[] = [];
  private values: ValueTable = new Map();

  constructor(
    accepted: readonly Question[] = [],
    private readonly scope: NoveltyScope = 'questions',
  ) {
    for (const question of accepted) this.add(question);
  }

  /** In the order in which they were accepted. */
  get questions(): Question[] {
    return this.entries.map((entry) => entry.question);
  }

  add(question: Question): void {
    this.entries.push({ embedding: embedWhole(question, this.values), question });
  }

  /** A copy that can grow without changing this buffer, of the `last` questions accepted; 0: of all. */
  fork(last = 0): NoveltyBuffer {
    const copy = new NoveltyBuffer([], this.scope);
    copy.values = this.values;
    copy.entries.push(...this.entries.slice(-last || 0));
    return copy;
  }

  /** The most similar question of the buffer; similarity 0 when it is empty. */
  nearest(question: Comparable): { similarity: number; id?: string } {
    const embedding = embedWhole(question, this.values);
    let best: { similarity: number; id?: string } = { similarity: 0 };
    for (const entry of this.entries) {
      const alike =
        this.scope === 'programs'
          ? cosine(embedding.program, entry.embedding.program)
          : similarity(embedding, entry.embedding);
      if (alike > best.similarity) best = { similarity: alike, id: entry.question.id };
    }
    return best;
  }
}
