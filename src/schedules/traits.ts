import { checkFunction, show } from "./_check.ts";
import { callsWithMomentum, traitsOf } from "./_traits.ts";
import type { Schedule } from "./schedule.ts";

/**
 * The iterations after which the rate of `schedule` changes no more: Infinity if
 * it has no end. A function of one's own has none that is known.
 *
 * @throws {TypeError} If `schedule` is no function.
 *
 * @example
 * ```ts
 * import { constant, cyclic, linear, lengthOf } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const decay = linear({ startLr: 1, endLr: 0, iterations: 50 });
 * assertEquals([decay, constant(1), cyclic()].map(lengthOf), [50, 0, Infinity]);
 * ```
 */
export function lengthOf(schedule: Schedule): number {
  checkFunction("measure a schedule", "schedule", schedule);
  return traitsOf(schedule).iterations;
}

/**
 * The momentum that goes with `schedule`, its property `momentum`; undefined where
 * it has none. Within a `sequence` it is undefined at the iterations of a stage
 * that has none.
 *
 * @example
 * ```ts
 * import { momentumOf, oneCycle } from "@clr/clr/schedules";
 * import { assertEquals } from "@std/assert";
 *
 * const rate = oneCycle({
 *   maxLr: 1,
 *   iterations: 10,
 *   momentum: { base: 0.85, max: 0.95 },
 * });
 * assertEquals([0, 2, 9].map(momentumOf(rate)!), [0.95, 0.85, 0.95]);
 * ```
 */
export function momentumOf(
  schedule: Schedule,
): Schedule["momentum"] {
  checkFunction("read a momentum", "schedule", schedule);
  return schedule.momentum;
}

/**
 * The rate of `schedule` at `iteration`.
 *
 * @throws {TypeError} If it is no number: one of an async function, say.
 */
export function rateAt(schedule: Schedule, iteration: number): number {
  const rate = schedule(iteration);
  if (typeof rate === "number") return rate;
  throw new TypeError(
    `Cannot follow a learning-rate schedule as its rate at iteration ${iteration} must be a number: current value is ${
      (rate as unknown) instanceof Promise ? "a promise" : show(rate)
    }${
      // Keras asks with the epoch and the rate.
      schedule.length > 1
        ? "; a schedule is given the iteration, and nothing else"
        : ""}`,
  );
}

/**
 * The rate of `schedule` at `iteration`, to train at.
 *
 * @throws {TypeError} If `schedule` calls one with a momentum and has none itself:
 * training would go on without it, and without a word.
 */
export function rateToTrainAt(schedule: Schedule, iteration: number): number {
  const before = callsWithMomentum();
  const rate = rateAt(schedule, iteration);
  if (callsWithMomentum() === before || "momentum" in schedule) return rate;
  throw new TypeError(
    "Cannot train by a schedule as it must keep the momentum of the schedule that it calls: current value is a function without; " +
      "use scale, clamp, warmup or sequence, or Object.assign(yours, { momentum: its.momentum }), with undefined to do without",
  );
}
