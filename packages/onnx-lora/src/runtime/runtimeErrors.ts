/**
 * What it means when ONNX Runtime fails. It throws plain errors, so that their texts, ONNX Runtime's own and
 * the browser's behind them, are all there is to go by: they are recognized here and nowhere else.
 */
import { LoraError } from '../errors.ts';
import type { GraphSession } from './runtime.ts';

type Provider = 'webgpu' | 'wasm' | 'cpu';

/** What a pass fails with whose device is gone: it says so, or cannot read its result back. */
const LOST =
  /device (?:is |was )?lost|lost (?:the )?(?:gpu)?device|DEVICE_(?:LOST|REMOVED|HUNG)|external Instance reference|failed to download data from buffer|unmapped before mapping was resolved/i;
const FULL =
  /bad_alloc|out of memory|\bOOM\b|allocation failed|failed to allocate|memory access out of bounds/i;

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error)).trim();

/** In the middle of a run: a GPU that was lost, memory that ran out; any other error as it is. */
export function runError(error: unknown, provider: Provider): unknown {
  const text = textOf(error);
  if (provider === 'webgpu' && LOST.test(text)) {
    return new LoraError('gpu-lost', {}, 'The GPU was lost in the middle of a pass.', { cause: error });
  }
  if (FULL.test(text)) {
    return new LoraError('memory-full', { backend: provider }, `Memory ran out on ${provider}.`, {
      cause: error,
    });
  }
  return error;
}

/** A graph that could not be opened. */
export function openingError(error: unknown, provider: Provider): LoraError {
  const message = `ONNX Runtime could not prepare the model on ${provider}: ${textOf(error)}`;
  return new LoraError('backend-failed', { backend: provider }, message, { cause: error });
}

/** The session with its errors told apart. */
export function explained(session: GraphSession, provider: Provider): GraphSession {
  const explain = (error: unknown): never => {
    throw runError(error, provider);
  };
  return {
    ...session,
    run: (feeds, fetches) => session.run(feeds, fetches).catch(explain),
    runKeeping: (feeds, fetches) => session.runKeeping(feeds, fetches).catch(explain),
  };
}
