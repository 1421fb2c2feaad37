import { CodedError } from '../util/codedError.ts';

/** The judge has no interpreter, and `why`. */
export const pythonFailed = (why: string): CodedError =>
  new CodedError('python-failed', {}, `Python did not start: ${why}`);
