/** Errors of unpacking. */

/** A stream holds more than `limit` bytes. */
export class TooManyBytes extends Error {
  override name = 'TooManyBytes';
  constructor(readonly limit: number) {
    super(`more than ${Math.round(limit / 1e6)} MB`);
  }
}

/** The bytes are no gzip, or a part of them is missing or was changed. */
export class DamagedGzip extends Error {
  override name = 'DamagedGzip';
}

/** The beginning of a gzip stream: its end is missing. */
export class CutOffGzip extends DamagedGzip {}
