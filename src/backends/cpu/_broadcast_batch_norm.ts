/** Batch normalization of any axis, as plain loops over arrays. */

import { broadcastOffsets } from "../kernels/broadcast_offsets.ts";

/** Values with their shape. */
export interface Values {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/** The parameters of a batch normalization, which broadcast to its input. */
export interface BatchNormParameters {
  readonly mean: Values;
  readonly variance: Values;
  readonly scale?: Values;
  readonly offset?: Values;
}

/** Whether the parameters lie along the last axis, or are one for all. */
export function isAlongLastAxis({ mean }: BatchNormParameters): boolean {
  return mean.shape.slice(0, -1).every((length) => length === 1);
}

/** `(x − mean) · scale / √(variance + ε) + offset`. */
export function broadcastBatchNorm(
  x: Values,
  parameters: BatchNormParameters,
  { epsilon, out }: { readonly epsilon: number; readonly out: Float32Array },
): void {
  const one = { shape: [], values: [1] };
  const zero = { shape: [], values: [0] };
  const { mean, variance, scale = one, offset = zero } = parameters;
  const [m, v, s, o] = [mean, variance, scale, offset].map(({ shape }) =>
    broadcastOffsets(shape, x.shape)
  );
  for (let i = 0; i < out.length; i++) {
    out[i] = offset.values[o(i)] +
      (x.values[i] - mean.values[m(i)]) * scale.values[s(i)] /
        Math.sqrt(variance.values[v(i)] + epsilon);
  }
}
