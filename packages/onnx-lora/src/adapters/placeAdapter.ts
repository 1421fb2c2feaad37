/** An adapter on the linear layers of a Hub model that it names, with its own ranks and scales. */
import { adapterShape, vectorOfAdapter } from './adapterVector.ts';
import type { LoraAdapter } from './peft.ts';
import { type AdapterPlan, findLinears } from '../model/hubGraph.ts';
import type { HubModel } from '../model/hubModel.ts';
import { planAdapters } from '../train/hubTrainable.ts';
import { findModules } from '../model/linears.ts';

export interface PlacedAdapter {
  plan: AdapterPlan;
  /** The adapter in the plan's layout. */
  weights: Float32Array;
}

/** Throws `PeftError` where the model has no such layers, or has them in other widths. */
export function placeAdapter(model: HubModel, adapter: LoraAdapter): PlacedAdapter {
  const pairOf = (name: string) => adapter.pairs.get(name)!;
  const modules = findModules([...adapter.pairs.keys()], findLinears(model), model.widths);
  const plan = planAdapters(
    model,
    modules.map((module) => {
      const { rank, scale } = pairOf(module.name);
      return { ...module, rank, scale };
    }),
  );
  const shape = adapterShape(plan.layout, (name) => pairOf(name).scale);
  return { plan, weights: vectorOfAdapter(shape, adapter, new Float32Array(plan.layout.size)) };
}
