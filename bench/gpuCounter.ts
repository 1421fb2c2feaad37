/**
 * What a page asks of WebGPU, counted where it asks: at the prototypes of queues, buffers and passes, whoever calls
 * them. The counts are the same on every adapter, a software one too.
 */

export interface GpuCount {
  /** Compute shaders started. */
  dispatches: number;
  /** Command buffers handed to the queue, in so many calls. */
  submits: number;
  /** Bytes written to the device: by the queue, or into buffers that were mapped for it. */
  up: number;
  /** Bytes of buffers that were mapped to be read here. */
  down: number;
  /** Times that something was mapped to be read: each waits for all that was submitted before. */
  waits: number;
  /** Times that the end of the queue's work was asked for without data. */
  ends: number;
  /** Buffers made, and their bytes. */
  buffers: number;
  bytes: number;
}

const NOTHING: GpuCount = {
  dispatches: 0,
  submits: 0,
  up: 0,
  down: 0,
  waits: 0,
  ends: 0,
  buffers: 0,
  bytes: 0,
};

/** Counts from now on in this page; what it gives reads the counts so far. */
export function countGpu(): () => GpuCount {
  const count = { ...NOTHING };
  const reading = new WeakSet<GPUBuffer>();
  before(GPUComputePassEncoder.prototype, 'dispatchWorkgroups', () => void count.dispatches++);
  before(GPUComputePassEncoder.prototype, 'dispatchWorkgroupsIndirect', () => void count.dispatches++);
  before(GPUQueue.prototype, 'submit', () => void count.submits++);
  before(GPUQueue.prototype, 'onSubmittedWorkDone', () => void count.ends++);
  before(GPUQueue.prototype, 'writeBuffer', (_queue, [, , data, from = 0, size]) => {
    // Typed arrays count in elements, everything else in bytes.
    const each = 'BYTES_PER_ELEMENT' in data ? Number(data.BYTES_PER_ELEMENT) : 1;
    count.up += size === undefined ? data.byteLength - from * each : size * each;
  });
  before(GPUDevice.prototype, 'createBuffer', (_device, [{ size }]) => {
    count.buffers++;
    count.bytes += size;
  });
  before(GPUBuffer.prototype, 'mapAsync', (buffer, [mode]) => {
    if (!(mode & GPUMapMode.READ)) return void reading.delete(buffer);
    reading.add(buffer);
    count.waits++;
  });
  before(GPUBuffer.prototype, 'getMappedRange', (buffer, [from = 0, size]) => {
    count[reading.has(buffer) ? 'down' : 'up'] += size ?? buffer.size - from;
  });
  return () => ({ ...count });
}

/** Has `look` see each call of a method before it is carried out. */
function before<T extends object, K extends keyof T>(
  prototype: T,
  name: K,
  look: (self: T, args: T[K] extends (...args: infer A) => unknown ? A : never) => void,
): void {
  const method = prototype[name] as unknown as (...args: unknown[]) => unknown;
  Object.defineProperty(prototype, name, {
    configurable: true,
    writable: true,
    value(this: T, ...args: unknown[]) {
      look(this, args as never);
      return method.apply(this, args);
    },
  });
}

/** What was added between two counts, a part of it each of `times` equal pieces of work. */
export function countBetween(from: GpuCount, to: GpuCount, times = 1): GpuCount {
  const keys = Object.keys(NOTHING) as (keyof GpuCount)[];
  return Object.fromEntries(keys.map((key) => [key, (to[key] - from[key]) / times])) as unknown as GpuCount;
}
