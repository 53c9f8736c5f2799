/**
 * The states that stateful recurrent layers carry from batch to batch. tfjs (4.22)
 * keeps those of every batch that it trained on until `resetStates()` is called,
 * so that memory grows with each, and none of them goes with the layer. A gradient
 * needs none but those of its own batch.
 */

import * as tf from "@tensorflow/tfjs";
import { layerPrototype } from "../_engine.ts";

/** The fields of the layers that tfjs's types keep to themselves. */
interface Stateful extends tf.layers.Layer {
  readonly states_?: tf.Tensor[] | null;
  keptStates?: tf.Tensor[][];
  resetStates(states?: tf.Tensor | tf.Tensor[], training?: boolean): void;
}

function mend(className: string): void {
  const prototype = layerPrototype<Stateful>(className);
  const { resetStates, dispose } = prototype;
  prototype.resetStates = function (...given) {
    resetStates.apply(this, given);
    const { keptStates = [] } = this;
    tf.dispose(keptStates.slice(0, -1));
    this.keptStates = keptStates.slice(-1);
  };
  prototype.dispose = function () {
    const disposed = dispose.call(this);
    if (disposed.refCountAfterDispose === 0) {
      tf.dispose([this.states_ ?? [], this.keptStates ?? []]);
    }
    return disposed;
  };
}

let mended = false;

/** Mends all such layers, once. */
export function mendStates(): void {
  if (mended) return;
  mended = true;
  ["RNN", "ConvLSTM2D"].forEach(mend);
}
