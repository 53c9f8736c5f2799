import { type Clamp, plain } from "./compute/finish.ts";
import { unary } from "./elementwise.ts";
import {
  type BackendWasm,
  callKernel,
  release,
  type TensorInfo,
} from "./_wasm_kernel.ts";

/** The activations that tfjs fuses into products and convolutions. */
export type Activation =
  | "linear"
  | "relu"
  | "relu6"
  | "elu"
  | "prelu"
  | "leakyrelu"
  | "sigmoid";

/** What an activation needs beside the values. */
export interface ActivationInputs {
  readonly activation: Activation;
  readonly preluActivationWeights?: TensorInfo;
  readonly leakyreluAlpha?: number;
}

const clamps: Partial<Record<Activation, Clamp>> = {
  linear: plain,
  relu: { lowest: 0, highest: Infinity },
  relu6: { lowest: 0, highest: 6 },
};

/** The clamp that an activation is, if it is one, else none. */
export function clampOf(activation: Activation): Clamp {
  return clamps[activation] ?? plain;
}

/**
 * Applies what is left of an activation after the clamp: nothing for the
 * linear one and the ReLUs. Frees `x` if it returns another tensor.
 */
export function activate(
  backend: BackendWasm,
  x: TensorInfo,
  { activation, preluActivationWeights, leakyreluAlpha = 0 }: ActivationInputs,
): TensorInfo {
  if (activation in clamps) return x;
  const kernels: Partial<Record<Activation, () => TensorInfo>> = {
    elu: () => callKernel(backend, "Elu", { inputs: { x } }),
    sigmoid: () => unary(backend, "sigmoid", { x }),
    leakyrelu: () =>
      unary(backend, "leakyRelu", { x, numbers: [leakyreluAlpha] }),
    prelu: () =>
      callKernel(backend, "Prelu", {
        inputs: { x, alpha: preluActivationWeights! },
      }),
  };
  const kernel = kernels[activation];
  if (kernel === undefined) {
    throw new TypeError(
      `Cannot fuse an activation as it must be one of ${
        [...Object.keys(clamps), ...Object.keys(kernels)].join(", ")
      }: current value is ${JSON.stringify(activation)}`,
    );
  }
  const y = kernel();
  release(backend, x);
  return y;
}

/** Whether there is no bias, or one for each column as products can add it. */
export function fitsColumns(
  bias: TensorInfo | undefined,
  columns: number,
): boolean {
  return bias === undefined ||
    bias.shape.reduce((size, length) => size * length, 1) === columns &&
      bias.shape.at(-1) === columns;
}

/** Adds any bias that broadcasts and applies the activation. Frees `x`. */
export function finishSeparately(
  backend: BackendWasm,
  x: TensorInfo,
  { bias, ...activation }: ActivationInputs & { readonly bias?: TensorInfo },
): TensorInfo {
  const biased = bias
    ? callKernel(backend, "Add", { inputs: { a: x, b: bias } })
    : x;
  if (biased !== x) release(backend, x);
  const clamp = clampOf(activation.activation);
  if (clamp === plain) return activate(backend, biased, activation);
  const clamped = unary(backend, "clip", {
    x: biased,
    numbers: [clamp.lowest, clamp.highest],
  });
  release(backend, biased);
  return clamped;
}
