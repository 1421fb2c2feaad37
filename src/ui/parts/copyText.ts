/** Milliseconds that a question about the clipboard may stay unanswered. */
const PATIENCE = 1000;

/** Copies what a field holds; false where this browser does not let the page: then it is selected, to be copied by hand. */
export async function copyFrom(field: HTMLInputElement): Promise<boolean> {
  return (await writeClipboard(field.value)) || copySelected(field);
}

async function writeClipboard(text: string): Promise<boolean> {
  // Pages over plain http have no clipboard.
  if (!navigator.clipboard?.writeText) return false;
  const written = navigator.clipboard.writeText(text).then(
    () => true,
    () => false,
  );
  return Promise.race([written, new Promise<false>((late) => setTimeout(late, PATIENCE, false))]);
}

/** The older way, which needs no permission. */
function copySelected(field: HTMLInputElement): boolean {
  field.focus();
  field.select();
  return document.execCommand?.('copy') ?? false;
}
