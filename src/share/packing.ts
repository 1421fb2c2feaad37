/** Bytes to fewer bytes and to text that fits in a link, and back, whoever wrote them. */
import { ShareError } from './problem.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** gzip, whose checksum tells later whether all of it arrived as it was. */
export async function gzip(parts: BlobPart[]): Promise<Bytes> {
  const stream = new Blob(parts).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Whether it begins as gzip does (RFC 1952). */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Throws `ShareError` for what is no gzip, was cut off or changed, or holds more than `limit` bytes. */
export async function gunzip(bytes: Bytes, limit: number): Promise<Bytes> {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  return collect(reader, limit).catch((error: unknown) => {
    if (error instanceof ShareError) throw error;
    throw new ShareError('The session is damaged: a part of it is missing or was changed on the way.');
  });
}

/** All bytes of a stream, which is given up with `tooLarge` once there are more than `limit`. */
export async function collect(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  limit: number,
  tooLarge = (): Error =>
    new ShareError(
      `The session holds more than ${Math.round(limit / 1e6)} MB, which no run of its size does.`,
    ),
): Promise<Bytes> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > limit) {
      void reader.cancel().catch(() => {});
      throw tooLarge();
    }
    chunks.push(value);
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** base64 with the alphabet that links may hold as it is, without padding (RFC 4648, section 5). */
export function toBase64Url(bytes: Bytes): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 0x8000)
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

export function fromBase64Url(text: string): Bytes {
  if (!/^[\w-]*$/.test(text)) throw new ShareError('The link holds characters that no such link has.');
  let binary: string;
  try {
    binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    throw new ShareError('The link is cut off.');
  }
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
