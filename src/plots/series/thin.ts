/**
 * Chooses the indices of `values` that a line of `buckets` pixels can show:
 * the first, lowest, highest and last finite value of each bucket. Drawn at
 * that width, the thinned line covers the same pixels as the full one, so every
 * peak and trough survives (Jugel et al., "M4: A Visualization-Oriented Time
 * Series Data Aggregation", VLDB 2014).
 *
 * The buckets are equal in `positions`, which ascend; without them, in number of
 * values. Indices ascend; at most `4 · buckets` come back, and all of them when
 * there are no more values than that.
 */
export function thin(
  values: ArrayLike<number>,
  buckets = 400,
  positions?: ArrayLike<number>,
): number[] {
  const count = values.length;
  if (count <= 4 * buckets) return Array.from({ length: count }, (_, i) => i);
  const chosen: number[] = [];
  let end = 0;
  for (let bucket = 1; bucket <= buckets; bucket++) {
    const start = end;
    if (positions === undefined || bucket === buckets) {
      end = Math.floor(bucket * count / buckets);
    } else {
      const limit = positions[0] +
        bucket * (positions[count - 1] - positions[0]) / buckets;
      while (positions[end] < limit) end++;
    }
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
