/** A number in at most four digits: 0.0042, 1e-7, 2500. */
export function shortNumber(value: number): string {
  return String(Number(value.toPrecision(4)));
}
