/** What a schedule has an optimizer train a batch with. */

import { show } from "../../runtime/check_data.ts";
import type { Schedule } from "../../schedules/schedule.ts";
import { rateToTrainAt } from "../../schedules/traits.ts";
import { setLearningRate } from "../../tfjs/learning_rate.ts";
import { setMomentum } from "../../tfjs/momentum.ts";
import type { Optimizer } from "../../tfjs/types.ts";

/** What an optimizer is to train a batch with. */
export interface Rates {
  /** The learning rate, finite and >= 0. */
  readonly learningRate: number;
  /** The momentum; undefined where the schedule cycles none. */
  readonly momentum: number | undefined;
}

/**
 * What the batch trained at `iteration` is trained with.
 *
 * @throws {RangeError} If the schedule gives no rate.
 * @throws {TypeError} If the schedule is a function that calls one with a
 * momentum and has none itself.
 */
export function ratesAt(
  schedule: Schedule,
  iteration: number,
  { scale, ownMomentum }: {
    /** What the rate is multiplied by. */
    readonly scale: number;
    /** What the optimizer had, for the stages of a schedule that set none. */
    readonly ownMomentum: number | undefined;
  },
): Rates {
  const momentum = schedule.momentum === undefined
    ? undefined
    : schedule.momentum(iteration) ?? ownMomentum;
  const learningRate = scale * rateToTrainAt(schedule, iteration);
  if (!(Number.isFinite(learningRate) && learningRate >= 0)) {
    throw new RangeError(
      `Cannot follow a learning-rate schedule as its rate at iteration ${iteration} must be finite and >= 0: current value is ${
        show(learningRate)
      }${
        Number.isNaN(learningRate) && schedule.length > 1
          ? "; a schedule is given the iteration, and nothing else"
          : ""
      }`,
    );
  }
  return { learningRate, momentum };
}

/** Gives `optimizer` what its next step is to use. */
export function applyRates(
  optimizer: Optimizer,
  { learningRate, momentum }: Rates,
): void {
  setLearningRate(optimizer, learningRate);
  if (momentum !== undefined) setMomentum(optimizer, momentum);
}

/**
 * `schedule` itself.
 *
 * @throws {TypeError} If it, or its momentum, is not a function.
 */
export function checkedSchedule(schedule: Schedule): Schedule {
  if (typeof schedule !== "function") {
    throw new TypeError(
      `Cannot create a learning-rate scheduler as schedule must be a function: current value is ${
        show(schedule)
      }`,
    );
  }
  const { momentum } = schedule;
  if (momentum !== undefined && typeof momentum !== "function") {
    throw new TypeError(
      `Cannot create a learning-rate scheduler as the momentum of schedule must be a function of the iteration: current value is ${
        show(momentum)
      }`,
    );
  }
  return schedule;
}
