/** A model repository on Node with all that questions take to be asked and judged. */
import { microDialect } from '../src/dialects/micro/dialect.ts';
import type { Tools } from '../src/gasp/solving.ts';
import { folderFiles } from 'onnx-lora/node';
import { openLocalPolicy } from '../src/local/localPolicy.ts';
import { nodeRuntime } from '../src/backends/runtime.node.ts';
import { NodeJudge } from '../src/python/nodeJudge.ts';

/** `model` is a folder. The caller disposes of policy and judge. Nothing trains: the adapter stays at zero. */
export async function openTools(model: string, threads: number): Promise<Tools> {
  const policy = await openLocalPolicy(folderFiles(model), {
    model: 'embedded',
    runtime: nodeRuntime(threads),
    tuning: { kind: 'lora', rank: 8, alpha: 16 },
    seed: 1,
  });
  return { policy, judge: new NodeJudge(), dialect: microDialect() };
}
