import { type AllAttrs, type AllInputs, util } from "@tensorflow/tfjs";
import { replaceKernel } from "./_cpu_kernel.ts";

/** All of no values are true; tfjs's own begins with the first value. */
export function replaceAll(): void {
  replaceKernel<AllInputs, AllAttrs>("All", (stock) => (call) => {
    const { inputs: { x }, backend } = call;
    const result = stock(call);
    if (util.sizeFromShape(x.shape) > 0) return result;
    const { dtype, shape } = result;
    const values = new Float32Array(util.sizeFromShape(shape)).fill(1);
    return backend.makeTensorInfo(shape, dtype, values);
  });
}
