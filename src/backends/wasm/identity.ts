import type { CastAttrs, CastInputs, IdentityInputs } from "@tensorflow/tfjs";
import {
  type BackendWasm,
  callKernel,
  has32Bits,
  type KernelCall,
  type TensorInfo,
  wasmKernel,
} from "./_wasm_kernel.ts";

/** Another tensor of the same values, which both share. */
function share(backend: BackendWasm, x: TensorInfo): TensorInfo {
  backend.incRef(x.dataId);
  return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
}

/**
 * The same values as another tensor. Tensors never change, so that both can
 * share them; the backend's own kernel copies, at every tensor that a gradient
 * saves.
 */
export const identityKernel = wasmKernel(
  "Identity",
  ({ inputs: { x }, backend }: KernelCall<IdentityInputs, object>) =>
    share(backend, x),
);

/**
 * Values as another type; those that are of that type already are shared. The
 * backend's own kernel makes a bool of a number's last byte.
 */
export const castKernel = wasmKernel(
  "Cast",
  ({ inputs: { x }, attrs, backend }: KernelCall<CastInputs, CastAttrs>) => {
    const { dtype } = attrs;
    if (x.dtype === dtype) return share(backend, x);
    if (dtype !== "bool" || !has32Bits(x)) {
      return callKernel(backend, "Cast", { inputs: { x }, attrs });
    }
    const out = backend.makeOutput(x.shape, "bool");
    const from = backend.typedArrayFromHeap(x);
    const to = backend.typedArrayFromHeap(out);
    for (let i = 0; i < from.length; i++) to[i] = Number(from[i] !== 0);
    return out;
  },
);
