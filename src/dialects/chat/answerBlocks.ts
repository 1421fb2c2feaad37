/** A chat answer's parts: fenced blocks, and the prose around them. */
import { dedent } from './source.ts';

export interface Block {
  /** The first word after the opening fence, in lower case; empty where there is none. */
  language: string;
  text: string;
  /** Whether a closing fence was found; without one the block ends where the answer does. */
  closed: boolean;
}

export interface AnswerParts {
  blocks: Block[];
  /** The text outside of the blocks. */
  prose: string;
}

/** Marks that tokenizers leave in text when a stop token is not the expected one. */
const END_MARK = /<\|?(?:im_end|endoftext|end_of_text|eot_id|end|eos|im_start)\|?>|<\/s>|<end_of_turn>/;

/** The answer without the reasoning before it, up to the model's own end mark. */
function spoken(text: string): string {
  const thought = text.lastIndexOf('</think>');
  const after = thought < 0 ? text : text.slice(thought + '</think>'.length);
  // A thought that never ends leaves no answer.
  const open = after.indexOf('<think>');
  const said = open < 0 ? after : after.slice(0, open);
  const end = said.trimStart().search(END_MARK);
  const leading = said.length - said.trimStart().length;
  return (end > 0 ? said.slice(0, leading + end) : said).replace(/\r\n?/g, '\n').replace(/\u00a0/g, ' ');
}

/** Words that name a block's content where code follows on the same line. */
const LANGUAGE =
  /^(?:python\d?|py\d?|pycon|ipython|code|plaintext|text|txt|json|bash|sh|console|shell|inputs?|outputs?|message|title|answer|result|markdown|md)\b(?![ \t]*[=(.[])/i;

/**
 * Splits at fences (three or more backticks or tildes, CommonMark 4.5), and takes what models make of
 * them: code on the fence's own line, a closing fence at the end of a line of code, a missing one before
 * the next block or before the end, fences indented in a list.
 */
export function readAnswer(text: string): AnswerParts {
  const source = spoken(text);
  const blocks: Block[] = [];
  let prose = '';
  let at = 0;
  for (;;) {
    const opening = findFence(source, at);
    prose += `${source.slice(at, opening?.start)}\n`;
    if (!opening) break;
    let begin = opening.end;
    for (;;) {
      const closing = findFence(source, begin, opening);
      blocks.push(readBlock(source.slice(begin, closing?.start), closing !== undefined));
      at = closing?.end ?? source.length;
      // A fence on a line of its own that names a language opens the next block: the closing one was forgotten.
      const next = closing?.ownLine && LANGUAGE.test(source.slice(at));
      if (!next) break;
      begin = at;
    }
  }
  return { blocks, prose };
}

interface Fence {
  start: number;
  end: number;
  /** Nothing but blanks before it on its line. */
  ownLine: boolean;
}

/** The next fence; one that closes `opening` has its character, and is as long. */
function findFence(source: string, from: number, opening?: Fence): Fence | undefined {
  const pattern = /`{3,}|(?<=^[ \t]*)~{3,}/gm;
  pattern.lastIndex = from;
  for (let match = pattern.exec(source); match; match = pattern.exec(source)) {
    const [text] = match;
    const start = match.index;
    const fits =
      !opening || (text[0] === source[opening.start] && text.length >= opening.end - opening.start);
    if (!fits) continue;
    const line = source.slice(source.lastIndexOf('\n', start - 1) + 1, start);
    return { start, end: start + text.length, ownLine: line.trim() === '' };
  }
  return undefined;
}

/** The text between two fences: perhaps a language and its attributes, then code. */
function readBlock(content: string, closed: boolean): Block {
  const lineEnd = content.indexOf('\n');
  const info = (lineEnd < 0 ? content : content.slice(0, lineEnd)).trim();
  const rest = lineEnd < 0 ? '' : content.slice(lineEnd + 1);
  const known = LANGUAGE.exec(info)?.[0];
  const word =
    known ?? (rest.trim() ? /^\{?\.?([A-Za-z][\w+#-]*)(?=$|[ \t{:,}])/.exec(info)?.[1] : undefined);
  if (!word) return { language: '', text: tidy(content), closed };
  const language = word.toLowerCase();
  const after = known ? info.slice(known.length).trim() : '';
  const isCode = after !== '' && !/^[{:]|^\w+=["{]/.test(after);
  return { language, text: tidy(isCode ? `${after}\n${rest}` : rest), closed };
}

/** Without the indentation of a list, an interpreter's prompts, and blank lines around. */
function tidy(text: string): string {
  const lines = dedent(text.replace(/^(?:[ \t]*\n)+/, '').trimEnd());
  if (!/^>>> /m.test(lines)) return lines;
  return lines.replace(/^(?:>>>|\.\.\.) ?/gm, '');
}
