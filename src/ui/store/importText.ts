/** Text of a bank's file to questions, with a judge of its own where outputs have to be computed. */
import { readBank } from '../../banks/readBank.ts';
import type { RowFault } from '../../banks/problem.ts';
import { type SplitQuestions, splitQuestions } from '../../banks/splitQuestions.ts';
import { type ImportedQuestions, toQuestions } from '../../banks/toQuestions.ts';
import { openSandbox } from '../../python/sandbox.ts';
import { SandboxJudge } from '../../python/sandboxJudge.ts';

export async function importText(
  text: string,
  name: string,
  onStage: (stage: string) => void,
): Promise<SplitQuestions & Pick<ImportedQuestions, 'left'> & { faults: RowFault[] }> {
  const { problems, faults } = await readBank(text);
  const sandbox = openSandbox(document);
  let judge: SandboxJudge | undefined;
  try {
    const open = async () => {
      onStage('Running the solutions');
      // As patient as the one that judges answers: a solution that takes longer is no question here.
      judge = new SandboxJudge(sandbox.port);
      return judge;
    };
    const source = name.replace(/^.*\//, '').replace(/\.\w+(?:\.gz)?$/, '');
    const { questions, left } = await toQuestions(problems, source, open);
    const split = splitQuestions(questions);
    const tagged = (part: 'heldout' | 'validation') =>
      split[part].map((question) => ({ ...question, tags: { ...question.tags, split: part } }));
    return { ...split, heldout: tagged('heldout'), validation: tagged('validation'), left, faults };
  } finally {
    await judge?.dispose();
    sandbox.close();
  }
}
