import * as tf from "@tensorflow/tfjs";

let mended = false;

/**
 * Lets momentum optimizers dispose of the rate that they keep in a tensor, too:
 * tfjs (4.22) disposes of the momentum and the slots alone. Once, for all.
 */
export function mendMomentumDispose(): void {
  if (mended) return;
  mended = true;
  const { prototype } = tf.MomentumOptimizer;
  const { dispose } = prototype;
  prototype.dispose = function () {
    dispose.call(this);
    // The class that it extends knows of the rate alone.
    tf.SGDOptimizer.prototype.dispose.call(this);
  };
}
