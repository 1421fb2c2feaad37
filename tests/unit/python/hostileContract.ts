/** What no judge may let happen, whatever runs in it: hostile programs among good ones. */
import { expect, test } from 'vitest';
import type { Judge, ProgramRun } from '../../../src/gasp/ports.ts';
import { GOOD, HOSTILE, OBTAINED } from './hostile.ts';
import { callOf, PATIENCE } from './judgeContract.ts';

export interface Surroundings {
  /** Answers with a text that has "marlin" in it, and notes who asks. */
  address: string;
  /** A file with "marlin" in it, and a folder that must stay empty. */
  secret: string;
  folder: string;
  /** What was noticed outside: requests, files, messages. */
  noticed(): string[];
}

/** Data of somebody else, which runs first. */
const SECRET: ProgramRun = {
  program: 'kept = "swordfish marlin"\ndef f(x): return len(x)',
  inputs: ['"swordfish marlin " * 9'],
};

/** Values of the programs that answer instead of computing: what they really are. */
const HONEST: Record<string, string> = {
  'equal to everything': '<E>',
  'an int that prints another': '99',
  'a list that iterates otherwise': '[99]',
  'a dict that lists otherwise': '{99: 99}',
  'a class that lies': '<C>',
  'a printed verdict': '99',
};

export function hostileContract(judge: Judge, surroundings: () => Promise<Surroundings>): void {
  test(`${HOSTILE.length} hostile programs change no verdict of the good ones among them, and obtain nothing`, {
    timeout: PATIENCE * 2,
  }, async () => {
    const { address, secret, folder, noticed } = await surroundings();
    const x = JSON.stringify([address, secret, folder]).replace('[', '(').replace(/\]$/, ')');
    const runs: ProgramRun[] = [SECRET];
    const good: { at: number; value: string }[] = [];
    const bad: { at: number; name: string }[] = [];
    for (const [i, { name, program }] of HOSTILE.entries()) {
      bad.push({ at: runs.push({ program, inputs: [x] }) - 1, name });
      for (let k = 0; k < 3; k++) {
        const one = GOOD[(3 * i + k) % GOOD.length]!;
        good.push({ at: runs.push({ program: one.program, inputs: ['3'] }) - 1, value: one.value });
      }
    }
    const results = await judge.run(runs);
    expect(good.map(({ at }) => callOf(results[at]!))).toEqual(good.map(({ value }) => value));
    const said = new Map(bad.map(({ at, name }) => [name, callOf(results[at]!)]));
    for (const [name, value] of Object.entries(HONEST)) expect([name, said.get(name)]).toEqual([name, value]);
    for (const [name, value] of said) {
      expect([name, JSON.stringify(value)]).toEqual([name, expect.not.stringMatching(OBTAINED)]);
    }
    expect(noticed()).toEqual([]);
    // Whoever comes after them all is judged rightly too.
    expect((await judge.run(GOOD.map(({ program }) => ({ program, inputs: ['3'] })))).map(callOf)).toEqual(
      GOOD.map(({ value }) => value),
    );
  });
}
