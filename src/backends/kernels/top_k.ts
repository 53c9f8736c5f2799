/** The largest values along the last axis where some are NaN. */

/**
 * Where the `k` largest of some values lie, the largest first, and of equal ones
 * the first: NaN counts as larger than any number, as in PyTorch and NumPy.
 */
function placesOf(values: ArrayLike<number>, k: number): number[] {
  const rank = (at: number) => Number.isNaN(values[at]) ? 1 : 0;
  return Array.from({ length: values.length }, (_, at) => at)
    .sort((a, b) =>
      rank(b) - rank(a) ||
      (rank(a) === 1 || values[a] === values[b]
        ? a - b
        : values[a] < values[b]
        ? 1
        : -1)
    )
    .slice(0, k);
}

/** Writes the largest of each row of `length` values, and where they lie in it. */
export function findTopK(
  values: Float32Array,
  { length, k, largest, places }: {
    readonly length: number;
    readonly k: number;
    readonly largest: { [output: number]: number };
    readonly places: { [output: number]: number };
  },
): void {
  for (let row = 0; row * length < values.length; row++) {
    const own = values.subarray(row * length, (row + 1) * length);
    placesOf(own, k).forEach((place, i) => {
      largest[row * k + i] = own[place];
      places[row * k + i] = place;
    });
  }
}
