/**
 * The indices at which a learning rate turns from falling to rising (or jumps
 * up): the ends of its cycles. A constant or monotone rate has none, and what
 * rounding does to the largest rate is no cycle: where the amplitude decays, the
 * last ones go under in it.
 */
export function cycleEnds(rates: ArrayLike<number>): number[] {
  let largest = 0;
  for (let i = 0; i < rates.length; i++) {
    const size = Math.abs(rates[i]);
    if (size > largest && size < Infinity) largest = size;
  }
  const rounding = 16 * Number.EPSILON * largest;
  const ends: number[] = [];
  let falling = false;
  let top = -Infinity;
  let bottom = 0;
  for (let i = 0; i < rates.length; i++) {
    const rate = rates[i];
    if (!falling) {
      if (rate > top) top = rate;
      if (!(rate < top - rounding)) continue;
      falling = true;
      bottom = i;
    } else if (rate < rates[bottom]) {
      bottom = i;
    } else if (rate > rates[bottom] + rounding) {
      ends.push(bottom);
      falling = false;
      top = rate;
    }
  }
  return ends;
}
