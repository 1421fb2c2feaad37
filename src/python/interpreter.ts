/** Messages between the pool and an interpreter, in a worker or a process. */

/** Programs to run: the JSON that the harness's `begin` takes, and the soft time limit of its first step. */
export interface Request {
  programs: { request: string; milliseconds: number }[];
}

export type InterpreterAnswer =
  | { type: 'ready' }
  /** A program of many steps has finished some more of them. */
  | { type: 'alive' }
  /** The result of the next program of the request, as JSON. */
  | { type: 'result'; result: string }
  /** The request is finished; `worn` interpreters hold so much memory that they had better go. */
  | { type: 'done'; worn: boolean }
  /** Python is gone for good; no more answers will come. `exit`: the status that it ended itself with. */
  | { type: 'crashed'; error: string; exit?: number };

/** An interpreter that can be killed at any time. Its events come through what `Spawn` was given. */
export interface Interpreter {
  post(request: Request): void;
  kill(): void;
  /** Milliseconds of processor time that it has used so far, where that can be told. */
  spent?(): number | undefined;
}

export interface InterpreterEvents {
  /** Not to be trusted: a program may have broken out and speak for the interpreter. */
  onAnswer(answer: unknown): void;
  /** The interpreter ended without having been killed, or never started. */
  onExit(reason: string): void;
}

export type Spawn = (events: InterpreterEvents) => Interpreter;
