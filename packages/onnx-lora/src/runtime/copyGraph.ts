/** A graph that copies its input `from`, of shape `dims`, to its output `to`: by it tensors go to a device and come back. */
import { type Dim, GraphBuilder, writeModel } from 'onnx-grad';

export function copyGraph(dims: Dim[]): Uint8Array {
  const b = new GraphBuilder('copy');
  b.output('to', b.input('from', 'float32', dims));
  return writeModel(b.model);
}
