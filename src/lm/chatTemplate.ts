/** The chat template of a repository: found where exporters put it, and applied. */
import type { ChatMessage } from '../gasp/ports.ts';
import { MissingFileError, ModelFileError, readJson, type RepositoryFiles } from './repository.ts';

/** One template, or several by name (transformers' list of `{ name, template }`). */
export type ChatTemplate = string | { name: string; template: string }[];

/**
 * `tokenizer_config.json` holds it in older exports, `chat_template.jinja` in newer ones, and
 * `chat_template.json` in some between. Undefined where the model has none.
 */
export async function readChatTemplate(
  files: RepositoryFiles,
  tokenizerConfig: Record<string, unknown>,
  signal?: AbortSignal,
): Promise<ChatTemplate | undefined> {
  if (tokenizerConfig.chat_template) return tokenizerConfig.chat_template as ChatTemplate;
  const options = signal ? { signal } : {};
  const jinja = await present(files.read('chat_template.jinja', options));
  if (jinja) return new TextDecoder().decode(jinja);
  const json = await present(readJson(files, 'chat_template.json', signal));
  return typeof json?.chat_template === 'string' ? json.chat_template : undefined;
}

async function present<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof MissingFileError) return undefined;
    throw error;
  }
}

type Content = string | { type: 'text'; text: string }[];
type Messages = { role: ChatMessage['role']; content: Content }[];
export type Render = (messages: Messages) => string;

/**
 * The messages as the model's text, up to where its answer begins. Templates that know no system role
 * get its text with the first message of the user, and those that want a message in parts get one part.
 */
export function applyChatTemplate(render: Render, messages: readonly ChatMessage[]): string {
  let failure: unknown;
  for (const variant of [messages, withoutSystem(messages), inParts(messages)]) {
    try {
      const text = render(variant as Messages);
      // A template made for another form of messages may leave the text out without a word.
      if (messages.every(({ content }) => text.includes(content.trim()))) return text;
    } catch (error) {
      failure ??= error;
    }
  }
  const why = failure instanceof Error ? failure.message : 'it leaves the messages out';
  throw new ModelFileError(`the model's chat template cannot be used here: ${why}`, { cause: failure });
}

function withoutSystem(messages: readonly ChatMessage[]): ChatMessage[] {
  const [first, second, ...rest] = messages;
  if (first?.role !== 'system' || second?.role !== 'user') return [...messages];
  return [{ role: 'user', content: `${first.content}\n\n${second.content}` }, ...rest];
}

const inParts = (messages: readonly ChatMessage[]): Messages =>
  messages.map(({ role, content }) => ({ role, content: [{ type: 'text', text: content }] }));

const SPEAKERS = { system: '', user: 'Question:\n', assistant: 'Answer:\n' };

/** Messages for a model without a template: a text that asks to be continued. */
export function plainChat(messages: readonly ChatMessage[]): string {
  const said = messages.map(({ role, content }) => `${SPEAKERS[role]}${content.trim()}\n\n`);
  return `${said.join('')}${SPEAKERS.assistant}`;
}

/** A last message of the assistant is where its answer begins: it follows what asks for the answer. */
export function withBegunAnswer(
  messages: readonly ChatMessage[],
  render: (messages: readonly ChatMessage[]) => string,
): string {
  const last = messages.at(-1);
  return last?.role === 'assistant' ? render(messages.slice(0, -1)) + last.content : render(messages);
}
