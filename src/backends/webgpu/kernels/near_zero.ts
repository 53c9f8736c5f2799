/**
 * Functions that are there for arguments near 0, of which tfjs's shaders, which
 * add 1 or take it away, leave no digits: by their series.
 */

import type { Expm1Inputs, Log1pInputs } from "@tensorflow/tfjs";
import { elementwise, runElementwise } from "../_elementwise.ts";
import { replaceKernel } from "../_kernel.ts";

/** Below it, digits are lost. */
const NEAR = 0.5;

/** With s = x / (2 + x), ln(1 + x) = 2s (1 + s²/3 + s⁴/5 + …). */
const log1pShader = elementwise(
  "log1p",
  ["x"],
  `select(log(1 + x), 2 * (x / (2 + x)) * ${
    [15, 13, 11, 9, 7, 5, 3, 1].reduce(
      (rest, n) => `(1.0 / ${n} + (x / (2 + x)) * (x / (2 + x)) * ${rest})`,
      "0.0",
    )
  }, abs(x) < ${NEAR})`,
);

/** By the series: eˣ − 1 = x (1 + x/2 (1 + x/3 (1 + …))). */
const expm1Shader = elementwise(
  "expm1",
  ["x"],
  `select(exp(x) - 1, ${
    Array.from({ length: 8 }, (_, i) => 9 - i).reduce(
      (rest, n) => `(1 + x / ${n} * ${rest})`,
      "1",
    )
  } * x, abs(x) < ${NEAR})`,
);

/** In the place of tfjs's Log1p, of floats. */
export const log1pKernel = replaceKernel<Log1pInputs>(
  "Log1p",
  ({ inputs: { x }, backend }) =>
    x.dtype === "float32"
      ? runElementwise(backend, { shader: log1pShader, tensors: [x] })
      : undefined,
);

/** In the place of tfjs's Expm1, of floats. */
export const expm1Kernel = replaceKernel<Expm1Inputs>(
  "Expm1",
  ({ inputs: { x }, backend }) =>
    x.dtype === "float32"
      ? runElementwise(backend, { shader: expm1Shader, tensors: [x] })
      : undefined,
);
