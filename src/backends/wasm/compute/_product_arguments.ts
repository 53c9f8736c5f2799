/** Products of matrices and convolutions as such, and what lays their operands out. */
export const productArguments = {
  /**
   * out[p, k] = clamp(bias[k] + Σ over outer, middle, run of
   * a[pixel(p) + …] · b[…, k]): convolutions and matrix products. A chunk is a
   * range of pixels and one of columns, in whole panels.
   */
  multiply: [
    "a",
    "b",
    "out",
    "bias",
    "pixels",
    "chunkPixels",
    "chunkColumns",
    "columnChunks",
    "rowPixels",
    "imageRows",
    "columnStep",
    "rowStep",
    "imageStep",
    "outColumnStep",
    "outRowStep",
    "outImageStep",
    "outer",
    "outerStep",
    "middle",
    "middleStep",
    "run",
    "columns",
    "lowest",
    "highest",
  ],
  /**
   * out[group, outer, middle, run, k] = Σ over the pixels of a group of images
   * of a[pixel + …] · d[pixel, k]: filter gradients. A chunk is a group of
   * images and a range of the run.
   */
  correlate: [
    "a",
    "d",
    "out",
    "images",
    "groupImages",
    "imageRows",
    "rowPixels",
    "blockRows",
    "columnStep",
    "rowStep",
    "imageStep",
    "outer",
    "outerStep",
    "middle",
    "middleStep",
    "run",
    "runBlock",
    "runBlocks",
    "columns",
  ],
  /**
   * out[group, i, k] = Σ over the pixels of a group of a[pixel, i] · d[pixel, k].
   * A chunk is a group and a range of the run. Blocks of a are transposed, and
   * panels of d packed, in `scratchBytes` for each thread.
   */
  multiplyTransposed: [
    "a",
    "d",
    "out",
    "zeros",
    "scratch",
    "scratchBytes",
    "pixels",
    "groupPixels",
    "blockPixels",
    "run",
    "runBlock",
    "runBlocks",
    "columns",
  ],
  /**
   * Small matrix products of one shape, each where the table says, with a and b
   * as their steps say. A chunk is a product.
   */
  multiplyBatch: [
    "table",
    "scratch",
    "rows",
    "inner",
    "columns",
    "aRowStep",
    "aColumnStep",
    "bRowStep",
    "bColumnStep",
  ],
  /** b as panels of 8 columns, the rest of the last one zero. A chunk a panel. */
  pack: [
    "from",
    "to",
    "tapRows",
    "tapRowStep",
    "taps",
    "tapStep",
    "run",
    "rowStep",
    "columns",
    "columnStep",
  ],
  /**
   * Places images into larger or smaller ones, which are zeroed first where
   * `clear` is 1. A chunk is an image.
   */
  place: [
    "from",
    "to",
    "imageStep",
    "rowStep",
    "rows",
    "columns",
    "pixelBytes",
    "toImageBytes",
    "toRowStep",
    "toColumnStep",
    "toFirst",
    "clear",
  ],
} as const;
