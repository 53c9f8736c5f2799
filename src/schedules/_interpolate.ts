/** How the rate goes between two values. */

/**
 * From `end` (weight 0) to `start` (weight 1): exact at both and never outside
 * them, which `end + (start − end) · weight` alone is not.
 */
export function mix(start: number, end: number, weight: number): number {
  if (weight >= 1) return start;
  const value = end + (start - end) * weight;
  return start > end ? Math.min(value, start) : Math.max(value, start);
}

/**
 * The weight of the start, `(1 + cos(π · (1 − remaining))) / 2`, without the
 * cancellation that leaves no digit near the end.
 */
export function cosineWeight(remaining: number): number {
  return Math.sin(remaining * Math.PI / 2) ** 2;
}
