/** Options of the command line: read, checked, refused with a sentence. */

import { type ParseArgsConfig, parseArgs } from 'node:util';

/** The command line cannot be carried out as it stands. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** The options' values. Throws `UsageError` for one that is unknown or lacks its value. */
export function readOptions<const T extends NonNullable<ParseArgsConfig['options']>>(
  args: string[],
  options: T,
): ReturnType<typeof parseArgs<{ args: string[]; options: T }>>['values'] {
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** The number that an option holds. Throws `UsageError` where it is not one, or is out of bounds. */
export function numberOption(
  name: string,
  value: string,
  { min = 0, max = Infinity, integer = true }: { min?: number; max?: number; integer?: boolean } = {},
): number {
  const number = Number(value);
  if (
    value.trim() === '' ||
    !Number.isFinite(number) ||
    number < min ||
    number > max ||
    (integer && !Number.isInteger(number))
  ) {
    const to = max === Infinity ? '' : ` to ${max}`;
    throw new UsageError(
      `--${name} takes a ${integer ? 'whole ' : ''}number from ${min}${to}; got "${value}".`,
    );
  }
  return number;
}
