/** Answers in a folder as EvalPlus keeps them: one folder a task, named after it, and in it a file a sample. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** As JSON Lines; the samples of a task in the order of their numbers. */
export function readAnswerFolder(folder: string): string {
  const rows: string[] = [];
  for (const task of readdirSync(folder, { withFileTypes: true })) {
    if (!task.isDirectory()) continue;
    const files = readdirSync(join(folder, task.name)).filter((name) => name.endsWith('.py'));
    files.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
    for (const file of files) {
      const solution = readFileSync(join(folder, task.name, file), 'utf8');
      rows.push(JSON.stringify({ task_id: task.name.replaceAll('_', '/'), solution }));
    }
  }
  return rows.join('\n');
}
