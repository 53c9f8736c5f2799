/**
 * The logarithm of a sum of exponentials of which some are infinite. tfjs (4.22)
 * takes the largest value from all of them and adds it at the end, and ∞ − ∞ is
 * NaN: so are then log 0 and log ∞.
 */

import * as tf from "@tensorflow/tfjs";
import { aroundKernels } from "../_engine.ts";

/** The name of a call that the engine is in, in front of that of the kernel's own. */
const CALL = "logSumExp__op";

/** The engine's open scopes, which tfjs's types keep to themselves. */
interface Scopes {
  readonly state: { readonly scopeStack: readonly { readonly name: string }[] };
}

/** Lets it take nothing where the largest value is not finite, on all backends. */
export function mendLogSumExp(): void {
  const { state } = tf.engine() as unknown as Scopes;
  const isCalled = () => state.scopeStack.at(-2)?.name === CALL;
  aroundKernels(["Max"], (run) => (name, inputs, attrs) => {
    const largest = run(name, inputs, attrs) as tf.Tensor;
    return isCalled()
      ? tf.where(tf.isFinite(largest), largest, tf.zerosLike(largest))
      : largest;
  });
}
