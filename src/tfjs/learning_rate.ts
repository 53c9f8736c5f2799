import type { Optimizer } from "./types.ts";
import { show } from "../runtime/check_data.ts";

/** What tfjs's optimizers hide: all keep the rate in a protected number. */
interface RateHolder {
  learningRate: number;
  /** Present where the rate is also cached in a tensor (SGD and Momentum). */
  setLearningRate?(learningRate: number): void;
}

function rateHolder(optimizer: Optimizer, action: string): RateHolder {
  const holder = optimizer as Partial<RateHolder> | null | undefined;
  if (typeof holder?.learningRate !== "number") {
    const given = holder === null || typeof holder !== "object"
      ? String(holder)
      : `${holder.constructor?.name ?? "an object"} without one${
        "optimizer" in holder ? "; give its optimizer" : ""
      }`;
    throw new TypeError(
      `Cannot ${action} the learning rate as the optimizer must have a numeric learningRate: current value is ${given}`,
    );
  }
  return holder as RateHolder;
}

/**
 * The learning rate that the next step of `optimizer` uses.
 *
 * @param optimizer Any of tfjs's seven optimizers, or an object with a numeric
 * `learningRate`.
 * @throws {TypeError} If the object has no numeric learning rate.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { getLearningRate } from "@clr/clr";
 *
 * console.log(getLearningRate(tf.train.adam(0.003))); // 0.003
 * ```
 */
export function getLearningRate(optimizer: Optimizer): number {
  return rateHolder(optimizer, "read").learningRate;
}

/**
 * Sets the learning rate of `optimizer` so that its next step uses it.
 *
 * SGD and Momentum multiply gradients by a cached tensor, which writing their
 * `learningRate` leaves as it was; the other five read the number at each step.
 * This function does what each one needs.
 *
 * @param optimizer Any of tfjs's seven optimizers, or an object with a numeric
 * `learningRate`.
 * @param learningRate A finite number ≥ 0.
 * @throws {TypeError} If the object has no numeric learning rate.
 * @throws {RangeError} If the rate is negative or not finite.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { getLearningRate, setLearningRate } from "@clr/clr";
 *
 * const optimizer = tf.train.momentum(0.1, 0.9);
 * setLearningRate(optimizer, 0.01);
 * console.log(getLearningRate(optimizer)); // 0.01
 * ```
 */
export function setLearningRate(
  optimizer: Optimizer,
  learningRate: number,
): void {
  const holder = rateHolder(optimizer, "set");
  if (!(Number.isFinite(learningRate) && learningRate >= 0)) {
    throw new RangeError(
      `Cannot set the learning rate as it must be finite and >= 0: current value is ${
        show(learningRate)
      }`,
    );
  }
  if (holder.learningRate === learningRate) return;
  if (typeof holder.setLearningRate === "function") {
    holder.setLearningRate(learningRate);
  } else {
    holder.learningRate = learningRate;
  }
}
