import * as tf from "@tensorflow/tfjs";
import { twoCopies } from "./two_copies.ts";
import type { Callback } from "./types.ts";

/**
 * `tf.Callback` as every callback here extends it. It tells a `fit` of another
 * copy of tfjs, to which an instance of this copy's classes is a plain object: it
 * calls the hooks as functions of something else and never says which model.
 */
class OwnCallback extends tf.Callback {
  constructor() {
    super();
    const begin = this.onTrainBegin;
    this.onTrainBegin = (logs) => {
      if (!this.model) throw twoCopies("follow fit");
      return begin.call(this, logs);
    };
  }
}

/** `tf.Callback`, for classes that extend it. */
export const CallbackBase: new () => Callback = OwnCallback;
