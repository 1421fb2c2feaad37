/** Banks of questions that are shipped with the page, as plain files. */
import type { Bank } from '../../gasp/bank.ts';

/** Loads `banks/<name>.json`. Throws with a sentence for a person. */
export async function loadBank(name: string, signal?: AbortSignal): Promise<Bank> {
  const address = `${import.meta.env.BASE_URL}banks/${name}.json`;
  const response = await fetch(address, signal ? { signal } : {});
  if (!response.ok) throw new Error(`The bank "${name}" did not load (${response.status} for ${address}).`);
  try {
    return (await response.json()) as Bank;
  } catch {
    throw new Error(`The bank "${name}" is not JSON: the file at ${address} is damaged or incomplete.`);
  }
}
