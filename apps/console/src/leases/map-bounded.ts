/** `Promise.all` over `map`, with at most `countMax` under way. Rejects with the first failure; what is under way then is not waited for. */
export async function mapBounded<T, R>(
  items: readonly T[],
  countMax: number,
  map: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const place = next;
      next += 1;
      results[place] = await map(items[place]!);
    }
  };
  await Promise.all(Array.from({ length: Math.min(countMax, items.length) }, work));
  return results;
}
