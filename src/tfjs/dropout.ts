import { checkModel } from "./check_model.ts";
import { allLayersWithin } from "./layers_within.ts";
import type { LayersModel } from "./types.ts";
import { show } from "../runtime/check_data.ts";

/** What tfjs's Dropout layer hides; each call reads it. */
interface DropoutFields {
  rate: number;
}

/**
 * Sets the share of inputs that the dropout layers of a model drop from the next
 * batch on; layers of models within it too, and those in `timeDistributed`.
 *
 * @param model The model.
 * @param rate In [0, 1).
 * @throws {RangeError} If the rate is out of that range, or the model has no
 * `Dropout` layer.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { setDropoutRate } from "@clr/clr/training";
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dropout({ rate: 0.5, inputShape: [4] })],
 * });
 * setDropoutRate(model, 0.1);
 * ```
 */
export function setDropoutRate(model: LayersModel, rate: number): void {
  checkModel("set the rate of dropout", model);
  if (!(Number.isFinite(rate) && rate >= 0 && rate < 1)) {
    throw new RangeError(
      `Cannot set the rate of dropout as it must be >= 0 and < 1: current value is ${
        show(rate)
      }`,
    );
  }
  let found = false;
  for (const layer of allLayersWithin(model)) {
    if (layer.getClassName() !== "Dropout") continue;
    (layer as unknown as DropoutFields).rate = rate;
    found = true;
  }
  if (found) return;
  throw new RangeError(
    "Cannot set the rate of dropout as the model must have a Dropout layer: current value is none",
  );
}
