import * as tf from "@tensorflow/tfjs";
import { twoCopies } from "./two_copies.ts";
import { alignSlotsToModel } from "./slots.ts";
import { isTraining } from "./trained_weights.ts";
import type { Callback, LayersModel } from "./types.ts";

/**
 * `tf.Callback` as every callback here extends it. It tells a `fit` of another
 * copy of tfjs, to which an instance of this copy's classes is a plain object: it
 * calls the hooks as functions of something else and never says which model.
 * Before a training it puts the optimizer's slots where those of the weights that
 * are trained now belong.
 */
class OwnCallback extends tf.Callback {
  /** Whether fit has said which model, and not yet that it begins. */
  #isTold = false;

  constructor() {
    super();
    const begin = this.onTrainBegin;
    const prepare = (caller: unknown) => {
      this.#checkTold(caller);
      this.#isTold = false;
      alignSlotsToModel(this.model);
    };
    const begun = (logs: Parameters<typeof begin>[0]) => begin.call(this, logs);
    this.onTrainBegin = function (logs) {
      prepare(this);
      return begun(logs);
    };
  }

  /** Throws unless fit said which model, once, before it begins. */
  #checkTold(caller: unknown): void {
    const { name } = this.constructor;
    if (!this.model) {
      // Of one that stands behind an object of hooks, fit takes the hooks alone.
      throw caller instanceof tf.CustomCallback
        ? new TypeError(
          `Cannot follow fit as its callbacks must be instances, all of them: current value is a ${name} beside an object of hooks; pass combineCallbacks([…]) of @clr/clr/training`,
        )
        : twoCopies("follow fit");
    }
    // Every callback is told the model before the first one begins.
    if (!this.#isTold) {
      throw new TypeError(
        `Cannot follow fit as a callback must be in its callbacks once: current value is a ${name} that is there twice`,
      );
    }
  }

  /** What it keeps of one fit would be mixed with another's. */
  override setModel(model: LayersModel): void {
    if (this.model !== model && isTraining(this.model)) {
      throw new TypeError(
        `Cannot follow fit as a callback must be in one fit at a time: current value is a ${this.constructor.name} in another; give each model one of its own`,
      );
    }
    super.setModel(model);
    this.#isTold = true;
  }
}

// Of a class in the place of an instance, fit takes the static properties for its
// hooks, and finds none. Hidden from types, where it would make the class one.
Object.defineProperty(OwnCallback, "onTrainBegin", {
  get(this: typeof OwnCallback) {
    const { name } = this;
    return () => {
      throw new TypeError(
        `Cannot follow fit as its callbacks must be instances: current value is the class ${name} itself; pass callbacks: [new ${name}({ … })]`,
      );
    };
  },
});

/** `tf.Callback`, for classes that extend it. */
export const CallbackBase: new () => Callback = OwnCallback;
