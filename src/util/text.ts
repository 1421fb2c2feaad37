/** Text for people. */

/** Source or a value, cut to a length that fits in a message. */
export function brief(text: string, length = 80): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
