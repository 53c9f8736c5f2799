/** A smooth curve through noisy points, and how smooth it is. */
export interface LocalFit {
  /** The fitted value at each point. */
  readonly values: Float64Array;
  /** The fitted slope at each point, per point. */
  readonly slopes: Float64Array;
  /**
   * Standard deviation of each fitted value where the points have 1.
   */
  readonly gains: Float64Array;
}

function tricube(distance: number): number {
  return (1 - distance ** 3) ** 3;
}

/**
 * How many fits there are at least within a half width. Of curves with so many
 * points that there are more, each point's own fit would cost the square of
 * their number, and says nothing that those beside it do not.
 */
const FITS = 32;

/** Points that are fitted: all, but where windows are wide. */
function* fittedPoints(halfWidths: ArrayLike<number>, n: number) {
  for (let i = 0; i < n;) {
    yield i;
    let next = i + 1;
    // As far as the narrowest window on the way lets it.
    let narrowest = Math.min(halfWidths[i], halfWidths[next]);
    while (next + 1 < n) {
      narrowest = Math.min(narrowest, halfWidths[next + 1]);
      if (next + 1 - i > narrowest / FITS) break;
      next++;
    }
    i = next;
  }
}

/** Draws lines through the entries at `from` and `to` of each list. */
function interpolate(
  lists: readonly Float64Array[],
  from: number,
  to: number,
): void {
  for (const list of lists) {
    const [first, rise] = [list[from], list[to] - list[from]];
    for (let i = from + 1; i < to; i++) {
      list[i] = first + rise * ((i - from) / (to - from));
    }
  }
}

/**
 * Local linear regression with tricube weights over so many points on each side
 * of each (Cleveland's LOESS). Unlike a running average it has no lag, and is
 * not pulled towards the inside at the ends.
 *
 * Where a half width is 64 points or more, points between those that are fitted
 * lie on lines between them (as `delta` has it in Cleveland's own program), so
 * that the whole takes a time in proportion to the number of points.
 */
export function fitLocally(
  values: ArrayLike<number>,
  halfWidths: ArrayLike<number>,
): LocalFit {
  const n = values.length;
  const fitted = new Float64Array(n);
  const slopes = new Float64Array(n);
  const gains = new Float64Array(n);
  let before = 0;
  for (const i of fittedPoints(halfWidths, n)) {
    const halfWidth = halfWidths[i];
    let [w, wx, wxx, wy, wxy, ww] = [0, 0, 0, 0, 0, 0];
    const from = Math.max(0, i - halfWidth);
    const to = Math.min(n - 1, i + halfWidth);
    for (let j = from; j <= to; j++) {
      const x = j - i;
      const weight = tricube(Math.abs(x) / (halfWidth + 1));
      // From values[i], so that a constant is added without rounding twice.
      const y = values[j] - values[i];
      w += weight;
      wx += weight * x;
      wxx += weight * x * x;
      wy += weight * y;
      wxy += weight * x * y;
      ww += weight * weight;
    }
    const determinant = w * wxx - wx * wx;
    slopes[i] = determinant > 0 ? (w * wxy - wx * wy) / determinant : 0;
    fitted[i] = values[i] + (wy - slopes[i] * wx) / w;
    gains[i] = Math.sqrt(ww) / w;
    interpolate([fitted, slopes, gains], before, i);
    before = i;
  }
  return { values: fitted, slopes, gains };
}
