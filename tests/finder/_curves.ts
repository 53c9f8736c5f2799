import { seededRandom } from "../../src/runtime/random.ts";
import { normal } from "./_normal.ts";

/** Rates from 1e-5 to 1, twenty a decade. */
export const RATES = Array.from(
  { length: 101 },
  (_, i) => 1e-5 * 10 ** (i / 20),
);

/** What a {@linkcode curve} is made of; positions in powers of ten. */
export interface CurveShape {
  start?: number;
  improvement?: number;
  /** Where half of the improvement is made. */
  middle?: number;
  /** Width of the logistic fall, in decades. */
  width?: number;
  /** Where the loss has risen by 1; none without it. */
  blowUp?: number;
  noise?: number;
  seed?: number;
}

/** A plateau, a logistic fall, and an exponential rise, with normal noise. */
export function curve(shape: CurveShape = {}): number[] {
  const {
    start = 2.3,
    improvement = 0.8,
    middle = -3,
    width = 0.2,
    blowUp = -1.5,
    noise = 0,
    seed = 0,
  } = shape;
  const random = seededRandom(seed);
  return RATES.map((rate) => {
    const x = Math.log10(rate);
    return start - improvement / (1 + Math.exp(-(x - middle) / width)) +
      Math.exp(Math.min(40, 6 * (x - blowUp))) + noise * normal(random);
  });
}
