import { describe } from "./describe.ts";

/**
 * Throws where examples come with weights that a model's training would not
 * heed: tfjs's `fit` refuses a `sampleWeight`, `fitDataset` passes over it.
 */
export function refuseSampleWeight(holder: object, of: string): void {
  if (!("sampleWeight" in holder) || holder.sampleWeight == null) return;
  throw new TypeError(
    `Cannot weigh examples as ${of} must have no sampleWeight, which tfjs's fit does not support: current value is ${
      describe(holder.sampleWeight)
    }; use classWeight, a loss function that weighs, or a loop of one's own`,
  );
}
