/** Flat vectors that stay where graphs run: on a GPU each way there and back is a wait, and megabytes. */
import { copyGraph } from '../runtime/copyGraph.ts';
import {
  type DeviceTensor,
  endSession,
  float32,
  floats,
  type GraphSession,
  type Runtime,
  type Tensor,
} from '../runtime/runtime.ts';

/** Brings vectors to the device and back, by a graph that copies its input. */
export class Carrier {
  private upward: Promise<GraphSession> | undefined;
  private downward: Promise<GraphSession> | undefined;
  /** Vectors that lie on the device. */
  readonly there = new Set<ResidentVector>();

  constructor(private readonly runtime: Runtime) {}

  get hasDevice(): boolean {
    return this.runtime.hasDeviceMemory;
  }

  private open(kept: boolean): Promise<GraphSession> {
    return this.runtime.create(copyGraph(['size']), kept ? { kept: ['to'] } : {});
  }

  async up(vector: Float32Array): Promise<DeviceTensor> {
    this.upward ??= this.open(true);
    const session = await this.upward;
    return (await session.runKeeping({ from: float32([vector.length], vector) })).kept.to!;
  }

  async down(vector: DeviceTensor): Promise<Float32Array> {
    this.downward ??= this.open(false);
    return floats(await (await this.downward).run({ from: vector }), 'to');
  }

  /** Brings all vectors here: the sessions that made them can end then. */
  async dispose(): Promise<void> {
    for (const vector of [...this.there]) await vector.leaveDevice();
    const { upward, downward } = this;
    this.upward = this.downward = undefined;
    await endSession(upward);
    await endSession(downward);
  }
}

/** A vector that never changes: here, on the device, or, once it was asked for on the other side, on both. */
export class ResidentVector {
  private holders = 1;

  constructor(
    private readonly carrier: Carrier,
    private host: Float32Array | undefined,
    private device?: DeviceTensor,
  ) {
    if (device) carrier.there.add(this);
  }

  /** As graphs read it: on the device where there is one. */
  async tensor(): Promise<Tensor> {
    if (this.device) return this.device;
    const host = this.host!;
    if (!this.carrier.hasDevice) return float32([host.length], host);
    this.device = await this.carrier.up(host);
    this.carrier.there.add(this);
    return this.device;
  }

  /** Its values, brought here if they were not. */
  async read(): Promise<Float32Array> {
    this.host ??= await this.carrier.down(this.device!);
    return this.host;
  }

  /** Its values, where they are here. */
  get here(): Float32Array {
    if (this.host) return this.host;
    throw new Error('the vector is on the device: await fetch() of what trains it first');
  }

  /** Brings it here for good: what opened the session that made it can end. */
  async leaveDevice(): Promise<void> {
    if (!this.device) return;
    await this.read();
    this.drop();
  }

  private drop(): void {
    this.carrier.there.delete(this);
    this.device?.release();
    this.device = undefined;
  }

  /** Another holder, who releases it too. */
  hold(): this {
    this.holders++;
    return this;
  }

  release(): void {
    if (--this.holders === 0) this.drop();
  }
}
