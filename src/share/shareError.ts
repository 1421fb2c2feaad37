import { CodedError, type ErrorCode, type ErrorData } from '../util/codedError.ts';

type ShareCode = Extract<ErrorCode, 'share' | `share-${string}`>;

/** The fault of a session from elsewhere. Shown as text; nothing was changed by it. */
export class ShareError<C extends ShareCode = ShareCode> extends CodedError<ShareCode> {
  override name = 'ShareError';
  constructor(message: string, code?: C, data?: ErrorData[C]) {
    super(code ?? 'share', data ?? {}, message);
  }
}

/** The beginning of a session: as far as it goes, nothing is wrong with it. */
export class CutOffError extends ShareError {}
