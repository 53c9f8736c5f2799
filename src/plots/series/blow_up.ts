/** A line that climbs as many times its own height has blown up. */
const FAR = 5;
/** A rise to less than twice a value is none, however flat the line was. */
const LEAST = 1 / FAR;

/**
 * Where to cut off a line that blows up, so that what it was before can be seen:
 * half its height above where it started, or above its median where that is
 * higher. Nothing for a line that stays in reach of that. `noise` is how far the
 * values are usually from the line.
 */
export function blowUpCap(
  line: ArrayLike<number>,
  noise = 0,
): number | undefined {
  const finite = Float64Array.from(line).filter(Number.isFinite);
  if (finite.length === 0) return undefined;
  const sorted = finite.toSorted();
  const from = Math.max(finite[0], sorted[sorted.length >> 1]);
  const height = Math.max(
    from - sorted[0],
    6 * noise,
    LEAST * Math.abs(from),
    1e-12,
  );
  return sorted[sorted.length - 1] > from + FAR * height
    ? from + 0.5 * height
    : undefined;
}
