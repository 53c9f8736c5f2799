/**
 * Casts of whole numbers and truth values to floats. tfjs's own changes what the
 * tensor is called alone: its numbers stay whole on the GPU, where shaders that
 * move floats, and updates of weights, would take their bits for those of floats,
 * and they come back whole, which a saved weight must not.
 */

import { type CastAttrs, type CastInputs, util } from "@tensorflow/tfjs";
import { type KernelCall, replaceKernel } from "../_kernel.ts";
import { toFloats } from "../_to_floats.ts";
import { isWholeType } from "../_whole_numbers.ts";

/** In the place of tfjs's Cast. */
export const castKernel = replaceKernel(
  "Cast",
  ({ inputs: { x }, attrs: { dtype }, backend }: KernelCall<
    CastInputs,
    CastAttrs
  >) => {
    const size = util.sizeFromShape(x.shape);
    if (dtype !== "float32" || !isWholeType(x.dtype) || size === 0) return;
    const { values } = backend.tensorMap.get(x.dataId);
    if (values != null) {
      const floats = new Float32Array(values as Int32Array);
      return backend.makeTensorInfo([...x.shape], "float32", floats);
    }
    return toFloats(backend, x);
  },
);
