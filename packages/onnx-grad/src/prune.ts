/** Removes nodes, constants and inputs that no output depends on. */
import type { Graph, Node } from './model.ts';

/** The nodes that `outputs` depend on, sorted so that each comes after those it reads from: some converters write them out of order. */
export function neededNodes(nodes: readonly Node[], outputs: Iterable<string>): Node[] {
  const producer = new Map<string, Node>();
  for (const node of nodes) for (const out of node.outputs) if (out) producer.set(out, node);
  const done = new Set<Node>();
  const order: Node[] = [];
  const stack: { node: Node; ready: boolean }[] = [];
  const want = (name: string) => {
    const node = producer.get(name);
    if (node && !done.has(node)) stack.push({ node, ready: false });
  };
  for (const output of outputs) {
    want(output);
    for (let top = stack.pop(); top; top = stack.pop()) {
      const { node, ready } = top;
      if (done.has(node)) continue;
      if (ready) {
        done.add(node);
        order.push(node);
        continue;
      }
      stack.push({ node, ready: true });
      for (const input of node.inputs) want(input);
      for (const a of Object.values(node.attributes)) {
        if (a.type === 'graph') for (const name of outerNames(a.value)) want(name);
      }
    }
  }
  return order;
}

/** Names that a subgraph reads from the graph around it: those that it does not define itself. */
function outerNames(graph: Graph): string[] {
  const own = new Set([...graph.inputs.keys(), ...graph.initializers.keys()]);
  for (const node of graph.nodes) for (const out of node.outputs) own.add(out);
  const names: string[] = [];
  for (const node of graph.nodes) {
    names.push(...node.inputs);
    for (const a of Object.values(node.attributes))
      if (a.type === 'graph') names.push(...outerNames(a.value));
  }
  return [...names, ...graph.outputs.keys()].filter((name) => !own.has(name));
}

/** Removes from `graph` the nodes, constants and inputs that its outputs do not depend on. */
export function prune(graph: Graph): void {
  const needed = new Set(neededNodes(graph.nodes, graph.outputs.keys()));
  graph.nodes = graph.nodes.filter((n) => needed.has(n));
  const read = new Set(graph.nodes.flatMap((n) => n.inputs));
  for (const name of graph.initializers.keys()) if (!read.has(name)) graph.initializers.delete(name);
  for (const name of graph.inputs.keys()) if (!read.has(name)) graph.inputs.delete(name);
}

/** Puts the graph's nodes in order again after some were added, and removes those that neither its outputs nor `wanted` depend on. */
export function sortNodes(graph: Graph, wanted: Iterable<string>): void {
  graph.nodes = neededNodes(graph.nodes, [...graph.outputs.keys(), ...wanted]);
}
