/**
 * A learning rate, or a loss, as people write it, in `digits` significant digits
 * at most: `0.00213`, `1.5e-7`, `6e-3` never.
 */
export function formatRate(rate: number, digits = 3): string {
  const rounded = Number(rate.toPrecision(digits));
  const size = Math.abs(rounded);
  return rounded === 0 || size >= 1e-4 && size < 1e4
    ? String(rounded)
    : rounded.toExponential().replace("e+", "e");
}
