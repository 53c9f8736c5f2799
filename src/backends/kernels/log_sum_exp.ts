/**
 * The logarithm of a sum of exponentials of which some are infinite. tfjs (4.22)
 * takes the largest value from all of them and adds it at the end, and ∞ − ∞ is
 * NaN: so are then log 0 and log ∞.
 */

import * as tf from "@tensorflow/tfjs";

/** The name of a call that the engine is in, in front of that of the kernel's own. */
const CALL = "logSumExp__op";

/** The engine's open scopes, which tfjs's types keep to themselves. */
interface Scopes {
  readonly state: { readonly scopeStack: readonly { readonly name: string }[] };
}

let mended = false;

/** Lets it take nothing where the largest value is not finite, for all backends. */
export function mendLogSumExp(): void {
  if (mended) return;
  mended = true;
  const engine = tf.engine();
  const { state } = engine as unknown as Scopes;
  const run = engine.runKernel.bind(engine);
  const isCalled = () => state.scopeStack.at(-2)?.name === CALL;
  engine.runKernel = ((name, inputs, attrs) => {
    const result = run(name, inputs, attrs);
    if (name !== "Max" || !isCalled()) return result;
    const largest = result as tf.Tensor;
    return tf.where(tf.isFinite(largest), largest, tf.zerosLike(largest));
  }) as typeof engine.runKernel;
}
