import { checkAtLeast, checkMomentum, checkObject } from "./_check.ts";

/** The bounds between which the momentum cycles, inversely to the rate. */
export interface MomentumRange {
  /** The momentum where the rate is highest, in [0, 1). Often 0.85. */
  base: number;
  /** The momentum where the rate is lowest, in [`base`, 1). Often 0.95. */
  max: number;
}

/** Throws unless `momentum` is a range in [0, 1). */
export function checkMomentumRange(action: string, momentum: MomentumRange) {
  checkObject(action, "momentum", momentum);
  checkMomentum(action, "momentum.base", momentum.base);
  checkMomentum(action, "momentum.max", momentum.max);
  const { base, max } = momentum;
  checkAtLeast(action, { "momentum.max": max }, { "momentum.base": base });
}
