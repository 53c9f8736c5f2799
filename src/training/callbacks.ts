import { checkKind } from "../runtime/check_given.ts";
import * as tf from "@tensorflow/tfjs";
import type { Callback, CustomCallbackArgs } from "../tfjs/types.ts";
import { checkSpelling } from "../runtime/check_names.ts";
import { isRecord } from "../runtime/records.ts";
import { show } from "../runtime/check_data.ts";

/**
 * Any instance of tfjs's callback classes. Named by what the classes have and
 * plain objects have not, so that the hooks of a plain object are typed.
 */
export type CallbackInstance = Pick<Callback, "setParams" | "setModel">;

/** The hooks of `fit`, of which one that is misspelt would never be called. */
const HOOKS = Object.keys(
  {
    onTrainBegin: 0,
    onTrainEnd: 0,
    onEpochBegin: 0,
    onEpochEnd: 0,
    onBatchBegin: 0,
    onBatchEnd: 0,
    onYield: 0,
    nowFunc: 0,
    nextFrameFunc: 0,
  } satisfies Record<keyof CustomCallbackArgs, 0>,
);

/**
 * Lets callback objects and plain objects of hooks be given to `fit` together.
 *
 * tfjs takes an array of `tf.Callback` instances or an array of plain objects;
 * an array that mixes the two crashes in the middle of training
 * (tensorflow/tfjs#1792). Every plain object is wrapped here as tfjs would wrap
 * it, with its usual `yieldEvery`. Hooks run in the order given. A plain object
 * with an `onBatchEnd` has its logs read back from the device at every batch.
 *
 * @param callbacks `CyclicLR`s, other `tf.Callback`s and objects of hooks.
 * @returns What to pass as `callbacks`.
 * @throws {TypeError} If something is neither a callback nor an object, or a
 * hook is misspelt.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { CyclicLR } from "@clr/clr";
 * import { combineCallbacks } from "@clr/clr/training";
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 1, inputShape: [1] })],
 * });
 * model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
 * const xs = tf.ones([8, 1]);
 * await model.fit(xs, xs, {
 *   verbose: 0,
 *   callbacks: combineCallbacks([
 *     new CyclicLR({ stepSize: 4 }),
 *     { onEpochEnd: (epoch) => console.log(`epoch ${epoch} done`) },
 *   ]),
 * });
 * ```
 */
export function combineCallbacks(
  callbacks: readonly (CallbackInstance | CustomCallbackArgs)[],
): Callback[] {
  checkKind(
    "combine callbacks",
    { name: "callbacks", value: callbacks, must: "a list, [clr, …] say" },
    Array.isArray(callbacks),
  );
  return callbacks.map((callback) => {
    if (callback instanceof BaseCallback) return callback;
    if (isRecord(callback)) {
      checkSpelling("combine callbacks", callback, HOOKS);
      return new tf.CustomCallback(
        callback as CustomCallbackArgs,
        "auto",
      ) as unknown as Callback;
    }
    throw new TypeError(
      `Cannot combine callbacks as each must be a tf.Callback or an object of hooks: current value is ${
        show(callback)
      }`,
    );
  });
}

/**
 * What `fit` tests for, and does not export: `tf.CustomCallback` derives from it,
 * not from `tf.Callback`.
 */
const BaseCallback: new () => Callback = Object.getPrototypeOf(
  tf.Callback,
);
