/** A program on other inputs: another question with the same answer. */
import type { Random } from 'onnx-lora/random';
import { annotation } from '../pytext/annotation.ts';
import type { Dialect, Judge } from './ports.ts';
import type { Question } from './question.ts';
import { validateDraft } from './validation.ts';

/**
 * Each question with inputs drawn from those of `others`, of the type that its own have, and what its program gives
 * for them. A question stays as it is where no such inputs are left or its program makes no valid question of
 * those drawn: it raises, takes too long, or gives one value over and over.
 */
export async function withFreshInputs(
  questions: readonly Question[],
  others: readonly Question[],
  random: Random,
  tools: { judge: Judge; dialect: Dialect; signal?: AbortSignal },
): Promise<Question[]> {
  const { judge, dialect, signal } = tools;
  const pools = new Map<string | undefined, string[]>();
  for (const input of new Set(others.flatMap(({ inputs }) => inputs))) {
    const type = annotation([input]);
    const pool = pools.get(type) ?? [];
    pools.set(type, pool);
    pool.push(input);
  }
  const drawn = questions.map(({ inputs }) =>
    random.shuffle(pools.get(annotation(inputs)) ?? []).slice(0, dialect.inputs),
  );
  return Promise.all(
    questions.map(async (question, i) => {
      const { id, title, message, program } = question;
      const draft = { ok: true as const, value: { title, message, program, inputs: drawn[i]! } };
      const made = await validateDraft(draft, id, judge, dialect, signal ? { signal } : {});
      return 'question' in made ? made.question : question;
    }),
  );
}
