/** Answers that are there already, judged together. */
import type { Dialect, Judge } from '../../../src/gasp/ports.ts';
import type { Attempt, Task } from '../../../src/gasp/question.ts';
import { AnswerJudge } from '../../../src/gasp/solving.ts';

export function judgeAnswers(
  list: readonly { task: Task; text: string }[],
  ports: { judge: Judge; dialect: Dialect },
): Promise<Attempt[]> {
  const answers = new AnswerJudge(ports.judge, ports.dialect);
  return Promise.all(list.map(({ task, text }) => answers.judge(task, text)));
}
