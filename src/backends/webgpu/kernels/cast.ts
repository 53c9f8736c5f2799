/**
 * Casts of whole numbers and truth values that keep every value. tfjs's own changes
 * what the tensor is called alone: on the GPU its numbers stay what they were, so
 * that shaders that move floats, and updates of weights, would take their bits for
 * those of floats; and they come back so, which a saved weight must not.
 */

import { type CastAttrs, type CastInputs, util } from "@tensorflow/tfjs";
import { castWhole } from "../_casts.ts";
import { type KernelCall, replaceKernel } from "../_kernel.ts";
import { isWholeType } from "../_whole_numbers.ts";

/** In the place of tfjs's Cast. */
export const castKernel = replaceKernel(
  "Cast",
  ({ inputs: { x }, attrs: { dtype }, backend }: KernelCall<
    CastInputs,
    CastAttrs
  >) => {
    const toFloats = dtype === "float32" && isWholeType(x.dtype);
    const toWhole = dtype === "int32" && x.dtype === "bool";
    if (!toFloats && !toWhole) return;
    if (util.sizeFromShape(x.shape) === 0) return;
    const { values } = backend.tensorMap.get(x.dataId);
    if (values == null) {
      return castWhole(backend, x, toFloats ? "float32" : "int32");
    }
    const cast = toFloats
      ? new Float32Array(values as Int32Array)
      : new Int32Array(values as Uint8Array);
    return backend.makeTensorInfo([...x.shape], dtype, cast);
  },
);
