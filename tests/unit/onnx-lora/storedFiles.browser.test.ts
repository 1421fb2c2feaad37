/** Downloads into the browser's own Cache Storage, from a server that breaks off, changes and lies. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MissingFileError, ModelFileError } from '../../../packages/onnx-lora/src/repository/repository.ts';
import {
  removeStored,
  storedBytes,
  storedFiles,
} from '../../../packages/onnx-lora/src/repository/storedFiles.ts';

const base = 'https://models.example/some/model/';
const content = Uint8Array.from({ length: 1050 }, (_, i) => (i * 7) % 251);
const chunk = 100;

/** A server of one file, as `fetch` sees it. */
class Server {
  file = content;
  etag = '"one"';
  ranges = true;
  announces = true;
  status = 200;
  type = 'application/octet-stream';
  /** Each answer breaks off after so many bytes; absent: whole. */
  breaksAfter: number[] = [];
  readonly asked: string[] = [];

  readonly fetch = (async (_: string, init: RequestInit = {}) => {
    init.signal?.throwIfAborted();
    const range = (init.headers as Record<string, string> | undefined)?.range;
    this.asked.push(range ?? 'all');
    if (this.status !== 200) return new Response('no', { status: this.status });
    const from = this.ranges && range ? Number(/\d+/.exec(range)![0]) : 0;
    if (from >= this.file.length) return new Response('', { status: 416 });
    const body = this.file.slice(from);
    const limit = this.breaksAfter.shift();
    let at = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (init.signal?.aborted) controller.error(init.signal.reason);
        else if (at >= body.length) controller.close();
        else if (limit !== undefined && at >= limit) controller.error(new TypeError('network error'));
        else {
          const end = Math.min(at + 37, body.length, limit ?? body.length);
          controller.enqueue(body.slice(at, end));
          at = end;
        }
      },
    });
    const headers: Record<string, string> = { 'content-type': this.type, etag: this.etag };
    if (this.announces) headers['content-length'] = String(body.length);
    if (from > 0) headers['content-range'] = `bytes ${from}-${this.file.length - 1}/${this.file.length}`;
    return new Response(stream, { status: from > 0 ? 206 : 200, headers });
  }) as unknown as typeof fetch;
}

let server: Server;
const files = () => storedFiles(base, { chunk, fetch: server.fetch });
beforeEach(() => {
  server = new Server();
});
afterEach(() => removeStored(base));

test('a file arrives whole, with progress, and a second time without the network', async () => {
  const seen: [number, number][] = [];
  expect(await files().read('a.onnx', { onProgress: (...p) => seen.push(p) })).toEqual(content);
  expect(seen.at(-1)).toEqual([1050, 1050]);
  expect(seen.every(([done], i) => i === 0 || done > seen[i - 1]![0])).toBe(true);
  expect(await storedBytes(base)).toBe(1050);
  expect(await files().read('a.onnx')).toEqual(content);
  expect(server.asked).toEqual(['all']);
});

test('a broken connection is taken up where it broke, at most one chunk earlier', async () => {
  server.breaksAfter = [450, 330];
  expect(await files().read('a.onnx')).toEqual(content);
  expect(server.asked).toEqual(['all', 'bytes=400-', 'bytes=700-']);
});

test('a connection that breaks again and again says what is kept, and a later visit goes on there', async () => {
  server.breaksAfter = [250, 0, 0, 0];
  await expect(files().read('a.onnx')).rejects.toThrow(ModelFileError);
  expect(await storedBytes(base)).toBe(200);
  server.breaksAfter = [];
  const seen: number[] = [];
  expect(await files().read('a.onnx', { onProgress: (done) => seen.push(done) })).toEqual(content);
  expect(server.asked.at(-1)).toBe('bytes=200-');
  expect(seen[0]).toBe(200);
});

test('a download that a person stops keeps its chunks', async () => {
  const stop = new AbortController();
  const reading = files().read('a.onnx', {
    signal: stop.signal,
    onProgress: (done) => done > 500 && stop.abort(),
  });
  await expect(reading).rejects.toThrow(/abort/i);
  expect(await files().read('a.onnx')).toEqual(content);
  expect(server.asked).toEqual(['all', 'bytes=500-']);
});

test('a file that changed meanwhile is loaded anew, never mixed', async () => {
  server.breaksAfter = [450, 0, 0, 0];
  await expect(files().read('a.onnx')).rejects.toThrow();
  server.file = content.map((x) => x ^ 1);
  server.etag = '"two"';
  server.breaksAfter = [];
  expect(await files().read('a.onnx')).toEqual(server.file);
  server.file = server.file.slice(0, 300);
  expect(await files().read('a.onnx')).toHaveLength(1050); // What is whole is not asked for again.
});

test('a server without ranges starts over, and one that tells no length is believed', async () => {
  server.ranges = false;
  server.breaksAfter = [450];
  expect(await files().read('a.onnx')).toEqual(content);
  server.announces = false;
  expect(await files().read('b.onnx')).toEqual(content);
  const before = server.asked.length;
  expect(await files().read('b.onnx')).toEqual(content);
  expect(server.asked.length).toBe(before);
});

test('what is not there, or may not be read, says so at once', async () => {
  server.status = 404;
  await expect(files().read('a.onnx')).rejects.toThrow(MissingFileError);
  server.status = 401;
  await expect(files().read('a.onnx')).rejects.toThrow(/private, or its licence/);
  expect(server.asked).toHaveLength(2);
  server.status = 200;
  server.type = 'text/html; charset=utf-8';
  await expect(files().read('a.onnx')).rejects.toThrow(/a web page answered/);
  server.status = 503;
  await expect(files().read('a.onnx')).rejects.toMatchObject({
    code: 'download-broken',
    message: expect.stringContaining('status 503'),
  });
  expect(await storedBytes(base)).toBe(0);
});

test('removing forgets one repository only', async () => {
  const other = 'https://models.example/other/';
  await files().read('a.onnx');
  await storedFiles(other, { chunk, fetch: server.fetch }).read('a.onnx');
  await removeStored(base);
  expect([await storedBytes(base), await storedBytes(other)]).toEqual([0, 1050]);
  await removeStored(other);
});

test('without a connection, an optional file that was not kept with the weights counts as missing', async () => {
  const optional = { optional: true };
  server.status = 503;
  await expect(files().read('chat_template.jinja', optional)).rejects.not.toThrow(MissingFileError);
  server.status = 200;
  await files().read('onnx/model.onnx');
  server.status = 503;
  await expect(files().read('chat_template.jinja', optional)).rejects.toThrow(MissingFileError);
  await expect(files().read('tokenizer.json')).rejects.not.toThrow(MissingFileError);
  expect(await files().read('onnx/model.onnx')).toEqual(content);
});
