/** Fixed questions by depth: the same ones every time, so that checkpoints can be compared. */
import { Random } from 'onnx-lora/random';
import { type MicroProblem, sampleProblem } from './world.ts';

const seed = 20260315;

/** The first `count` problems of a depth; asking for more never changes the earlier ones. */
export function evaluationProblems(depth: number, count: number): MicroProblem[] {
  return Array.from({ length: count }, (_, i) =>
    sampleProblem(Random.for(seed, 'evaluation', depth, i), depth),
  );
}
