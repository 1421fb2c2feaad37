/** What `--bank` names: a bank of this project, or a benchmark's own file, which becomes one. */
import { basename } from 'node:path';
import { describeFault } from '../src/banks/problem.ts';
import { readBank as readProblems } from '../src/banks/readBank.ts';
import { splitQuestions } from '../src/banks/splitQuestions.ts';
import { toQuestions } from '../src/banks/toQuestions.ts';
import type { Bank } from '../src/gasp/bank.ts';
import { NodeJudge } from '../src/python/nodeJudge.ts';
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
                    same for every seed (default: of 20 or more a fifth, and a tenth); all others are goalposts and
                    questions`;

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
    const number = (option: 'heldout' | 'validation', value: string | undefined) =>
      value === undefined ? {} : { [option]: numberOption(option, value, { max: questions.length }) };
    const split = splitQuestions(questions, {
      ...number('heldout', heldout),
      ...number('validation', validation),
    });
    if (split.questions.length === 0) {
      throw new UsageError(
        `--heldout and --validation take all ${questions.length} problems: none is left to aim at.`,
      );
    }
    const [aims, out, unseen] = [split.questions, split.heldout, split.validation].map(
      ({ length }) => length,
    );
    return {
      ...{ name, title: name, ...split, goalposts: split.questions },
      description: `${questions.length} problems: ${aims} to aim at, ${out} held out, ${unseen} for choosing checkpoints.`,
    };
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
