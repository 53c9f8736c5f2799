import type * as tf from "@tensorflow/tfjs";
import { replaceKernel, valuesOf } from "./_cpu_kernel.ts";

type OfX = Pick<tf.NamedTensorInfoMap, "x">;

/** Computes with whole numbers as such. */
function replaceUnary(name: string, compute: (value: number) => number): void {
  replaceKernel<OfX, object>(name, (stock) => (call) => {
    const { inputs: { x }, backend } = call;
    if (x.dtype !== "int32") return stock(call);
    const { shape, values } = valuesOf(backend, x);
    const results = values.map((value) => compute(value));
    return backend.makeTensorInfo(shape, "int32", results);
  });
}

/** Numbers of the type that is asked for; tfjs's own are floats. */
function replaceOneHot(): void {
  replaceKernel<{ indices: tf.TensorInfo }, tf.OneHotAttrs>(
    "OneHot",
    (stock) => (call) => {
      const { inputs: { indices }, attrs, backend } = call;
      const { depth, onValue, offValue, dtype } = attrs;
      if (dtype !== "int32") return stock(call);
      const { shape, values } = valuesOf(backend, indices);
      const hot = new Int32Array(values.length * depth).fill(offValue);
      values.forEach((index, i) => {
        if (index >= 0 && index < depth) hot[i * depth + index] = onValue;
      });
      return backend.makeTensorInfo([...shape, depth], "int32", hot);
    },
  );
}

/** Registers kernels in the place of those that round whole numbers to floats. */
export function replaceWholeNumbers(): void {
  replaceUnary("Square", (x) => Math.imul(x, x));
  replaceUnary("Abs", Math.abs);
  replaceOneHot();
}
