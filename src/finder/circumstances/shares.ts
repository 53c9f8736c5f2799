/** Fewer examples in a batch, or fewer different losses, may be so by chance. */
const LEAST_EXAMPLES = 4;
const LEAST_DIFFERENT = 3;

/** How far from a whole number of examples a share may be, for rounding. */
const ROUNDING = 1e-3;

/**
 * Whether losses are shares of a batch's examples, or such in percent, as an
 * accuracy is and no loss that training lowers.
 */
export function areShares(
  losses: readonly number[],
  examples: number,
): boolean {
  if (
    !Number.isInteger(examples) || examples < LEAST_EXAMPLES ||
    new Set(losses).size < LEAST_DIFFERENT
  ) return false;
  return [1, 100].some((whole) =>
    losses.every((loss) => {
      const counted = examples * loss / whole;
      return loss >= 0 && loss <= whole * (1 + ROUNDING) &&
        Math.abs(counted - Math.round(counted)) < ROUNDING;
    })
  );
}
