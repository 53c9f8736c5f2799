/**
 * Masks that end where they should. tfjs (4.22) hands every layer of a model the
 * same arguments, and leaves in them the mask that it last put there: after an
 * encoder has read a masked sequence, the decoder reads its own with the
 * encoder's mask, in silence, and a softmax adds it to its logits.
 */

import * as tf from "@tensorflow/tfjs";
import { layerPrototype } from "../_engine.ts";

interface Arguments {
  mask?: unknown;
}

/** The masks of the models within which layers are being applied. */
const around: unknown[] = [];

/** Takes a mask back once the layer that it was for has been applied. */
function takeMaskBack(prototype: tf.layers.Layer): void {
  const { apply } = prototype;
  prototype.apply = function (
    ...[inputs, kwargs]: Parameters<typeof apply>
  ): ReturnType<typeof apply> {
    // A model calls with a list, and arguments that are its own.
    const given = kwargs as Arguments | undefined;
    const isOfModel = Array.isArray(inputs) && given !== undefined;
    const isModel = this instanceof tf.LayersModel;
    if (isModel) around.push(given?.mask);
    try {
      return apply.call(this, inputs, kwargs);
    } finally {
      if (isModel) around.pop();
      if (isOfModel) {
        const mask = around.at(-1);
        if (mask === undefined) delete given.mask;
        else given.mask = mask;
      }
    }
  };
}

let mended = false;

/** Mends all layers, once. */
export function mendMasks(): void {
  if (mended) return;
  mended = true;
  takeMaskBack(tf.layers.Layer.prototype);
  // These take the list apart before they go on as all layers do.
  ["RNN", "Bidirectional"].forEach((className) =>
    takeMaskBack(layerPrototype(className))
  );
}
