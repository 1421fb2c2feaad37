/** Options of the command line: read, checked, refused with a sentence. */

/** The command line cannot be carried out as it stands. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** The number that an option holds. Throws `UsageError` where it is not one, or is out of bounds. */
export function numberOption(
  name: string,
  value: string,
  { min = 0, integer = true }: { min?: number; integer?: boolean } = {},
): number {
  const number = Number(value);
  if (
    value.trim() === '' ||
    !Number.isFinite(number) ||
    number < min ||
    (integer && !Number.isInteger(number))
  ) {
    throw new UsageError(`--${name} takes a ${integer ? 'whole ' : ''}number from ${min}; got "${value}".`);
  }
  return number;
}
