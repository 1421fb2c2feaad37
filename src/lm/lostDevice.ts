/** What it means when ONNX Runtime fails in the middle of a run, and what a person can do. */
import { BackendError } from './runtime.ts';

/** What a pass fails with whose device is gone: it says so, or cannot read its result back. */
const LOST =
  /device (?:is |was )?lost|lost (?:the )?(?:gpu)?device|DEVICE_(?:LOST|REMOVED|HUNG)|external Instance reference|failed to download data from buffer|unmapped before mapping was resolved/i;
const FULL = /bad_alloc|out of memory|OOM|allocation failed|failed to allocate|memory access out of bounds/i;

/** A `BackendError` for a GPU that was lost and for memory that ran out; any other error as it is. */
export function runError(error: unknown, provider: 'webgpu' | 'wasm'): unknown {
  const message = error instanceof Error ? error.message : String(error);
  if (provider === 'webgpu' && LOST.test(message)) {
    return new BackendError(
      'The browser lost the GPU in the middle of a pass',
      'Everything up to the last finished iteration is stored: reload the page and resume the run. If it happens again, lower the tokens in one pass or adapt fewer layers.',
      { cause: error },
    );
  }
  if (FULL.test(message)) {
    return new BackendError(
      `Memory ran out on ${provider}`,
      'Everything up to the last finished iteration is stored: lower the tokens in one pass, adapt fewer layers or choose a smaller model, then resume the run.',
      { cause: error },
    );
  }
  return error;
}
