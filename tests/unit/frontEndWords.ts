/** How to tell the page's words from the command line's. */

/** Things that only the page has. Names of options, `--like-this`, are not read as words. */
const PAGE_WORDS =
  /\b(?:press(?:es|ed)?|click|button|tabs?|(?:the|this) page|reload|browser|over https|under Model|Choose goalposts|from the list|drop it|in the settings|branch off|close other)\b/i;
const FLAG = /(?:^|[\s('"`])--[a-z][\w-]*|npm run lab|\blab run\b|command line/i;

const found = (pattern: RegExp, text: string): string | null => pattern.exec(text)?.[0] ?? null;

/** The first word in a text that makes sense on the page only. */
export const pageWordIn = (text: string): string | null => found(PAGE_WORDS, text);
/** The first thing in a text that makes sense on the command line only. */
export const flagIn = (text: string): string | null => found(FLAG, text);
