/** How the pixels of a resized image lie on the first one. */
interface Sampling {
  readonly alignCorners: boolean;
  readonly halfPixelCenters?: boolean;
}

/**
 * Which of `size` entries becomes each of `resized` ones, in resizing to the
 * nearest neighbour.
 */
export function nearestSources(
  size: number,
  resized: number,
  { alignCorners, halfPixelCenters = false }: Sampling,
): Int32Array {
  const align = alignCorners && resized > 1;
  const scale = align ? (size - 1) / (resized - 1) : size / resized;
  const offset = halfPixelCenters ? 0.5 : 0;
  const round = alignCorners ? Math.round : Math.floor;
  return Int32Array.from(
    { length: resized },
    (_, i) => Math.min(size - 1, round((i + offset) * scale)),
  );
}

/** Adds each of dy's pixels to the one that it was made of. */
export function sumNearest(
  dy: ArrayLike<number>,
  { dyShape, shape, alignCorners }: {
    readonly dyShape: readonly number[];
    readonly shape: readonly number[];
    readonly alignCorners: boolean;
  },
): Float32Array {
  const [batch, height, width, channels] = shape;
  const [, rows, columns] = dyShape;
  const fromRow = nearestSources(height, rows, { alignCorners });
  const fromColumn = nearestSources(width, columns, { alignCorners });
  const sums = new Float64Array(batch * height * width * channels);
  let at = 0;
  for (let image = 0; image < batch; image++) {
    for (let row = 0; row < rows; row++) {
      const line = (image * height + fromRow[row]) * width;
      for (let column = 0; column < columns; column++) {
        const to = (line + fromColumn[column]) * channels;
        for (let c = 0; c < channels; c++) sums[to + c] += dy[at++];
      }
    }
  }
  return Float32Array.from(sums);
}
