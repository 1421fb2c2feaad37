/**
 * The themed bank: questions made of idioms, pairs of operations that belong together. Training and
 * held-out questions share the idioms but no combination of them.
 */
import { programSource } from '../src/dialects/micro/microText.ts';
import { type Operation, operationById, operations } from '../src/dialects/micro/operations.ts';
import type { Bank } from '../src/gasp/bank.ts';
import type { Question } from '../src/gasp/question.ts';
import { Random } from 'onnx-lora/random';
import { poseProgram, type MicroProblem, questionOf } from './world.ts';

/** Ids of two operations, in the order in which they are applied. */
export type Idiom = [first: string, second: string];

export interface ThemedBank extends Bank {
  idioms: Idiom[];
}

/** How the model fared on a pair of operations, as a program of two lines. */
export interface IdiomPassRate {
  idiom: Idiom;
  /** pass@1, over several questions with this program. */
  passRate: number;
}

const seed = 20260315;
const idiomCount = 12;
const passBand = { low: 0.05, high: 0.5 };

/** Pairs of operations that can be asked about, each with problems to measure its pass rate on. */
export function candidateIdioms(problemsPerIdiom: number): { idiom: Idiom; problems: MicroProblem[] }[] {
  const candidates: { idiom: Idiom; problems: MicroProblem[] }[] = [];
  for (const first of operations) {
    for (const second of operations) {
      if (first === second) continue;
      const rng = Random.for(seed, 'candidate', first.id, second.id);
      const problems: MicroProblem[] = [];
      while (problems.length < problemsPerIdiom) {
        const problem = poseProgram(rng, [first, second], 'ordinary', 40);
        if (!problem) break;
        problems.push(problem);
      }
      if (problems.length === problemsPerIdiom) {
        candidates.push({ idiom: [first.id, second.id], problems });
      }
    }
  }
  return candidates;
}

/**
 * The rule: pairs that the model solves now and then (pass@1 from 0.05 to 0.5), taken in an order that
 * a fixed seed shuffles, each operation in at most one idiom. Throws when fewer than twelve remain.
 */
export function chooseIdioms(passRates: readonly IdiomPassRate[], count = idiomCount): Idiom[] {
  // Sorted first, so that the choice does not depend on the order in which pairs were measured.
  const candidates = passRates
    .filter(({ passRate }) => passRate >= passBand.low && passRate <= passBand.high)
    .map(({ idiom }) => idiom)
    .sort((a, b) => (a.join() < b.join() ? -1 : 1));
  const used = new Set<string>();
  const chosen: Idiom[] = [];
  for (const idiom of Random.for(seed, 'idioms').shuffle(candidates)) {
    if (chosen.length === count) break;
    if (idiom.some((id) => used.has(id))) continue;
    for (const id of idiom) used.add(id);
    chosen.push(idiom);
  }
  if (chosen.length < count) {
    throw new Error(
      `Only ${chosen.length} of ${count} idioms: ${candidates.length} pairs have a pass rate from ` +
        `${passBand.low} to ${passBand.high}. Train the model for longer or measure more pairs.`,
    );
  }
  return chosen;
}

/** The parts of a question; the shape also names its difficulty. */
type Shape = 'idiom' | 'idiom + 1' | 'idiom + 2' | 'idiom + 3' | 'pair' | 'pair + 1' | 'triple';
type Part = 'train' | 'heldout' | 'validation';
const trainingShapes: [Shape, number][] = [
  ['idiom', 120],
  ['idiom + 1', 250],
  ['pair', 150],
  ['pair + 1', 51],
  ['triple', 30],
];
const heldoutShapes: [Shape, number][] = [
  ['idiom', 36],
  ['idiom + 1', 84],
  ['pair', 96],
];
/**
 * Single idioms with other inputs; idioms with one to three more, in combinations that neither part above has. Those of
 * four and five lines are there to see length: what a choice between checkpoints or settings does to goalposts.
 */
const validationShapes: [Shape, number][] = [
  ['idiom', 24],
  ['idiom + 1', 84],
  ['idiom + 2', 54],
  ['idiom + 3', 54],
];
/** Share of the combinations that is kept for the held-out questions, where there is a choice. */
const heldoutShare = 1 / 3;
/** Questions with the same program and other inputs. A single idiom has no combination to vary. */
const repeatsPerProgram = 60;

interface Recipe {
  program: Operation[];
  idioms: Idiom[];
}

/**
 * Builds the bank of 601 training and 216 held-out questions, its goalposts yet to be mined. Throws when
 * the idioms are too few for it.
 */
export function buildBank(idioms: readonly Idiom[]): ThemedBank {
  const themes: Recipe[] = idioms.map((idiom) => ({ program: idiom.map(operationById), idioms: [idiom] }));
  const pairs = split(
    themes.flatMap((a) => themes.filter((b) => b !== a).map((b) => join(a, b))),
    'pairs',
  );
  const withOne = split(
    themes.flatMap((theme) => operations.flatMap((operation) => besides(theme, operation))),
    'one more',
    // The three lines at either end of a pair are an idiom and one more: such a program is trained on.
    new Set(pairs.training.flatMap(({ program }) => [key(program.slice(0, 3)), key(program.slice(-3))])),
  );
  const training: Partial<Record<Shape, Recipe[]>> = {
    idiom: themes,
    'idiom + 1': withOne.training,
    pair: pairs.training,
    // Both its pair and its idiom with the operation beside it are combinations of the training side.
    'pair + 1': extensions(pairs.training, withOne.training),
    triple: triples(pairs.training, themes),
  };
  const heldout: Partial<Record<Shape, Recipe[]>> = {
    idiom: themes,
    'idiom + 1': withOne.heldout,
    pair: pairs.heldout,
  };
  const seen = new Set<string>();
  const posed = (shapes: [Shape, number][], recipes: Partial<Record<Shape, Recipe[]>>, part: Part) =>
    shapes.flatMap(([shape, count]) => pose(recipes[shape]!, shape, count, part, seen));
  const questions = posed(trainingShapes, training, 'train');
  const tested = posed(heldoutShapes, heldout, 'heldout');
  const programs = new Set(tested.map(({ program }) => program));
  const untested = withOne.heldout.filter(({ program }) => !programs.has(programSource(program)));
  const validation = {
    ...heldout,
    'idiom + 1': untested,
    'idiom + 2': around(withOne.heldout),
    'idiom + 3': withAny(around(withOne.heldout)),
  };
  return {
    name: 'micro',
    title: 'List idioms',
    description:
      'Functions over lists of integers, two to six operations each, made of ' +
      `${idioms.length} idioms (pairs of operations that belong together). Held-out questions use the same ` +
      'idioms in combinations that no training question has.',
    idioms: idioms.map(([first, second]) => [first, second]),
    goalposts: [],
    questions,
    heldout: tested,
    validation: posed(validationShapes, validation, 'validation'),
  };
}

const join = (a: Recipe, b: Recipe): Recipe => ({
  program: [...a.program, ...b.program],
  idioms: [...a.idioms, ...b.idioms],
});

const besides = (theme: Recipe, operation: Operation): Recipe[] => [
  { program: [...theme.program, operation], idioms: theme.idioms },
  { program: [operation, ...theme.program], idioms: theme.idioms },
];

const key = (program: readonly Operation[]): string => program.map((operation) => operation.id).join();

/** Divides programs between the two parts; those whose key is in `trained` go to the training part. */
function split(
  recipes: readonly Recipe[],
  label: string,
  trained: ReadonlySet<string> = new Set(),
): { training: Recipe[]; heldout: Recipe[] } {
  // Three operations can be read as an idiom and one more in two ways: they count once.
  const unique = [...new Map(recipes.map((recipe) => [key(recipe.program), recipe])).values()];
  const forced = unique.filter((recipe) => trained.has(key(recipe.program)));
  const free = Random.for(seed, 'split', label).shuffle(
    unique.filter((recipe) => !trained.has(key(recipe.program))),
  );
  const cut = Math.round(free.length * heldoutShare);
  return { training: [...forced, ...free.slice(cut)], heldout: free.slice(0, cut) };
}

function extensions(pairs: readonly Recipe[], withOne: readonly Recipe[]): Recipe[] {
  const allowed = new Set(withOne.map((recipe) => key(recipe.program)));
  return pairs.flatMap((pair) =>
    operations.flatMap((operation) =>
      besides(pair, operation).filter(({ program }) =>
        allowed.has(key(program[0] === operation ? program.slice(0, 3) : program.slice(-3))),
      ),
    ),
  );
}

/** An idiom between two operations, each of which is no combination of the training side with it. */
function around(withOne: readonly Recipe[]): Recipe[] {
  const after = withOne.filter(({ program, idioms: [idiom] }) => key(program).startsWith(idiom!.join()));
  const before = withOne.filter(({ program, idioms: [idiom] }) => key(program).endsWith(idiom!.join()));
  return before.flatMap((start) =>
    after
      .filter(({ idioms: [idiom] }) => idiom === start.idioms[0])
      .map(({ program, idioms }) => ({ program: [...start.program, program[2]!], idioms })),
  );
}

/** With any operation after them, drawn once for each by a fixed seed. */
function withAny(recipes: readonly Recipe[]): Recipe[] {
  const random = Random.for(seed, 'any');
  return recipes.map(({ program, idioms }) => ({ program: [...program, random.pick(operations)], idioms }));
}

function triples(pairs: readonly Recipe[], themes: readonly Recipe[]): Recipe[] {
  const allowed = new Set(pairs.map((pair) => key(pair.program)));
  return pairs.flatMap((pair) =>
    themes
      .map((theme) => join(pair, theme))
      .filter(({ program, idioms }) => allowed.has(key(program.slice(2))) && idioms[2] !== idioms[0]),
  );
}

/** Poses recipes in a shuffled order, again and again with new inputs, until there are `count` questions. */
function pose(
  recipes: readonly Recipe[],
  shape: Shape,
  count: number,
  part: Part,
  seen: Set<string>,
): Question[] {
  const order = Random.for(seed, part, shape, 'order').shuffle(recipes);
  const questions: Question[] = [];
  for (let round = 0; round < repeatsPerProgram; round++) {
    for (const { program, idioms } of order) {
      if (questions.length === count) return questions;
      const rng = Random.for(seed, part, shape, key(program), round);
      const problem = poseProgram(rng, program, 'ordinary', 60);
      if (!problem) continue;
      const text = programSource(program) + JSON.stringify(problem.inputs);
      if (seen.has(text)) continue;
      seen.add(text);
      const id = `micro-${part}-${shape.replaceAll(' ', '')}-${String(questions.length + 1).padStart(3, '0')}`;
      const names = idioms.map((idiom) => idiom.join(' > ')).join('; ');
      questions.push(questionOf(problem, id, { shape, idioms: names, part }));
    }
  }
  if (questions.length === count) return questions;
  throw new Error(
    `${recipes.length} programs of shape "${shape}" gave ${questions.length} of ${count} ${part} questions: ` +
      'these idioms seldom combine.',
  );
}
