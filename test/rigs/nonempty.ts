/** The list itself, which must have items: a loop over an empty list would check nothing and pass. */
export function nonempty<T>(items: readonly T[]): readonly T[] {
  if (items.length === 0) throw new Error("there is nothing to check: the list is empty");
  return items;
}
