/**
 * Steps of optimizers in which the change of each weight is multiplied by a
 * factor of its own, where a backend can do that in the pass of the step itself.
 */

import type { Optimizer } from "./types.ts";

/** What changes of weights are multiplied by, by the names of the weights. */
export type StepFactors = ReadonlyMap<string, number>;

type ApplyGradients = Optimizer["applyGradients"];

/**
 * A step whose changes are multiplied, those of weights without a factor by 1.
 * It gives false, with nothing done, where the current backend cannot.
 */
export type ScaledStep = (
  optimizer: Optimizer,
  gradients: Parameters<ApplyGradients>[0],
  factors?: StepFactors,
) => boolean;

/** Scaled steps by the method whose step they scale. */
const steps = new Map<ApplyGradients, ScaledStep>();

/** Lets optimizers whose class has the method `applyGradients` take `step`. */
export function offerScaledStep(
  applyGradients: ApplyGradients,
  step: ScaledStep,
): void {
  steps.set(applyGradients, step);
}

/**
 * A step of an optimizer whose changes are multiplied by `factors`; false, with
 * nothing done, where its class or the current backend offers none.
 */
export function applyScaled(...step: Parameters<ScaledStep>): boolean {
  const { applyGradients } = Object.getPrototypeOf(step[0]);
  return steps.get(applyGradients)?.(...step) ?? false;
}
