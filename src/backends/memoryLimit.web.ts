/** How much memory a model may take in this browser. */

/** The wasm build's address space. */
const WASM = 4e9;

/** Bytes; what the browser says of the machine is rounded, and 8 GB at most. */
export function memoryLimit(backend: 'webgpu' | 'wasm'): number {
  const { deviceMemory = 8 } = globalThis.navigator as Navigator & { deviceMemory?: number };
  return backend === 'wasm' ? Math.min(WASM, deviceMemory * 1e9) : deviceMemory * 1e9;
}

/** Whether a real GPU can be had, and computes in half precision. */
export async function findGpu(): Promise<{ half: boolean } | undefined> {
  try {
    const adapter = await navigator.gpu?.requestAdapter();
    if (!adapter || adapter.info.isFallbackAdapter) return undefined;
    return { half: adapter.features.has('shader-f16') };
  } catch {
    return undefined;
  }
}
