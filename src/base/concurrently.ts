/** Does several things at once, but not all. */

/** The results in the order of the items. @throws the first error; what is under way then ends unseen, and nothing more is begun. */
export async function concurrently<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  const rest = items.entries();
  let failed = false;
  const take = async (): Promise<void> => {
    for (const [i, item] of rest) {
      try {
        results[i] = await work(item, i);
      } catch (error) {
        failed = true;
        throw error;
      }
      if (failed) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, take));
  return results;
}
