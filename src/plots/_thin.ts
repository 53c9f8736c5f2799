/**
 * Chooses the indices of `values` that a line of `buckets` pixels can show:
 * the first, lowest, highest and last finite value of each bucket of equal
 * length. Drawn at that width, the thinned line covers the same pixels as the
 * full one, so every peak and trough survives (Jugel et al., "M4: A
 * Visualization-Oriented Time Series Data Aggregation", VLDB 2014).
 *
 * Indices ascend; at most `4 · buckets` come back, and all of them when there
 * are no more values than that.
 */
export function thin(values: ArrayLike<number>, buckets = 400): number[] {
  const count = values.length;
  if (count <= 4 * buckets) return Array.from({ length: count }, (_, i) => i);
  const chosen: number[] = [];
  for (let bucket = 0; bucket < buckets; bucket++) {
    const start = Math.floor(bucket * count / buckets);
    const end = Math.floor((bucket + 1) * count / buckets);
    let first = -1, last = -1, low = -1, high = -1;
    for (let i = start; i < end; i++) {
      if (!Number.isFinite(values[i])) continue;
      if (first < 0) first = low = high = i;
      if (values[i] < values[low]) low = i;
      if (values[i] > values[high]) high = i;
      last = i;
    }
    if (first < 0) continue;
    chosen.push(...new Set([first, low, high, last].sort((a, b) => a - b)));
  }
  return chosen;
}

/** The ascending union of several lists of ascending indices. */
export function union(...lists: readonly (readonly number[])[]): number[] {
  return [...new Set(lists.flat())].sort((a, b) => a - b);
}
