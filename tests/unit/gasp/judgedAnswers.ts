/** Answers that are there already, judged together. */
import type { Attempt, Task } from '../../../src/gasp/question.ts';
import { AnswerJudge, type Judging } from '../../../src/gasp/solving.ts';

export function judgeAnswers(
  list: readonly { task: Task; text: string }[],
  judging: Judging,
): Promise<Attempt[]> {
  const answers = new AnswerJudge(judging);
  return Promise.all(list.map(({ task, text }) => answers.judge(task, text)));
}
