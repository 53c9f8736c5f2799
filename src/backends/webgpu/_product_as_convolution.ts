/**
 * The product of two matrices as a convolution of images of one pixel, or as one
 * of its gradients: their kernels make more of a card than tfjs's product does,
 * most of all where a matrix is transposed, as in the gradients of a dense layer.
 */

import type { TensorInfo } from "@tensorflow/tfjs";
import { type Kernel, type KernelCall, registeredKernel } from "../_kernels.ts";
import { sizeOf } from "./_shape.ts";

/** Tiles of 32 × 32 numbers that are enough for a convolution. */
const LEAST_TILES = 64;

/** A product, and what a fused one does to it. */
export interface ProductInputs {
  readonly a: TensorInfo;
  readonly b: TensorInfo;
  readonly bias?: TensorInfo;
  readonly preluActivationWeights?: TensorInfo;
}

/** How matrices lie, and what a fused product ends in. */
export interface ProductAttrs {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly activation?: string | null;
}

/** Rows and columns of a matrix, of its transpose where that is meant. */
function sizesOf({ shape }: TensorInfo, isTransposed: boolean): number[] {
  const [rows, columns] = shape.slice(-2);
  return isTransposed ? [columns, rows] : [rows, columns];
}

/**
 * The product of one matrix by another, in `shape`; undefined where it is too
 * small for a convolution, or followed by an activation.
 */
export function asConvolution<Backend extends object>(
  { inputs, attrs, backend }: KernelCall<ProductInputs, ProductAttrs, Backend>,
  shape: number[],
): TensorInfo | undefined {
  const { a, b, bias, preluActivationWeights } = inputs;
  const { transposeA, transposeB, activation } = attrs;
  if ((activation ?? "linear") !== "linear" || preluActivationWeights) return;
  if (a.dtype !== "float32" || b.dtype !== "float32") return;
  const [rows, inner] = sizesOf(a, transposeA);
  const [terms, columns] = sizesOf(b, transposeB);
  // Which tfjs refuses.
  if (inner !== terms) return;
  const images = (x: TensorInfo, count: number, channels: number) => ({
    ...x,
    shape: [count, 1, 1, channels],
  });
  const filter = { ...b, shape: [1, 1, ...b.shape.slice(-2)] };
  const run = (
    name: string,
    inputs: Record<string, TensorInfo>,
    attrs: object = {},
  ): TensorInfo => {
    const kernel: Kernel<
      Record<string, TensorInfo>,
      object,
      Backend,
      TensorInfo
    > = registeredKernel(name, "webgpu");
    const usual = { strides: 1, pad: "valid", dilations: 1 };
    const product = kernel({
      inputs,
      attrs: { ...usual, dataFormat: "NHWC", ...attrs },
      backend,
    });
    return { ...product, shape };
  };
  // Its sum is split, so that a small product has enough to do too.
  if (transposeA && !transposeB && !bias) {
    const x = images(a, inner, rows);
    const dy = images(b, inner, columns);
    const filterShape = [1, 1, rows, columns];
    return run("Conv2DBackpropFilter", { x, dy }, { filterShape });
  }
  const tiles = Math.ceil(rows / 32) * Math.ceil(columns / 32);
  if (transposeA || tiles < LEAST_TILES) return;
  const x = images(a, rows, inner);
  if (transposeB) {
    if (bias) return;
    const inputShape = [rows, 1, 1, columns];
    return run("Conv2DBackpropInput", { dy: x, filter }, { inputShape });
  }
  // Where channels do not come in fours, a convolution is such a product again.
  if (inner % 4 !== 0 || columns % 4 !== 0) return;
  if (!bias) return run("Conv2D", { x, filter });
  return sizeOf(bias.shape) === columns
    ? run("FusedConv2D", { x, filter, bias })
    : undefined;
}
