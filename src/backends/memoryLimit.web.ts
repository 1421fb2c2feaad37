/** How much memory a model may take in this browser. */

/** The wasm build's address space. */
const WASM = 4e9;

/** Bytes; what the browser says of the machine is rounded, and 8 GB at most. */
export function memoryLimit(backend: 'webgpu' | 'wasm'): number {
  const { deviceMemory = 8 } = globalThis.navigator as Navigator & { deviceMemory?: number };
  return backend === 'wasm' ? Math.min(WASM, deviceMemory * 1e9) : deviceMemory * 1e9;
}

/** What a page asks of its GPU. */
export interface FoundGpu {
  /** Whether it is one: software adapters are far slower than wasm. */
  real: boolean;
  /** Whether it computes in half precision. */
  half: boolean;
  /** Bytes of the largest tensor that it takes. */
  largestTensor: number;
}

/** Bytes that one tensor may have: ONNX Runtime asks for all that the adapter offers, and binds a tensor as a whole. */
export function largestBuffer({ limits }: GPUAdapter): number {
  return Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
}

/** The GPU that the browser offers. */
export async function findGpu(): Promise<FoundGpu | undefined> {
  try {
    const adapter = (await navigator.gpu?.requestAdapter()) ?? undefined;
    return (
      adapter && {
        real: !adapter.info.isFallbackAdapter,
        half: adapter.features.has('shader-f16'),
        largestTensor: largestBuffer(adapter),
      }
    );
  } catch {
    return undefined;
  }
}
