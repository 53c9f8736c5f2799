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
 * Local linear regression with tricube weights over so many points on each side
 * of each (Cleveland's LOESS). Unlike a running average it has no lag, and is
 * not pulled towards the inside at the ends.
 */
export function fitLocally(
  values: ArrayLike<number>,
  halfWidths: ArrayLike<number>,
): LocalFit {
  const n = values.length;
  const fitted = new Float64Array(n);
  const slopes = new Float64Array(n);
  const gains = new Float64Array(n);
  for (let i = 0; i < n; i++) {
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
  }
  return { values: fitted, slopes, gains };
}
