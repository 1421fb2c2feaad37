/** Goalposts that say less than others: parts of another one, and those whose whole program was somebody's proposal. */
import type { RunState } from '../run/state.ts';

export interface ComparedGoalpost {
  id: string;
  title: string;
  /** Its lines stand, one after another, within the program of another of the run's goalposts. */
  isPart?: true;
  /** A valid proposal of the run has its program, or answers it: gives its outputs on all of its inputs. */
  wasProposed?: true;
}

export function comparedGoalposts(state: RunState): ComparedGoalpost[] {
  const bodies = state.goalposts.map(({ program }) => linesOf(program));
  const stones = [...state.iterations.flatMap((iteration) => iteration.stones), ...state.taught];
  const answered = new Set(stones.flatMap(({ reaches = [] }) => reaches));
  // Runs from before proposals were tried on goalposts tell of the same programs at least.
  const programs = new Set(
    stones.flatMap(({ proposal: { question } }) => (question ? [linesOf(question.program).join('\n')] : [])),
  );
  return state.goalposts.map(({ id, title }, i): ComparedGoalpost => {
    const own = bodies[i]!;
    const isPart = bodies.some((other) => other.length > own.length && contains(other, own));
    const wasProposed = answered.has(id) || (own.length > 0 && programs.has(own.join('\n')));
    return { id, title, ...(isPart && { isPart }), ...(wasProposed && { wasProposed }) };
  });
}

/** A function's lines without comments, its head, and a last one that only returns a variable. */
function linesOf(program: string): string[] {
  const lines = program
    .split('\n')
    .map((line) => line.replace(/\s*#.*$/, '').trim())
    .filter((line) => line !== '' && !/^def f\(/.test(line));
  return /^return \w+$/.test(lines.at(-1) ?? '') ? lines.slice(0, -1) : lines;
}

const contains = (whole: readonly string[], part: readonly string[]) =>
  part.length > 0 && whole.some((_, from) => part.every((line, i) => whole[from + i] === line));
