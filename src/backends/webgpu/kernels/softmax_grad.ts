/** The gradient of softmax: y (dy − Σ dy y), row by row, in one command. */

import type { SoftmaxAttrs } from "@tensorflow/tfjs";
import { runKernel } from "../../_engine.ts";
import { replaceGradient } from "../_gradient.ts";
import { defineKernel, type Named } from "../_kernel.ts";
import { rowShader, runRows } from "../_rows.ts";

const KERNEL = "SoftmaxGrad";

const shader = rowShader({
  name: "softmax_grad",
  inputs: ["dy", "y"],
  sums: ["dy[i] * y[i]"],
  result: "y[i] * (dy[i] - sum0)",
});

/** Inputs `dy, y`, of which the last dimension is a row. */
export const softmaxGradKernel = defineKernel<Named<"dy" | "y">>(
  KERNEL,
  ({ inputs: { dy, y }, backend }) =>
    runRows(backend, { shader, tensors: [dy, y] }),
);

/** Lets the gradient of Softmax use the kernel. */
export function replaceSoftmaxGradient(): void {
  replaceGradient<SoftmaxAttrs>("Softmax", (dy, [y], { dim }) => {
    if (dim !== y.rank - 1) return undefined;
    return { logits: () => runKernel(KERNEL, { dy, y }) };
  });
}
