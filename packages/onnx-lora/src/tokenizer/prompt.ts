/** Prompts. */

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}
/** Raw text for a model without a chat template, messages for one with. */
export type Prompt = string | ChatMessage[];
