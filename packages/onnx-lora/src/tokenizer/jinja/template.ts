/**
 * Chat templates, which are Jinja2's, rendered as transformers renders them: `trim_blocks`, `lstrip_blocks`,
 * loop controls, `generation`, its own `tojson`, and no way to change the arguments. Templates that Jinja2
 * would refuse are refused here, and so are features that are not supported, each by its name.
 */
import { render } from './evaluation.ts';
import { parseTemplate } from './parser.ts';
import { strftime } from './strftime.ts';
import { fromJson } from './values.ts';

export { TemplateError } from './values.ts';

export interface TemplateOptions {
  /** The moment that `strftime_now` tells, in UTC. */
  now: Date;
}

/** The template as a function of its variables, which are JSON's values. Throws `TemplateError`, and so does it. */
export function compileTemplate(
  source: string,
  { now }: TemplateOptions,
): (variables: Record<string, unknown>) => string {
  const tree = parseTemplate(source);
  return (variables) =>
    render(
      tree,
      new Map(Object.entries(variables).map(([name, value]) => [name, fromJson(value)])),
      (format) => strftime(now, format),
    );
}
