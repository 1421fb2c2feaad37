/** The adapters' matrices where every step reads them: views of the flat vector, or tensors on the device. */
import { GraphBuilder, writeModel } from 'onnx-grad';
import { type AdapterPlan, parameterName } from '../model/hubGraph.ts';
import {
  type DeviceTensor,
  endSession,
  float32,
  type GraphSession,
  isOnDevice,
  type Runtime,
  type Tensor,
} from '../runtime/runtime.ts';
import { splitVector } from '../train/flatVector.ts';

/** Matrices by the names of the graph's inputs. */
export type PlacedAdapter = Readonly<Record<string, Tensor>>;

export class AdapterPlace {
  private session: Promise<GraphSession> | undefined;

  constructor(
    private readonly runtime: Runtime,
    private readonly plan: AdapterPlan | undefined,
  ) {}

  async place(weights: Float32Array | DeviceTensor): Promise<PlacedAdapter> {
    const { plan, runtime } = this;
    if (!plan) return {};
    if (runtime.hasDeviceMemory) {
      this.session ??= runtime.create(this.graph(plan), {
        kept: plan.layout.parameters.map(({ name }) => parameterName(name)),
      });
      const vector = 'held' in weights ? weights : float32([weights.length], weights);
      return (await (await this.session).runKeeping({ vector })).kept;
    }
    if ('held' in weights) throw new Error('a runtime without memory of its own was given a tensor in one');
    return Object.fromEntries(
      plan.layout.parameters.map(({ name, dims }) => {
        const at = plan.layout.offsets.get(name)!;
        const size = dims.reduce((a, b) => a * b, 1);
        return [parameterName(name), float32(dims, weights.subarray(at, at + size))];
      }),
    );
  }

  async dispose(): Promise<void> {
    const { session } = this;
    this.session = undefined;
    await endSession(session);
  }

  private graph({ layout }: AdapterPlan): Uint8Array {
    const b = new GraphBuilder('place');
    const parts = splitVector(b, b.input('vector', 'float32', [layout.size]), layout);
    for (const { name, dims } of layout.parameters) {
      b.output(parameterName(name), b.reshape(parts.get(layout.offsets.get(name)!)!, dims));
    }
    return writeModel(b.model);
  }
}

export function releaseAdapter(adapter: PlacedAdapter): void {
  for (const tensor of Object.values(adapter)) if (isOnDevice(tensor)) tensor.release();
}
