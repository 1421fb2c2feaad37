/** Answers that the prompt begins. */
import type { Prompt } from './ports.ts';

/** The beginning of the answer to a chat: its last message, where that is the assistant's. */
export function beginningOf(prompt: Prompt | undefined): string {
  const last = typeof prompt === 'object' ? prompt.at(-1) : undefined;
  return last?.role === 'assistant' ? last.content : '';
}
