/**
 * The indices at which a learning rate turns from falling to rising (or jumps
 * up): the ends of its cycles. A constant or monotone rate has none.
 */
export function cycleEnds(rates: ArrayLike<number>): number[] {
  const ends: number[] = [];
  let falling = false;
  let bottom = 0;
  for (let i = 1; i < rates.length; i++) {
    if (rates[i] < rates[i - 1]) {
      falling = true;
      bottom = i;
    } else if (rates[i] > rates[i - 1]) {
      if (falling) ends.push(bottom);
      falling = false;
    }
  }
  return ends;
}
