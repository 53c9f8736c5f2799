import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  fromKernelFunc,
  type Kernel,
  registeredKernel,
  replaceKernel,
  toKernelFunc,
} from "../../src/backends/_kernels.ts";

interface Doubled {
  readonly by: number;
}
type X = { readonly x: tf.TensorInfo };
type OnCpu = Kernel<X, Doubled, object>;

const NAME = "KernelOfThisTest";

/** A kernel that stretches the shape of its input, and what it was called with. */
const stretch: OnCpu = ({ inputs: { x }, attrs: { by } }) => ({
  ...x,
  shape: x.shape.map((length) => by * length),
});

const call = {
  inputs: { x: { dataId: {}, shape: [2, 3], dtype: "float32" as const } },
  attrs: { by: 2 },
  backend: {},
};

Deno.test("toKernelFunc() and fromKernelFunc() leave the kernel itself", () => {
  const kernelFunc = toKernelFunc(stretch);
  assertStrictEquals<unknown>(fromKernelFunc({ kernelFunc }), stretch);
});

Deno.test("replaceKernel() puts a kernel over the one that it is made from", () => {
  const disposeFunc = () => {};
  tf.registerKernel({
    kernelName: NAME,
    backendName: "cpu",
    kernelFunc: toKernelFunc(stretch),
    disposeFunc,
  });
  try {
    replaceKernel<X, Doubled, object>(NAME, "cpu", (stock) => (call) => {
      const { shape, ...rest } = stock(call);
      return { ...rest, shape: shape.toReversed() };
    });
    const own = registeredKernel<X, Doubled>(NAME, "cpu");
    assertEquals(own(call).shape, [6, 4]);
    assertStrictEquals(tf.getKernel(NAME, "cpu").disposeFunc, disposeFunc);
  } finally {
    tf.unregisterKernel(NAME, "cpu");
  }
});

Deno.test("a kernel that is not there is named", () => {
  assertThrows(
    () => registeredKernel("NoSuchKernel", "cpu"),
    Error,
    "Cannot run NoSuchKernel as the cpu backend must have that kernel",
  );
  assertThrows(
    () => replaceKernel("NoSuchKernel", "cpu", (stock) => stock),
    Error,
    "Cannot replace NoSuchKernel as the cpu backend must have that kernel",
  );
});
