/**
 * Models that are frozen as a whole. tfjs (4.22) marks their weights alone, and
 * trains them all the same: a sequential model whose first layer is a model takes
 * its layers for its own when it is compiled, and marks their weights anew.
 */

import * as tf from "@tensorflow/tfjs";

/** The models of tfjs's layers, of which its types say nothing. */
interface Container {
  readonly layers: readonly { trainable: boolean }[];
  readonly trainable: boolean;
}

/** Lets all layers within a model be frozen, and trained again, with it. */
export function mendFrozenModels(): void {
  const prototype = Object.getPrototypeOf(tf.LayersModel.prototype);
  const { get, set } = Object.getOwnPropertyDescriptor(prototype, "trainable")!;
  Object.defineProperty(prototype, "trainable", {
    configurable: true,
    get,
    set(this: Container, trainable: boolean) {
      // To compile one, tfjs sets what it is already: layers of it that were
      // frozen by themselves stay so.
      const changes = trainable !== this.trainable;
      set!.call(this, trainable);
      if (!changes) return;
      for (const layer of this.layers) layer.trainable = trainable;
    },
  });
}
