/** What a person can do about an error. */
import { BackendError } from '../lm/runtime.ts';
import { ModelTooBigError } from '../lm/memory.ts';
import { PeftError } from '../lm/peftConfig.ts';
import { ModelFileError } from '../lm/repository.ts';
import { DamagedCheckpointError } from '../run/checkpointFormat.ts';
import { RunLockedError, StorageFullError } from '../run/journal.ts';

/** A request that cannot be met, with what to do instead. */
export class LabError extends Error {
  override name = 'LabError';
  constructor(
    message: string,
    readonly advice: string,
  ) {
    super(message);
  }
}

/** What the model's text format has no tokens for. Named here since dialects bring their own class. */
const UNENCODABLE = 'UnencodableError';
/** A checkpoint that does not fit the loaded model. By name too: its class would bring the trainer along. */
const LAYOUT_MISMATCH = 'LayoutMismatchError';
/** A graph that cannot be trained through. */
const UNSUPPORTED_GRAPH = 'UnsupportedGraphError';

export function describeProblem(error: unknown): { message: string; advice: string } {
  const message = sentence(error instanceof Error ? error.message : String(error));
  if (error instanceof LabError) return { message, advice: error.advice };
  if (error instanceof BackendError) return { message, advice: error.advice };
  if (error instanceof PeftError) {
    return { message, advice: 'Nothing was changed. Choose another adapter, or go on without one.' };
  }
  if (error instanceof ModelTooBigError) {
    return {
      message,
      advice:
        'Nothing was downloaded. Choose a smaller model or dtype, adapters on the last layers only, or fewer tokens in a pass.',
    };
  }
  if (error instanceof Error && error.name === UNSUPPORTED_GRAPH) {
    return { message, advice: 'Choose another dtype of this model, or another export of it.' };
  }
  if (error instanceof ModelFileError) {
    return {
      message,
      advice:
        'Reload the page to load the model again. If it stays so, the site’s copy is damaged or incomplete.',
    };
  }
  if (error instanceof Error && error.name === LAYOUT_MISMATCH) {
    return { message, advice: 'Nothing was changed. Resume it with that model, or start a new run.' };
  }
  if (error instanceof RunLockedError) {
    return {
      message,
      advice: 'Pause it there or close that tab, then press Run here. A new run can start meanwhile.',
    };
  }
  if (error instanceof StorageFullError) {
    return {
      message,
      advice:
        'Everything up to the last finished iteration is stored. Export or delete runs that you no longer need, then press Run.',
    };
  }
  if (error instanceof DamagedCheckpointError) {
    return { message, advice: 'Go back to another checkpoint of this run, or start a new one.' };
  }
  if (error instanceof Error && error.name === UNENCODABLE) {
    return { message, advice: 'Choose goalposts that this model can read, or another model.' };
  }
  return {
    message,
    advice:
      'Everything up to the last finished iteration is stored: press Run. If it fails again, choose another backend.',
  };
}

/** Messages are shown with an advice after them: a capital (but for the name of a file) and a full stop. */
function sentence(text: string): string {
  const begun = /^[a-z]+[ ,:]/.test(text) ? text[0]!.toUpperCase() + text.slice(1) : text;
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
