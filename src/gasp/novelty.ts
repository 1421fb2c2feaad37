/** The novelty filter: without it, late proposals collapse onto each other (GASP, ablations). */
import { cosine, type Embedding, embedQuestion } from './embedding.ts';
import type { Question } from './question.ts';

/** The questions accepted so far, over the whole run. */
export class NoveltyBuffer {
  private readonly entries: { embedding: Embedding; question: Question }[] = [];

  constructor(accepted: readonly Question[] = []) {
    for (const question of accepted) this.add(question);
  }

  /** In the order in which they were accepted. */
  get questions(): Question[] {
    return this.entries.map((entry) => entry.question);
  }

  add(question: Question): void {
    this.entries.push({ embedding: embedQuestion(question), question });
  }

  /** A copy that can grow without changing this buffer, of the `last` questions accepted; 0: of all. */
  fork(last = 0): NoveltyBuffer {
    const copy = new NoveltyBuffer();
    copy.entries.push(...this.entries.slice(-last || 0));
    return copy;
  }

  /** The most similar question of the buffer; similarity 0 when it is empty. */
  nearest(question: Pick<Question, 'title' | 'message' | 'program'>): { similarity: number; id?: string } {
    const embedding = embedQuestion(question);
    let best: { similarity: number; id?: string } = { similarity: 0 };
    for (const entry of this.entries) {
      const similarity = cosine(embedding, entry.embedding);
      if (similarity > best.similarity) best = { similarity, id: entry.question.id };
    }
    return best;
  }
}
