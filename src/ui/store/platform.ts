/** Where the page stands: alone or in another page, and in a browser that may lack what running needs. */

import { isEmbed } from '../../share/address.ts';

/** A function of one SIMD instruction: ONNX Runtime's wasm consists of them. */
const SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98,
  11,
]);

/** The page shows a replay alone, as a part of another page. */
export const embedded = isEmbed(globalThis.location?.search ?? '');

/** Why nothing can run here; null where it can. */
export const cannotRun: string | null = lacking();

function lacking(): string | null {
  if (typeof WebAssembly !== 'object')
    return 'This browser has no WebAssembly, which models and Python run on; lockdown and strict security modes switch it off. Allow it for this site, or use another browser.';
  if (!WebAssembly.validate(SIMD))
    return 'This browser’s WebAssembly is too old for models (it has no SIMD). Update the browser, or use another one.';
  if (typeof Worker === 'undefined')
    return 'This browser has no workers, which runs are computed in. Update the browser, or use another one.';
  return null;
}
