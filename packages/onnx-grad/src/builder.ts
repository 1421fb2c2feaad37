/** Builds ONNX graphs of the operators that this package has records of. */
import { GraphWriter } from './graphWriter.ts';
import { graphOperator } from './ops/table.ts';

export type { Value } from './graphWriter.ts';

export class GraphBuilder extends GraphWriter {
  constructor(name: string) {
    super(name, graphOperator);
  }
}
