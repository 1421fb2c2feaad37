/** The description of its question in a teacher's text. */
import { readAnswer } from './answerBlocks.ts';

const MAX_TITLE = 100;

/**
 * The message is what the text labels as one, in a block or in the prose, or else the function's
 * docstring; the title is its first sentence, or what the function returns.
 */
export function describeProposal(text: string, program: string): { title: string; message: string } {
  const { blocks, prose } = readAnswer(text);
  const block = blocks.find((b) => /^(?:message|title)$/.test(b.language))?.text;
  const labelled =
    /^[\s>#*_-]*(?:message|title|problem|description|task|hint)[*_]*\s*:[*_ \t]*(\S[^\n]*)/im.exec(
      prose,
    )?.[1];
  const docstring = /("""|''')\s*(\S[\s\S]*?)\s*\1/.exec(program)?.[2]?.split(/\n\s*\n/)[0];
  // A label with nothing after it, before code, says nothing.
  const said = labelled !== undefined && !/^(?:f\(|`{3})/.test(labelled) ? labelled : undefined;
  const message = oneLine(block ?? said ?? docstring ?? '');
  const sentence = /^.*?[.!?](?=\s|$)/.exec(message)?.[0] ?? message;
  return { title: cut(sentence.replace(/[.:]$/, '') || summary(program)), message };
}

const oneLine = (text: string) =>
  text
    .replace(/[*_`]{2,}|[*_]+$/g, '')
    .replace(/\s+/g, ' ')
    .trim();

const cut = (text: string) => (text.length > MAX_TITLE ? `${text.slice(0, MAX_TITLE - 1)}…` : text);

/** The description of a function that has none: its last return expression. */
function summary(program: string): string {
  const returned = [...program.matchAll(/^\s*return\s+(.+)$/gm)].at(-1)?.[1];
  return returned ? `return ${returned}` : program.trim().split('\n')[0]!;
}
