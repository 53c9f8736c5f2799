/**
 * The least and the greatest of values; Infinity and −Infinity of none, and NaN
 * where one is. Of any number of them: as arguments of `Math.min` some hundred
 * thousand fill the stack.
 */
export function extremes(values: Iterable<number>): [number, number] {
  let [least, greatest] = [Infinity, -Infinity];
  for (const value of values) {
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  return [least, greatest];
}
