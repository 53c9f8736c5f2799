/** Projective transformations of images where tfjs's kernel (in version 4.22) errs. */

import type * as tf from "@tensorflow/tfjs";
import { type Own, replace, run } from "./_mend_kernel.ts";

/** One transformation for all images; tfjs's shader reads one for each. */
function ofEveryImage(
  stock: Own<tf.TransformInputs, tf.TransformAttrs>,
): typeof stock {
  return (call) => {
    const { inputs: { image, transforms }, backend } = call;
    const [count] = image.shape;
    if (transforms.shape[0] === count || count === 0) return stock(call);
    const repeated = run(backend, "Tile", {
      inputs: { x: transforms },
      attrs: { reps: [count, 1] },
    });
    const inputs = { image, transforms: repeated };
    const transformed = stock({ ...call, inputs });
    backend.disposeData(repeated.dataId);
    return transformed;
  };
}

/** Registers it. */
export function mendTransforms(): void {
  replace("Transform", ofEveryImage);
}
