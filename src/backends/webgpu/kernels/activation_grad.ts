/** Gradients of activations, each in one command instead of two to five. */

import type { Tensor } from "@tensorflow/tfjs";
import { elementwise, runElementwise } from "../_elementwise.ts";
import { replaceGradient, runKernel } from "../_gradient.ts";
import { defineKernel } from "../_kernel.ts";

/**
 * The gradient by the operation: from `dy` and `x`, its input, or `y`, its
 * output, whichever tfjs saves. A NaN goes on, as it does in tfjs.
 */
const EXPRESSIONS: { readonly [operation: string]: [string, string, string] } =
  {
    Relu: ["x", "x", "dy * select(f32(x > 0), x, isNan(x))"],
    Relu6: ["x", "x", "dy * select(f32(x > 0 && x <= 6), x, isNan(x))"],
    Sigmoid: ["x", "y", "dy * (y * (1 - y))"],
    Tanh: ["x", "y", "(1 - y * y) * dy"],
    Square: ["x", "x", "dy * (x * 2)"],
    ClipByValue: ["x", "x", "select(0.0, dy, x >= n0 && x <= n1)"],
  };

const KERNEL = "ActivationGrad";

const shaders = new Map(
  Object.entries(EXPRESSIONS).map(([operation, [, saved, expression]]) => [
    operation,
    elementwise(`grad_${operation}`, ["dy", saved], expression),
  ]),
);

/** The gradient of the operation that an attribute names. */
export const activationGradKernel = defineKernel(
  KERNEL,
  ({ inputs, attrs, backend }) =>
    runElementwise(
      backend,
      shaders.get(attrs.operation as string)!,
      [inputs.dy!, inputs.saved!],
      attrs.numbers as number[],
    ),
);

/** Lets the gradients of these operations use the kernel. */
export function replaceActivationGradients(): void {
  for (const [operation, [input]] of Object.entries(EXPRESSIONS)) {
    replaceGradient(operation, (dy, [saved]: Tensor[], attrs = {}) => {
      const { clipValueMin = 0, clipValueMax = 0 } = attrs;
      const numbers = [clipValueMin, clipValueMax];
      return {
        [input]: () => runKernel(KERNEL, { dy, saved }, { operation, numbers }),
      };
    });
  }
}
