/** What is wrong with something that came from elsewhere. Shown as text; nothing was changed by it. */
export class ShareError extends Error {
  override name = 'ShareError';
  constructor(
    message: string,
    readonly advice = 'Nothing was changed. Ask whoever sent it for another copy.',
  ) {
    super(message);
  }
}
