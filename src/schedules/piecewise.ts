import {
  checkChoice,
  checkIteration,
  checkNotNegative,
  checkObjects,
  show,
} from "./_check.ts";
import { cosineWeight, mix } from "./_interpolate.ts";
import { withTraits } from "./_traits.ts";
import type { Schedule } from "./schedule.ts";
import { checkNames } from "../runtime/check_names.ts";

/** A point of {@linkcode piecewise}. */
export interface PiecewisePoint {
  /** The first iteration at `lr`. */
  readonly iteration: number;
  /** The rate. */
  readonly lr: number;
}

/** How {@linkcode piecewise} goes from a point to the next. */
export type Interpolation = "constant" | "linear" | "cosine";

/** Options of {@linkcode piecewise}. */
export interface PiecewiseOptions {
  /**
   * How the rate goes from a point to the next: `"constant"` holds it until
   * there.
   *
   * @default {"constant"}
   */
  interpolation?: Interpolation;
}

const ACTION = "create a piecewise schedule";
const NAMES = Object.keys(
  {
    interpolation: 0,
  } satisfies Record<keyof PiecewiseOptions, 0>,
);
const INTERPOLATIONS = ["constant", "linear", "cosine"] as const;

function checkPoints(points: readonly PiecewisePoint[]) {
  if (points.length === 0 || points[0].iteration !== 0) {
    throw new RangeError(
      `Cannot ${ACTION} as its first point must be at iteration 0: current value is ${
        show(points[0]?.iteration)
      }`,
    );
  }
  points.forEach(({ iteration, lr }, i) => {
    checkNotNegative(ACTION, `points[${i}].iteration`, iteration);
    checkNotNegative(ACTION, `points[${i}].lr`, lr);
    if (i > 0 && !(iteration > points[i - 1].iteration)) {
      throw new RangeError(
        `Cannot ${ACTION} as points[${i}].iteration must be > ${
          points[i - 1].iteration
        }: current value is ${show(iteration)}`,
      );
    }
  });
}

/**
 * The rates of given iterations, and what lies between them. After the last
 * point its rate holds.
 *
 * With `"constant"`, PyTorch's `MultiStepLR`, optax's
 * `piecewise_constant_schedule` and, but for an iteration, Keras's
 * `PiecewiseConstantDecay`, which keeps the old rate at the boundary itself.
 *
 * @example
 * ```ts
 * import { piecewise } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const points = [{ iteration: 0, lr: 1 }, { iteration: 2, lr: 0.5 }];
 * assertEquals([0, 1, 2, 3].map(piecewise(points)), [1, 1, 0.5, 0.5]);
 *
 * const slope = piecewise(points, { interpolation: "linear" });
 * assertEquals([0, 1, 2, 3].map(slope), [1, 0.75, 0.5, 0.5]);
 * ```
 *
 * @throws {RangeError} If the first point is not at iteration 0, the iterations
 * do not increase, a rate is negative or not finite, or `interpolation` is
 * unknown.
 * @throws {TypeError} If `points` is no list of objects.
 */
export function piecewise(
  points: readonly PiecewisePoint[],
  options: PiecewiseOptions = {},
): Schedule {
  checkNames(ACTION, options, NAMES);
  const { interpolation = "constant" } = options;
  checkObjects(ACTION, { points }, "{ iteration, lr }");
  checkPoints(points);
  checkChoice(ACTION, { interpolation }, INTERPOLATIONS);
  const own = points.map(({ iteration, lr }) => ({ iteration, lr }));
  const last = own[own.length - 1];
  const weight = {
    constant: () => 1,
    linear: (remaining: number) => remaining,
    cosine: cosineWeight,
  }[interpolation];
  return withTraits((iteration) => {
    checkIteration(iteration);
    if (iteration >= last.iteration) return last.lr;
    let [low, high] = [0, own.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (own[middle].iteration <= iteration) low = middle;
      else high = middle;
    }
    const { iteration: start, lr } = own[low];
    const { iteration: end, lr: next } = own[high];
    return mix(lr, next, weight((end - iteration) / (end - start)));
  }, {
    description: { kind: "piecewise", points: own, interpolation },
    iterations: last.iteration,
  });
}
