/** Shapes whose number of dimensions is known. */

/** The shape of a batch of images, or of the filter of a convolution. */
export type Shape4D = [number, number, number, number];

/** The shape of a batch of volumes, or of the filter of a 3D convolution. */
export type Shape5D = [number, number, number, number, number];

/** The shape of a tensor that has four dimensions. */
export function shape4D({ shape }: { readonly shape: number[] }): Shape4D {
  const [batch, height, width, channels] = shape;
  return [batch, height, width, channels];
}

/** The shape of a tensor that has five dimensions. */
export function shape5D(shape: readonly number[]): Shape5D {
  const [batch, depth, height, width, channels] = shape;
  return [batch, depth, height, width, channels];
}
