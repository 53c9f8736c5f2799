import type { Schedule } from "@clr/clr";
import { cosine, cyclic, oneCycle, piecewise } from "@clr/clr/schedules";

/** A training: its length and its rates. */
export interface Plan {
  readonly iterations: number;
  readonly schedule: Schedule;
}

/** A fixed rate that drops by ten at half and at three quarters of the way. */
export function stepDecay(lr: number, iterations: number): Plan {
  return {
    iterations,
    schedule: piecewise([
      { iteration: 0, lr },
      { iteration: Math.round(iterations / 2), lr: lr / 10 },
      { iteration: Math.round(0.75 * iterations), lr: lr / 100 },
    ]),
  };
}

/** The part of the iterations in which the shortened plans train. */
const SHORT = 0.4;

/**
 * What a person may train with who has a range test's bounds: cycles, and
 * beside them rates that only fall, which say what is the bounds' merit alone.
 */
export function plansBetween(
  bounds: { readonly baseLr: number; readonly maxLr: number },
  iterations: number,
): { readonly [name: string]: Plan } {
  const { baseLr, maxLr } = bounds;
  const cycles = (
    mode: "triangular" | "triangular2",
    count: number,
    length = iterations,
  ): Plan => ({
    iterations: length,
    schedule: cyclic({ baseLr, maxLr, stepSize: length / (2 * count), mode }),
  });
  const short = Math.round(SHORT * iterations);
  return {
    triangular: cycles("triangular", 2),
    triangular2: cycles("triangular2", 4),
    "one-cycle": { iterations, schedule: oneCycle({ maxLr, iterations }) },
    cosine: { iterations, schedule: cosine({ startLr: maxLr, iterations }) },
    "step decay from the middle": stepDecay(
      Math.sqrt(baseLr * maxLr),
      iterations,
    ),
    "triangular2, shortened": cycles("triangular2", 4, short),
    "one-cycle, shortened": {
      iterations: short,
      schedule: oneCycle({ maxLr, iterations: short }),
    },
  };
}
