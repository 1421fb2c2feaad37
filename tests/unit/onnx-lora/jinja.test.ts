/** Templates as Jinja2 and transformers render them: expected values are theirs (tests/fixtures/templates). */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { strftime } from '../../../packages/onnx-lora/src/tokenizer/jinja/strftime.ts';
import { compileTemplate, TemplateError } from '../../../packages/onnx-lora/src/tokenizer/jinja/template.ts';

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../fixtures/templates/${name}`, import.meta.url), 'utf8'));

const now = new Date(Date.UTC(2024, 6, 26));

describe('a template', () => {
  const variables = read('variables.json') as Record<string, unknown>;
  const rows = read('snippets.expected.json') as { template: string; text?: string; error?: string }[];
  test.each(rows)('$template', ({ template, text }) => {
    const render = () => compileTemplate(template, { now })(variables);
    if (text === undefined) expect(render).toThrow(TemplateError);
    else expect(render()).toBe(text);
  });

  test.each([
    ['{% include "x" %}', /line 1 uses the tag \{% include %\}/],
    ['a\n{% block x %}{% endblock %}', /line 2 uses the tag \{% block %\}/],
    ['{{ x | urlize }}', /the filter urlize is not supported/],
    ['{{ joiner(",") }}', /uses joiner, which is not supported/],
    ['{{ l.append(1) }}', /append would change a list, which chat templates may not/],
    ['a\nb{{ x', /line 2: a tag is never closed/],
    ['{% if x %}\n\n', /ends before \{% endif %\}/],
    ["{{ raise_exception('No system role') }}", /^No system role$/],
    ['{{ missing.name }}', /'missing' is undefined/],
    ['{% macro m(n) %}{{ m(n) }}{% endmacro %}{{ m(1) }}', /calls itself without end/],
  ])('%s is refused by name', (template, message) => {
    expect(() => compileTemplate(template, { now })(variables)).toThrow(message);
  });

  test('cannot change what it is given', () => {
    const messages = [{ role: 'user', content: 'a' }];
    compileTemplate('{% set messages = messages + [1] %}{% set messages = messages[1:] %}', { now })({
      messages,
    });
    expect(messages).toEqual([{ role: 'user', content: 'a' }]);
  });

  test('may name keys as JavaScript names its own', () => {
    const text = compileTemplate(
      "{{ m.constructor is defined }}{{ m['__proto__'] is defined }}{{ toString is defined }}",
      {
        now,
      },
    );
    expect(text({ m: {} })).toBe('FalseFalseFalse');
  });
});

test("dates are Python's", () => {
  const rows = read('dates.expected.json') as [
    [number, number, number, number, number, number],
    string,
    string,
  ][];
  expect(rows.length).toBeGreaterThan(500);
  for (const [[year, month, ...rest], format, text] of rows) {
    const moment = new Date(Date.UTC(year, month - 1, ...(rest as [number, number, number, number])));
    expect([format, moment.toISOString(), strftime(moment, format)]).toEqual([
      format,
      moment.toISOString(),
      text,
    ]);
  }
});
