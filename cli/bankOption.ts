/** What `--bank` names: a bank of this project, or a benchmark's own file, which becomes one. */
import { basename } from 'node:path';
import { describeFault } from '../src/banks/problem.ts';
import { readBank as readProblems } from '../src/banks/readBank.ts';
import { toQuestions } from '../src/banks/toQuestions.ts';
import type { Bank } from '../src/gasp/bank.ts';
import type { Question } from '../src/gasp/question.ts';
import { NodeJudge } from '../src/python/nodeJudge.ts';
import { Random } from 'onnx-lora/random';
import { checkBank, SHIPPED_BANK } from './settings.ts';
import { readTextFile } from './textFile.ts';
import { numberOption, UsageError } from './usage.ts';

export const BANK_OPTIONS = {
  bank: { type: 'string' },
  heldout: { type: 'string' },
  validation: { type: 'string' },
} as const;

export const BANK_USAGE = `  --bank FILE       a bank with mined goalposts, or a benchmark's own file (LiveCodeBench, HumanEval, MBPP, ...; default:
                    the shipped bank)
  --heldout N, --validation N   of a benchmark's file: so many problems are held out, and for choosing checkpoints, the
                    same for every seed (default: a fifth, and a tenth); all others are goalposts and questions`;

type BankValues = { [name in keyof typeof BANK_OPTIONS]?: string | undefined };

/** Throws `UsageError`. `hear` is told what of a benchmark's file is left out, and why. */
export async function openBank(
  { bank: file = SHIPPED_BANK, heldout, validation }: BankValues,
  hear: (line: string) => void,
): Promise<Bank> {
  const text = await readTextFile('bank', file);
  const own = readOwn(text);
  if (own) {
    if (heldout !== undefined || validation !== undefined)
      throw new UsageError(
        `--heldout and --validation split a benchmark's file; ${file} is a bank with its own.`,
      );
    return checkBank(own, file);
  }
  const { problems, faults } = await readProblems(text);
  for (const fault of faults) hear(`${file}: ${describeFault(fault)}`);
  const name = basename(file)
    .replace(/\.gz$/, '')
    .replace(/\.\w+$/, '');
  let judge: NodeJudge | undefined;
  try {
    const open = async () => {
      judge ??= new NodeJudge();
      return judge;
    };
    const { questions, left } = await toQuestions(problems, name, open);
    for (const { problem, why } of left) hear(`${file}: ${problem.id} is left out. ${why}`);
    if (questions.length === 0) throw new UsageError(`--bank: ${file} holds no problem that could be read.`);
    const number = (option: 'heldout' | 'validation', value: string | undefined, share: number) =>
      value === undefined
        ? Math.floor(questions.length * share)
        : numberOption(option, value, { max: questions.length });
    return split(
      name,
      questions,
      number('heldout', heldout, 1 / 5),
      number('validation', validation, 1 / 10),
    );
  } finally {
    await judge?.dispose();
  }
}

/** A bank of this project, whatever is wrong with it; undefined for any other file. */
function readOwn(text: string): Bank | undefined {
  try {
    const value = JSON.parse(text) as Bank | null;
    return typeof value === 'object' && value !== null && 'goalposts' in value ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The same problems are held out whatever the order of the rows, and whatever a run's seed. */
function split(name: string, questions: readonly Question[], heldout: number, validation: number): Bank {
  const drawn = Random.for(0, 'split')
    .shuffle(questions.map(({ id }) => id).sort())
    .slice(0, heldout + validation);
  const [out, unseen] = [new Set(drawn.slice(0, heldout)), new Set(drawn.slice(heldout))];
  const rest = questions.filter(({ id }) => !out.has(id) && !unseen.has(id));
  if (rest.length === 0)
    throw new UsageError(
      `--heldout and --validation take all ${questions.length} problems: none is left to aim at.`,
    );
  return {
    name,
    title: name,
    description: `${questions.length} problems: ${rest.length} to aim at, ${heldout} held out, ${validation} for choosing checkpoints.`,
    goalposts: rest,
    questions: rest,
    heldout: questions.filter(({ id }) => out.has(id)),
    validation: questions.filter(({ id }) => unseen.has(id)),
  };
}
