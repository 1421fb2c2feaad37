/**
 * Workers take items, one after another, until all are done. Resolves to the results in the order of the items.
 * After a failure no worker takes another item, and the promise rejects once all have ended.
 */
export async function shareOut<Item, Result>(
  items: readonly Item[],
  workers: readonly ((item: Item, at: number) => Promise<Result>)[],
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  let next = 0;
  const takeAll = async (work: (item: Item, at: number) => Promise<Result>) => {
    for (let at = next++; at < items.length; at = next++) {
      try {
        results[at] = await work(items[at]!, at);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(workers.map(takeAll));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return results;
}
