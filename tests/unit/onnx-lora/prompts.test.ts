/** Prompts of whole chat templates: expected tokens are those of Python's transformers (tests/fixtures/templates). */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { ChatMessage } from '../../../src/gasp/ports.ts';
import { compileTemplate, TemplateError } from '../../../packages/onnx-lora/src/tokenizer/jinja/template.ts';
import { folderFiles } from '../../../packages/onnx-lora/src/repository/folderFiles.ts';
import {
  MissingFileError,
  type RepositoryFiles,
} from '../../../packages/onnx-lora/src/repository/repository.ts';
import { loadTokenizer } from '../../../packages/onnx-lora/src/tokenizer/tokenizer.ts';
import { lacksShared, needs, sharedFolder, SMOLLM2 } from '../shared.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/templates/', import.meta.url));
const read = (name: string) => readFileSync(`${fixtures}${name}`, 'utf8');

interface Row {
  template: string;
  conversation: string;
  /** With the beginning of an answer. */
  ask: boolean;
  tokens?: number[];
  error?: string;
}
interface Conversation {
  name: string;
  messages: ChatMessage[];
  tools?: unknown;
  documents?: unknown;
}
const conversations = new Map(
  (JSON.parse(read('conversations.json')) as Conversation[]).map((c) => [c.name, c]),
);

/** The tokenizer's files with a template in place of its own. */
function withTemplate(folder: string, template: string | undefined): RepositoryFiles {
  const own = folderFiles(folder);
  return {
    async read(path, options) {
      if (path === 'chat_template.jinja' && template !== undefined) return new TextEncoder().encode(template);
      if (path.startsWith('chat_template')) throw new MissingFileError(`${path} is not there`);
      const bytes = await own.read(path, options);
      if (path !== 'tokenizer_config.json' || template !== undefined) return bytes;
      const { chat_template: _, ...config } = JSON.parse(new TextDecoder().decode(bytes));
      return new TextEncoder().encode(JSON.stringify(config));
    },
  };
}

const now = new Date(Date.UTC(2024, 6, 26));
const CHATS = ['question', 'several turns', 'beyond ASCII', 'special tokens in the text', 'blanks and lines'];

describe.each([
  ['a small tokenizer', `${fixtures}tokenizer`, 'prompts.expected.json', false],
  [
    needs(SMOLLM2, "SmolLM2's"),
    sharedFolder + SMOLLM2,
    'prompts.SmolLM2-135M-Instruct.expected.json',
    lacksShared(SMOLLM2),
  ],
])('on %s', (_, folder, expected, absent) => {
  const rows = JSON.parse(read(expected)) as Row[];
  const templates = [...new Set(rows.map((row) => row.template))];
  const loaded = absent ? undefined : loadTokenizer(withTemplate(folder, undefined));

  test.skipIf(absent).each(templates)('%s', async (name) => {
    const tokenizer = (await loaded)!;
    const config = JSON.parse(readFileSync(`${folder}/tokenizer_config.json`, 'utf8'));
    const special = Object.fromEntries(Object.entries(config).filter(([key]) => key.endsWith('_token')));
    for (const source of [
      read(`jinja/${name}.jinja`),
      read(`jinja/${name}.jinja`).replaceAll('\n', '\r\n'),
    ]) {
      const render = compileTemplate(source, { now });
      for (const { conversation, ask, tokens, error } of rows.filter((row) => row.template === name)) {
        const { messages, tools = null, documents = null } = conversations.get(conversation)!;
        const text = () =>
          render({
            ...{ messages, tools, documents, add_generation_prompt: ask, ...special },
            ...{ enable_thinking: false, thinking: false },
          });
        const title = `${conversation}, ${ask ? 'asking' : 'not asking'}: ${error}`;
        if (error) expect(text, title).toThrow(TemplateError);
        else expect(tokenizer.encode(text()), title).toEqual(tokens);
      }
    }
  });
});

const rows = JSON.parse(read('prompts.expected.json')) as Row[];
test.each([...new Set(rows.map((row) => row.template))])('%s in a repository', async (name) => {
  const tokenizer = await loadTokenizer(withTemplate(`${fixtures}tokenizer`, read(`jinja/${name}.jinja`)));
  for (const { conversation, ask, tokens } of rows.filter((row) => row.template === name)) {
    if (!ask || !tokens || !CHATS.includes(conversation)) continue;
    const { messages } = conversations.get(conversation)!;
    expect(tokenizer.encode(messages), conversation).toEqual(tokens);
  }
});

// Templates that write an answer within a chat as they write the last one.
test.each([
  'content-in-parts',
  'date-where-none-is-given',
  'default-system-and-tools',
  'last-turn-is-other',
  'line-ends-in-strings',
])('an answer on %s has the tokens, and the end, that it has in a longer chat', async (name) => {
  const tokenizer = await loadTokenizer(withTemplate(`${fixtures}tokenizer`, read(`jinja/${name}.jinja`)));
  const { tokens } = rows.find(
    (row) => row.template === name && row.conversation === 'several turns' && row.ask,
  )!;
  const [asked, answer] = conversations.get('several turns')!.messages;
  const [end, other] = tokenizer.encode('<|im_end|><|endoftext|>');
  const whole = tokenizer.encodeAnswer([asked!], answer!.content, new Set([other!, end!]))!;
  expect(whole.promptTokens).toEqual(tokenizer.encode([asked!]));
  expect(whole.tokens.at(-1)).toBe(end);
  expect([...whole.promptTokens, ...whole.tokens]).toEqual(
    tokens!.slice(0, whole.promptTokens.length + whole.tokens.length),
  );
  // The beginning that a prompt gives is no part of the answer.
  const begun = tokenizer.encodeAnswer(
    [asked!, { role: 'assistant', content: 'Hello,' }],
    answer!.content.slice('Hello,'.length),
    new Set([end!]),
  )!;
  expect([...begun.promptTokens, ...begun.tokens]).toEqual([...whole.promptTokens, ...whole.tokens]);
  expect(begun.tokens.length).toBeLessThan(whole.tokens.length);
});

/** Other files beside the small tokenizer's tokenizer.json. */
interface Repository {
  name: string;
  template?: string;
  /** Of tokenizer_config.json: what is said otherwise, and what is not there. */
  config?: Record<string, unknown>;
  without?: string[];
  files?: Record<string, unknown>;
  tokens: number[];
}
const TURNS =
  '{{ bos_token }}{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}';

test.each(JSON.parse(read('repositories.expected.json')) as Repository[])(
  'a repository with $name',
  async ({ template = TURNS, config = {}, without = [], files = {}, tokens }) => {
    const own = withTemplate(`${fixtures}tokenizer`, template);
    const tokenizer = await loadTokenizer({
      async read(path, options) {
        if (path in files) return new TextEncoder().encode(JSON.stringify(files[path]));
        const bytes = await own.read(path, options);
        if (path !== 'tokenizer_config.json') return bytes;
        const all = { ...JSON.parse(new TextDecoder().decode(bytes)), ...config };
        const left = Object.entries(all).filter(([key]) => !without.includes(key));
        return new TextEncoder().encode(JSON.stringify(Object.fromEntries(left)));
      },
    });
    expect(tokenizer.encode([{ role: 'user', content: 'Hello wörld 12' }])).toEqual(tokens);
  },
);
