import { type GrowingColumns, setValue } from "../../runtime/columns.ts";

/** Of a row that stands for several batches, the values of its last one. */
const OF_THE_LAST = new Set(["iterations", "lr"]);

/**
 * The columns of a history with rows that follow each other made one, so that no
 * more than half of `limit` and a few of the latest remain; see `historyLimit`.
 * New arrays: whoever is writing the old ones has them as they were.
 *
 * @returns Columns of equal length, `iterations` among them.
 */
export function thinnedColumns(
  columns: GrowingColumns,
  { limit, sparse }: {
    readonly limit: number;
    /** Columns that some rows have no value for, which is then NaN as well. */
    readonly sparse: ReadonlySet<string>;
  },
): GrowingColumns {
  const { iterations } = columns;
  const { length } = iterations;
  let stride = 1;
  const total = iterations[length - 1];
  while (total / stride > limit / 2) stride *= 2;
  // The rows that end the stretches of so many iterations. Strides before this
  // one divide it, so that no row reaches over such an end.
  const ends: number[] = [];
  for (let row = 0; row < length; row++) {
    const stretch = Math.ceil(iterations[row] / stride);
    const next = iterations[row + 1];
    if (Math.ceil(next / stride) !== stretch) ends.push(row);
  }
  const batches = iterations.map((end, row) =>
    end - (row === 0 ? 0 : iterations[row - 1])
  );
  const thinned: GrowingColumns = {};
  for (const name in columns) {
    const values = columns[name];
    const merged = ends.map((end, i) => {
      if (OF_THE_LAST.has(name)) return values[end];
      const first = i === 0 ? 0 : ends[i - 1] + 1;
      const skips = sparse.has(name);
      return meanOf({ values, batches, first, end, skips });
    });
    setValue(thinned, name, merged);
  }
  return thinned;
}

/**
 * The mean of the rows from `first` to `end`, by the batches that each stands
 * for; of those that have a value, where `skips` says that some have none.
 */
function meanOf({ values, batches, first, end, skips }: {
  readonly values: readonly number[];
  readonly batches: readonly number[];
  readonly first: number;
  readonly end: number;
  readonly skips: boolean;
}): number {
  if (first === end) return values[end];
  let [sum, count] = [0, 0];
  for (let row = first; row <= end; row++) {
    if (skips && Number.isNaN(values[row])) continue;
    sum += values[row] * batches[row];
    count += batches[row];
  }
  return count === 0 ? NaN : sum / count;
}
