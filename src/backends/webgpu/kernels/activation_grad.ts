/** Gradients of activations, each in one command instead of two to five. */

import type { ClipByValueAttrs } from "@tensorflow/tfjs";
import { elementwise, runElementwise } from "../_elementwise.ts";
import { runKernel } from "../../_engine.ts";
import { replaceGradient } from "../_gradient.ts";
import { defineKernel, type Named } from "../_kernel.ts";

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
    elementwise(`grad_${operation}`, ["dy", saved], { expression }),
  ]),
);

interface ActivationAttrs {
  readonly operation: string;
  readonly numbers: readonly number[];
}

/** The gradient of the operation that an attribute names. */
export const activationGradKernel = defineKernel<
  Named<"dy" | "saved">,
  ActivationAttrs
>(
  KERNEL,
  ({ inputs: { dy, saved }, attrs: { operation, numbers }, backend }) => {
    const shader = shaders.get(operation)!;
    return runElementwise(backend, { shader, tensors: [dy, saved], numbers });
  },
);

/** Lets the gradients of these operations use the kernel. */
export function replaceActivationGradients(): void {
  for (const [operation, [input]] of Object.entries(EXPRESSIONS)) {
    // Of these only ClipByValue has attributes.
    replaceGradient<Partial<ClipByValueAttrs> | undefined>(
      operation,
      (dy, [saved], attrs = {}) => {
        const { clipValueMin = 0, clipValueMax = 0 } = attrs;
        const given: ActivationAttrs = {
          operation,
          numbers: [clipValueMin, clipValueMax],
        };
        return { [input]: () => runKernel(KERNEL, { dy, saved }, given) };
      },
    );
  }
}
