/** Changes to lists that are never changed in place. */

export function replaceAt<T>(list: readonly T[], at: number, value: T): readonly T[] {
  return list.map((one, index) => (index === at ? value : one));
}

export function removeAt<T>(list: readonly T[], at: number): readonly T[] {
  return list.filter((_, index) => index !== at);
}

/** Moves one place up (-1) or down (+1); at the edge nothing moves. */
export function moveBy<T>(list: readonly T[], at: number, step: -1 | 1): readonly T[] {
  const to = at + step;
  const one = list[at];
  const other = list[to];
  if (one === undefined || other === undefined) return list;
  return list.map((value, index) => (index === at ? other : index === to ? one : value));
}
