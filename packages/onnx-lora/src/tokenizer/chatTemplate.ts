/** The chat template of a repository: found where transformers finds it, and applied as transformers does. */
import type { ChatMessage } from './prompt.ts';
import { compileTemplate, TemplateError } from './jinja/template.ts';
import {
  ModelFileError,
  readIfThere,
  readJsonIfThere,
  type RepositoryFiles,
} from '../repository/repository.ts';

/** Variables that templates read besides the messages: no thinking aloud, which takes thousands of tokens. */
const VARIABLES = { enable_thinking: false, thinking: false };
/**
 * The time that `strftime_now` gives: not today, which would make the same run go otherwise tomorrow, but the day that
 * Llama's templates have where they are given none.
 */
const NOW = new Date(Date.UTC(2024, 6, 26));

/**
 * The template's text: `chat_template.jinja` comes before what tokenizer_config.json says, which older exports
 * have, alone or among several by name; some between have `chat_template.json`. Undefined where the model
 * has none.
 */
export async function readChatTemplate(
  files: RepositoryFiles,
  tokenizerConfig: Record<string, unknown>,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const jinja = await readIfThere(files, 'chat_template.jinja', signal);
  // As transformers reads it: a byte order mark is a character of the template.
  if (jinja?.length) return decodeTemplate(jinja);
  if (tokenizerConfig.chat_template)
    return namedTemplate(tokenizerConfig.chat_template, 'tokenizer_config.json');
  const json = await readJsonIfThere(files, 'chat_template.json', signal);
  return json?.chat_template ? namedTemplate(json.chat_template, 'chat_template.json') : undefined;
}

function decodeTemplate(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw refusal('chat_template.jinja is not UTF-8', cause);
  }
}

/** One template, or the default one of several: a list of `{ name, template }`, or an object by name. */
function namedTemplate(found: unknown, path: string): string {
  if (typeof found === 'string') return found;
  const named = new Map<unknown, unknown>(
    Array.isArray(found)
      ? found.map((t: { name?: unknown; template?: unknown } | null) => [t?.name, t?.template])
      : Object.entries(found as object),
  );
  const template = named.get('default');
  if (typeof template === 'string') return template;
  throw refusal(`${path} has templates named ${[...named.keys()].join(', ')}, and none named default`);
}

type Content = string | { type: 'text'; text: string }[];
type Messages = readonly { role: ChatMessage['role']; content: Content }[];
export type Render = (messages: Messages) => string;

/**
 * The template as a function of messages, up to where the answer begins. `tokens` are the special tokens by
 * name (`bos_token`). Throws `ModelFileError` where the template is not valid, and so does the function
 * where it fails.
 */
export function chatRenderer(template: string, tokens: Record<string, string>): Render {
  const render = refusing(() => compileTemplate(template, { now: NOW }));
  return (messages) =>
    refusing(() =>
      render({
        messages,
        tools: null,
        documents: null,
        add_generation_prompt: true,
        ...tokens,
        ...VARIABLES,
      }),
    );
}

function refusing<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof TemplateError ? refusal(error.message, error) : error;
  }
}

const refusal = (why: string, cause?: unknown) =>
  new ModelFileError(`The model's chat template cannot be used here: ${why}`, {
    code: 'template-unusable',
    cause,
  });

/**
 * The messages as the model's text, up to where its answer begins. Templates that know no system role
 * get its text with the first message of the user, and those that want a message in parts get one part.
 */
export function applyChatTemplate(render: Render, messages: readonly ChatMessage[]): string {
  const folded = withoutSystem(messages);
  const texts: string[] = [];
  let failure: unknown;
  for (const variant of [messages, folded, inParts(messages), inParts(folded)]) {
    try {
      const text = render(variant);
      // A template made for another form of messages may leave the text out without a word.
      if (messages.every(({ content }) => says(text, content, 'all'))) return text;
      texts.push(text);
    } catch (error) {
      if (!(error instanceof ModelFileError)) throw error;
      failure ??= error;
    }
  }
  // One that takes the messages may leave a part of them out on purpose, such as thoughts of earlier turns.
  const most = texts.find((text) => messages.every(({ content }) => says(text, content, 'some')));
  if (most !== undefined) return most;
  throw failure ?? refusal('it leaves the messages out');
}

/** Whether words of a message are in the text: templates may trim it, change its case, or write it as JSON. */
function says(text: string, content: string, which: 'all' | 'some'): boolean {
  const words = content.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  if (text.includes(content.trim()) || words.length === 0) return true;
  const said = (word: string) => text.toLowerCase().includes(word);
  return which === 'all' ? words.every(said) : words.some(said);
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

/**
 * What the template writes after an answer once the chat goes on: the mark of its end first. Empty where the template
 * takes no chat that ends with an answer, or changes the answer.
 */
export function afterAnswer(render: Render, messages: readonly ChatMessage[], answer: string): string {
  const last = messages.at(-1);
  const begun = last?.role === 'assistant' ? last.content : '';
  const asked = begun ? messages.slice(0, -1) : messages;
  try {
    const text = applyChatTemplate(render, [...asked, { role: 'assistant', content: begun + answer }]);
    const said = answer.trimEnd();
    const at = text.lastIndexOf(said);
    return at < 0 ? '' : text.slice(at + said.length);
  } catch (error) {
    if (error instanceof ModelFileError) return '';
    throw error;
  }
}
