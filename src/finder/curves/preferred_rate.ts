/**
 * Twelve numbers a decade in nearly equal ratios, the series E12 of IEC 60063:
 * a rate between two of them is at most 11 % from one.
 */
const PREFERRED = [1, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 3.9, 4.7, 5.6, 6.8, 8.2];

/**
 * The preferred number nearest to a rate. A bound is known to within some tens of
 * percent, so that further digits say nothing; with them gone, two tests of the
 * same network more often come to the same bounds.
 *
 * @param within Where the rate lies within these, so does the number; it stays as
 * it is if there is none.
 */
export function preferredRate(
  rate: number,
  within: { readonly least: number; readonly greatest: number },
): number {
  if (!(rate > 0 && rate < Infinity)) return rate;
  const { least, greatest } = within;
  const isLimited = least <= rate && rate <= greatest;
  const decade = Math.floor(Math.log10(rate));
  const distance = (number: number) => Math.abs(Math.log(number / rate));
  const [nearest = rate] = [decade - 1, decade, decade + 1]
    // Through text, so that it is the number that its digits stand for.
    .flatMap((power) => PREFERRED.map((digits) => Number(`${digits}e${power}`)))
    .filter((number) => number > 0 && number < Infinity)
    .filter((number) => !isLimited || least <= number && number <= greatest)
    .sort((a, b) => distance(a) - distance(b));
  return nearest;
}
