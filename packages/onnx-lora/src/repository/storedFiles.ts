/**
 * Files below a web address that are downloaded once and kept, chunk by chunk, in the browser's Cache
 * Storage: a download that was stopped, or broke off, goes on where it was.
 */
import { MissingFileError, ModelFileError, type RepositoryFiles } from './repository.ts';

/** Bytes of a chunk: a download that stops loses at most so many. */
export const CHUNK = 8 << 20;
const CACHE = 'foothold-models';
/** Times in a row that a connection may break without a new chunk. */
const RETRIES = 2;

interface Meta {
  /** Bytes of the whole file. */
  total: number;
  /** The server's name for this version of the file; empty where it sends none. */
  version: string;
}

export interface StoredFilesOptions {
  chunk?: number;
  fetch?: typeof fetch;
}

export function storedFiles(base: string, options: StoredFilesOptions = {}): RepositoryFiles {
  const root = base.endsWith('/') ? base : `${base}/`;
  return {
    async read(path, { signal, onProgress, optional } = {}) {
      const store = await openStore(root + path, options.chunk ?? CHUNK);
      try {
        return await new Download(path, root + path, store, options.fetch ?? fetch, signal, onProgress).run();
      } catch (error) {
        // Where the weights are kept, the repository was opened before, and then without this file.
        const broken = error instanceof ModelFileError && error.code === 'download-broken';
        if (broken && optional && (await storedBytes(`${root}onnx/`)) > 0) {
          throw new MissingFileError(`${path} was not kept when the model was downloaded`, { cause: error });
        }
        throw error;
      }
    },
  };
}

/** Bytes of files below `base` that are here already. */
export async function storedBytes(base: string): Promise<number> {
  let sum = 0;
  for (const [, response] of await entries(base)) {
    sum += Number(response.headers.get('content-length') ?? 0);
  }
  return sum;
}

/** Forgets all files below `base`. */
export async function removeStored(base: string): Promise<void> {
  if (!('caches' in globalThis)) return;
  const cache = await caches.open(CACHE);
  for (const [request] of await entries(base)) await cache.delete(request);
}

async function entries(base: string): Promise<[Request, Response][]> {
  if (!('caches' in globalThis)) return [];
  const cache = await caches.open(CACHE);
  const root = base.endsWith('/') ? base : `${base}/`;
  const requests = (await cache.keys()).filter((request) => request.url.startsWith(root));
  const responses = await Promise.all(requests.map((request) => cache.match(request)));
  return requests.flatMap((request, i) => (responses[i] ? [[request, responses[i]] as const] : [])) as [
    Request,
    Response,
  ][];
}

/** One file's chunks; without Cache Storage, or when it is full, nothing is kept and all else goes on. */
interface Store {
  readonly chunk: number;
  meta(): Promise<Meta | undefined>;
  setMeta(meta: Meta): Promise<void>;
  get(index: number): Promise<Uint8Array | undefined>;
  put(index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  clear(): Promise<void>;
}

async function openStore(url: string, chunk: number): Promise<Store> {
  const key = (part: string) => `${url}${url.includes('?') ? '&' : '?'}foothold=${part}`;
  const cache = await openCache();
  let full = false;
  const put = async (part: string, body: BodyInit, length: number) => {
    if (!cache || full) return;
    try {
      await cache.put(key(part), new Response(body, { headers: { 'content-length': String(length) } }));
    } catch {
      full = true;
    }
  };
  return {
    chunk,
    async meta() {
      const found = await cache?.match(key('meta'));
      if (!found) return undefined;
      const meta = (await found.json()) as Meta & { chunk: number };
      return meta.chunk === chunk ? meta : undefined;
    },
    setMeta: (meta) => put('meta', JSON.stringify({ ...meta, chunk }), 0),
    async get(index) {
      const found = await cache?.match(key(String(index)));
      return found && new Uint8Array(await found.arrayBuffer());
    },
    put: (index, bytes) => put(String(index), bytes, bytes.length),
    async clear() {
      if (!cache) return;
      await cache.delete(key('meta'));
      for (let i = 0; await cache.delete(key(String(i))); i++);
    },
  };
}

async function openCache(): Promise<Cache | undefined> {
  try {
    return await caches.open(CACHE);
  } catch {
    return undefined; // Private windows and pages without a secure origin have none.
  }
}

class Download {
  private bytes = new Uint8Array(0);
  /** Bytes that are there, from the file's start. */
  private done = 0;
  private meta: Meta | undefined;

  constructor(
    private readonly path: string,
    private readonly url: string,
    private readonly store: Store,
    private readonly fetch: typeof globalThis.fetch,
    private readonly signal: AbortSignal | undefined,
    private readonly onProgress: ((done: number, total: number) => void) | undefined,
  ) {}

  async run(): Promise<Uint8Array> {
    await this.takeStored();
    for (let failures = 0; !this.complete(); ) {
      const before = Math.floor(this.done / this.store.chunk);
      try {
        await this.transfer();
      } catch (error) {
        this.signal?.throwIfAborted();
        if (error instanceof ModelFileError) throw error;
        failures = Math.floor(this.done / this.store.chunk) > before ? 0 : failures + 1;
        if (failures > RETRIES) throw this.broken(error);
      }
    }
    return this.bytes.subarray(0, this.done);
  }

  private complete(): boolean {
    return this.meta !== undefined && this.done === this.meta.total;
  }

  /** Takes the chunks that an earlier download left, from the first one on. */
  private async takeStored(): Promise<void> {
    const meta = await this.store.meta();
    if (!meta) return;
    this.meta = meta;
    this.bytes = new Uint8Array(meta.total);
    for (let index = 0; this.done < meta.total; index++) {
      const chunk = await this.store.get(index);
      const expected = Math.min(this.store.chunk, meta.total - this.done);
      if (chunk?.length !== expected) break;
      this.bytes.set(chunk, this.done);
      this.done += chunk.length;
    }
    this.onProgress?.(this.done, meta.total);
  }

  /** One request for the missing bytes. Rejects where the connection can't be had, or breaks. */
  private async transfer(): Promise<void> {
    // Bytes beyond the last whole chunk are not stored: they are requested again.
    this.done -= this.done % this.store.chunk;
    const { fetch, signal, url } = this;
    const response = await fetch(url, {
      ...(signal && { signal }),
      ...(this.done > 0 && { headers: { range: `bytes=${this.done}-` } }),
    });
    if (response.status === 416) {
      await this.restart();
      return;
    }
    this.check(response);
    const meta = this.readMeta(response);
    if (this.done > 0 && !this.goesOn(response, meta)) {
      await response.body?.cancel();
      await this.restart();
      return;
    }
    if (meta) {
      this.meta = meta;
      if (this.done === 0) await this.store.setMeta(meta);
    }
    await this.receive(response.body!.getReader());
    if (meta) return;
    // The length is known only now: a transfer that was compressed says how long it is, not the file.
    this.meta = { total: this.done, version: '' };
    await this.store.setMeta(this.meta);
  }

  private async restart(): Promise<void> {
    await this.store.clear();
    this.meta = undefined;
    this.done = 0;
  }

  private check(response: Response): void {
    const type = response.headers.get('content-type') ?? '';
    // A static host may answer an unknown path with its index page.
    if (response.ok && !type.startsWith('text/html')) return;
    const answer = response.ok ? 'a web page answered' : `status ${response.status}`;
    if (response.ok || response.status === 404 || response.status === 410) {
      throw new MissingFileError(`${this.path} is not at ${this.url} (${answer})`);
    }
    if (response.status === 401 || response.status === 403) {
      throw new ModelFileError(
        `${this.path} may not be read at ${this.url} (${answer}): the repository is private, or its licence has to be accepted first.`,
        { code: 'model-file-forbidden', data: { path: this.path, url: this.url } },
      );
    }
    if (response.status >= 500 || response.status === 429) throw new Error(answer); // Tried again.
    throw new ModelFileError(`${this.path} could not be read at ${this.url} (${answer})`);
  }

  /** Length and version of the whole file, where the answer says. */
  private readMeta({ status, headers }: Response): Meta | undefined {
    if (headers.get('content-encoding')) return undefined;
    const range = /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1];
    const length = headers.get('content-length');
    if (range === undefined && length === null) return undefined;
    const total = range === undefined ? Number(length) + (status === 206 ? this.done : 0) : Number(range);
    return { total, version: headers.get('x-linked-etag') ?? headers.get('etag') ?? '' };
  }

  /** Whether the answer is the rest of the file that was begun. */
  private goesOn({ status }: Response, meta: Meta | undefined): boolean {
    const begun = this.meta;
    return (
      status === 206 && (!begun || !meta || (begun.total === meta.total && begun.version === meta.version))
    );
  }

  private async receive(reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>): Promise<void> {
    const { chunk } = this.store;
    const total = this.meta?.total ?? 0;
    if (total > this.bytes.length) this.grow(total);
    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        if (total > 0 && this.done + value.length > total) throw new Error('more came than was announced');
        if (this.done + value.length > this.bytes.length) {
          this.grow(Math.max(2 * this.bytes.length, this.done + value.length));
        }
        this.bytes.set(value, this.done);
        const first = Math.floor(this.done / chunk);
        this.done += value.length;
        for (let i = first; (i + 1) * chunk <= this.done; i++) await this.keep(i, (i + 1) * chunk);
        this.onProgress?.(this.done, total);
      }
    } finally {
      reader.releaseLock();
    }
    if (total > 0 && this.done < total) throw new Error(`it broke off at ${this.done} of ${total} bytes`);
    if (this.done % chunk > 0) await this.keep(Math.floor(this.done / chunk), this.done);
  }

  private keep(index: number, end: number): Promise<void> {
    return this.store.put(index, this.bytes.slice(index * this.store.chunk, end));
  }

  private grow(size: number): void {
    const bytes = new Uint8Array(size);
    bytes.set(this.bytes.subarray(0, this.done));
    this.bytes = bytes;
  }

  private broken(cause: unknown): ModelFileError {
    const kept = this.done - (this.done % this.store.chunk);
    const why = cause instanceof Error ? ` (${cause.message})` : '';
    return new ModelFileError(`${this.path} could not be downloaded from ${this.url}${why}.`, {
      code: 'download-broken',
      data: { path: this.path, url: this.url, kept },
      cause,
    });
  }
}
