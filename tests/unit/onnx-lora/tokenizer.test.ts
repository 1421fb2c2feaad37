/** Chat templates as their makers ship them, applied to a tokenizer that this project trained itself. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { ChatMessage } from '../../../src/gasp/ports.ts';
import { applyChatTemplate } from '../../../packages/onnx-lora/src/tokenizer/chatTemplate.ts';
import { folderFiles } from '../../../packages/onnx-lora/src/repository/folderFiles.ts';
import {
  MissingFileError,
  ModelFileError,
  type RepositoryFiles,
} from '../../../packages/onnx-lora/src/repository/repository.ts';
import { loadTokenizer } from '../../../packages/onnx-lora/src/tokenizer/tokenizer.ts';
import { lacksShared, needs, sharedFolder, SMOLLM2 } from '../shared.ts';

/** Bytes as tokens: enough to see what text a template makes. */
const bytes = {
  version: '1.0',
  added_tokens: [
    {
      id: 256,
      content: '<s>',
      special: true,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
    },
  ],
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  post_processor: null,
  decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
  model: { type: 'BPE', vocab: byteVocabulary(), merges: [] },
};

/** GPT-2's printable stand-ins for the 256 bytes. */
function byteVocabulary(): Record<string, number> {
  const printable = (b: number) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || (b >= 174 && b <= 255);
  let next = 256;
  return Object.fromEntries(
    Array.from({ length: 256 }, (_, b) => [String.fromCodePoint(printable(b) ? b : next++), b]),
  );
}

function repository(config: Record<string, unknown>, extra: Record<string, string> = {}): RepositoryFiles {
  const files: Record<string, string> = {
    'tokenizer.json': JSON.stringify(bytes),
    'tokenizer_config.json': JSON.stringify({ bos_token: '<s>', ...config }),
    ...extra,
  };
  return {
    async read(path) {
      if (!(path in files)) throw new MissingFileError(`${path} is not there`);
      return new TextEncoder().encode(files[path]);
    },
  };
}

async function rendered(files: RepositoryFiles, messages: ChatMessage[]): Promise<string> {
  const tokens = (await loadTokenizer(files)).encode(messages);
  return new TextDecoder('utf-8', { ignoreBOM: true })
    .decode(Uint8Array.from(tokens.map((t) => (t === 256 ? 0x7c : t))))
    .replaceAll('|', '<s>');
}

const chatml =
  "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}";
const ask: ChatMessage[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Why?' },
];

describe('a chat template', () => {
  const expected = '[system]Be brief.[user]Why?[assistant]';
  test.each<[string, RepositoryFiles]>([
    ['in tokenizer_config.json', repository({ chat_template: chatml })],
    ['in chat_template.jinja', repository({}, { 'chat_template.jinja': chatml })],
    [
      'in chat_template.json',
      repository({}, { 'chat_template.json': JSON.stringify({ chat_template: chatml }) }),
    ],
    [
      'among several',
      repository({
        chat_template: [
          { name: 'tool_use', template: 'no' },
          { name: 'default', template: chatml },
        ],
      }),
    ],
  ])('is found %s', async (_, files) => {
    expect(await rendered(files, ask)).toBe(expected);
  });

  test.each<[string, Record<string, unknown>, Record<string, string>]>([
    [
      'tokenizer_config.json and chat_template.jinja: the file',
      { chat_template: 'old' },
      { 'chat_template.jinja': chatml },
    ],
    [
      'chat_template.json and chat_template.jinja: the latter',
      {},
      { 'chat_template.jinja': chatml, 'chat_template.json': '{"chat_template": "old"}' },
    ],
    [
      'chat_template.json and tokenizer_config.json: the latter',
      { chat_template: chatml },
      { 'chat_template.json': '{"chat_template": "old"}' },
    ],
    [
      'an empty file and tokenizer_config.json: the latter',
      { chat_template: chatml },
      { 'chat_template.jinja': '' },
    ],
  ])('is taken from %s', async (_, config, extra) => {
    expect(await rendered(repository(config, extra), ask)).toBe(expected);
  });

  test('has the line ends that Python reads, and the byte order mark', async () => {
    const template = '{% for m in messages %}\n{{ m.content }}\n{% endfor %}\n[assistant]\n';
    const text = async (source: string) => rendered(repository({}, { 'chat_template.jinja': source }), ask);
    const unix = await text(template);
    expect(unix).toBe('Be brief.\nWhy?\n[assistant]');
    expect(await text(template.replaceAll('\n', '\r\n'))).toBe(unix);
    expect(await text(template.replaceAll('\n', '\r'))).toBe(unix);
    expect(await text(`\ufeff${template}`)).toBe(`\ufeff${unix}`);
  });

  test('that is not UTF-8, or not named default, says so', async () => {
    const files = repository({});
    const read: RepositoryFiles['read'] = async (path, options) =>
      path === 'chat_template.jinja' ? Uint8Array.of(0x61, 0xe9) : files.read(path, options);
    await expect(loadTokenizer({ read })).rejects.toThrow(/chat_template.jinja is not UTF-8/);
    const named = repository({ chat_template: [{ name: 'tool_use', template: 'x' }] });
    await expect(loadTokenizer(named)).rejects.toThrow(/templates named tool_use, and none named default/);
  });

  test('may write messages as JSON', async () => {
    const template = '{% for m in messages %}{{ m | tojson }}{% endfor %}';
    const said: ChatMessage[] = [{ role: 'user', content: 'Say "hi"\nthen stop.' }];
    expect(await rendered(repository({ chat_template: template }), said)).toBe(
      '{"role": "user", "content": "Say \\"hi\\"\\nthen stop."}',
    );
  });

  test('says the same on every day', async () => {
    const template =
      "{{ strftime_now('%A, %d %B %Y %H:%M') }}{% for m in messages %}{{ m.content }}{% endfor %}";
    expect(await rendered(repository({ chat_template: template }), ask)).toBe(
      'Friday, 26 July 2024 00:00Be brief.Why?',
    );
  });

  test('may know no system role: its text goes to the user', async () => {
    const template = `{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}${chatml}`;
    const text = await rendered(repository({ chat_template: template }), ask);
    expect(text).toBe('[user]Be brief.\n\nWhy?[assistant]');
  });

  test('may want messages in parts', async () => {
    const template =
      "{% for m in messages %}[{{ m['role'] }}]{% for part in m['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}{% endfor %}[assistant]";
    expect(await rendered(repository({ chat_template: template }), ask)).toBe(expected);
  });

  test('gets the special tokens, no thinking, and as in transformers no date', async () => {
    const template = `{{ bos_token }}{{ date_string }}${chatml}{% if enable_thinking is defined and enable_thinking is false %}(quick){% endif %}`;
    expect(await rendered(repository({ chat_template: template }), ask)).toBe(`<s>${expected}(quick)`);
  });

  test('that cannot be used says so', async () => {
    const failing = loadTokenizer(repository({ chat_template: "{{ raise_exception('Not today') }}" }));
    await expect(failing).rejects.toThrow(ModelFileError);
    await expect(failing).rejects.toThrow(/chat template cannot be used here: .*Not today/);
    expect(() => applyChatTemplate(() => 'nothing of it', ask)).toThrow(/leaves the messages out/);
  });

  test('is followed by the beginning of an answer, where the last message is one', async () => {
    const begun = [...ask, { role: 'assistant' as const, content: '```python\n' }];
    expect(await rendered(repository({ chat_template: chatml }), begun)).toBe(`${expected}\`\`\`python\n`);
  });

  test('that a model lacks is replaced by plain questions and answers', async () => {
    expect(await rendered(repository({}), ask)).toBe('Be brief.\n\nQuestion:\nWhy?\n\nAnswer:\n');
  });

  test('may close turns with the token that also stands for what is unknown', async () => {
    const template = "{% for m in messages %}{{ m['content'] }}{{ eos_token }}{% endfor %}";
    const files = repository({ chat_template: template, eos_token: '<s>', unk_token: '<s>' });
    expect(await rendered(files, ask)).toBe('Be brief.<s>Why?<s>');
  });

  test('may be there without tokenizer_config.json', async () => {
    const files = repository(
      {},
      {
        'chat_template.jinja': `{{ bos_token }}${chatml}`,
        'special_tokens_map.json': JSON.stringify({ bos_token: '<s>' }),
      },
    );
    const read: RepositoryFiles['read'] = async (path) => {
      if (path === 'tokenizer_config.json') throw new MissingFileError('it is not there');
      return files.read(path);
    };
    expect(await rendered({ read }, ask)).toBe(`<s>${expected}`);
  });

  test('that is missing leaves the beginning of a text to the tokenizer, but not its end', async () => {
    const piece = { SpecialToken: { id: '<s>', type_id: 0 } };
    const post_processor = {
      type: 'TemplateProcessing',
      single: [piece, { Sequence: { id: 'A', type_id: 0 } }, piece],
      pair: [],
      special_tokens: { '<s>': { id: '<s>', ids: [256], tokens: ['<s>'] } },
    };
    const files = repository(
      { eos_token: '<s>' },
      { 'tokenizer.json': JSON.stringify({ ...bytes, post_processor }) },
    );
    expect(await rendered(files, ask)).toBe('<s>Be brief.\n\nQuestion:\nWhy?\n\nAnswer:\n');
  });

  test("gets special tokens from special_tokens_map.json as transformers does, and the model's own ones", async () => {
    const template = '{{ bos_token }}{{ image_token }}{{ eos_token }}{{ pad_token is defined }}';
    const map = JSON.stringify({ bos_token: { content: 'B' }, eos_token: 'E' });
    const render = async (config: Record<string, unknown>) =>
      await rendered(
        repository(
          { chat_template: `${template}{{ messages[0].content }}`, image_token: 'I', ...config },
          { 'special_tokens_map.json': map },
        ),
        [{ role: 'user', content: '' }],
      );
    expect(await render({ eos_token: 'O', pad_token: null })).toBe('BIEFalse');
    // Where added tokens are listed in tokenizer_config.json, that file alone counts.
    expect(await render({ added_tokens_decoder: {}, bos_token: null })).toBe('IFalse');
  });

  test('that could not be reached is not taken for one that is missing', async () => {
    const files = repository({});
    const read: RepositoryFiles['read'] = async (path) => {
      if (path.startsWith('chat_template')) throw new ModelFileError('the network is down');
      return files.read(path);
    };
    await expect(loadTokenizer({ read })).rejects.toThrow('the network is down');
  });
});

test('raw text is taken as it is, and a model without chat is not searched for a template', async () => {
  const asked: string[] = [];
  const files = folderFiles(
    fileURLToPath(new URL('../../../public/models/foothold-micro-2/', import.meta.url)),
  );
  const tokenizer = await loadTokenizer(
    {
      read: (path, options) => {
        asked.push(path);
        return files.read(path, options);
      },
    },
    undefined,
    { chat: false },
  );
  expect(asked.sort()).toEqual(['tokenizer.json', 'tokenizer_config.json']);
  expect(tokenizer.decode(tokenizer.encode('    x = sorted(x)\n'))).toBe('    x = sorted(x)\n');
});

test.skipIf(lacksShared(SMOLLM2))(
  needs(SMOLLM2, 'a real model gets the prompt that its reference got'),
  async () => {
    const folder = sharedFolder + SMOLLM2;
    const tokenizer = await loadTokenizer(folderFiles(folder));
    const { readSafetensors, safeTensorValues } = await import(
      '../../../packages/onnx-lora/src/adapters/safetensors.ts'
    );
    const { tensors } = readSafetensors(readFileSync(`${folder}/fixture.safetensors`));
    const expected = [...safeTensorValues(tensors.get('greedy.prompt')!)];
    const text = tokenizer.decode(expected);
    const [system, user] = [
      /system\n([\s\S]*?)\nuser\n/.exec(text)![1]!,
      /\nuser\n([\s\S]*?)\nassistant/.exec(text)![1]!,
    ];
    expect(
      tokenizer.encode([
        { role: 'system', content: system },
        { role: 'user', content: user },
      ]),
    ).toEqual(expected);
    expect(tokenizer.encode([{ role: 'user', content: user }])).toEqual(expected);
  },
);
