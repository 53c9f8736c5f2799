/** The compute kernels by their names, and what each is called with. */

import { keysOf } from "../../../runtime/records.ts";

/**
 * The arguments of each kernel, in their order in memory. Pointers, steps and
 * sizes named `…Step` and `…Bytes` are in bytes, other sizes in elements.
 */
export const kernelArguments = {
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
  /** out[p, c] = Σ over taps of a[pixel(p) + tap, c] · b[tap, c]. A chunk is an
   * image. */
  depthwise: [
    "a",
    "b",
    "out",
    "imageRows",
    "rowPixels",
    "columnStep",
    "rowStep",
    "imageStep",
    "outer",
    "outerStep",
    "middle",
    "middleStep",
    "channels",
  ],
  /** out[group, tap, c] = Σ over pixels of a[pixel + tap, c] · d[pixel, c]. A
   * chunk is a group of images. */
  correlateDepthwise: [
    "a",
    "d",
    "out",
    "images",
    "groupImages",
    "imageRows",
    "rowPixels",
    "columnStep",
    "rowStep",
    "imageStep",
    "outer",
    "outerStep",
    "middle",
    "middleStep",
    "channels",
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
  /**
   * Rows with more columns, the new ones zero, or with fewer. A chunk is a range
   * of rows.
   */
  resizeRows: [
    "from",
    "to",
    "rows",
    "chunkRows",
    "columns",
    "toColumns",
  ],
  /** Transforms packed weights for Winograd convolutions. A chunk is a panel. */
  winogradFilter: [
    "from",
    "to",
    "tile",
    "taps",
    "taken",
    "channels",
    "planeStep",
  ],
  /**
   * Winograd convolutions. A chunk is a block of tiles; each thread has
   * `scratchBytes` for the block's transforms.
   */
  winogradConvolve: [
    "x",
    "u",
    "uStep",
    "out",
    "bias",
    "zeros",
    "scratch",
    "scratchBytes",
    "operandStep",
    "productStep",
    "tile",
    "size",
    "outputs",
    "tiles",
    "blockTiles",
    "tilesDown",
    "tilesAcross",
    "height",
    "width",
    "outHeight",
    "outWidth",
    "top",
    "left",
    "channels",
    "columns",
    "panelColumns",
    "lowest",
    "highest",
  ],
  /**
   * The products of a Winograd filter gradient, before the last transform. A
   * chunk is a group of tiles, which has a sum of its own.
   */
  winogradCorrelate: [
    "x",
    "d",
    "out",
    "outStep",
    "zeros",
    "scratch",
    "scratchBytes",
    "operandStep",
    "productStep",
    "tile",
    "size",
    "outputs",
    "tiles",
    "groupTiles",
    "blockTiles",
    "tilesDown",
    "tilesAcross",
    "height",
    "width",
    "outHeight",
    "outWidth",
    "top",
    "left",
    "channels",
    "columns",
    "panelColumns",
  ],
  /** Sums those groups and transforms them. A chunk is a channel. */
  winogradFilterGrad: [
    "from",
    "to",
    "tile",
    "planeStep",
    "groups",
    "groupStep",
    "taps",
    "channels",
    "columns",
    "panelColumns",
  ],
  /**
   * Sums ranges of rows, column by column. A chunk is a range of rows and one of
   * columns.
   */
  sumRows: [
    "from",
    "to",
    "rows",
    "columns",
    "chunkRows",
    "chunkColumns",
    "columnChunks",
  ],
  /** Poolings. A chunk is an image. */
  maxPool: [
    "x",
    "out",
    "height",
    "width",
    "channels",
    "outHeight",
    "outWidth",
    "filterHeight",
    "filterWidth",
    "strideHeight",
    "strideWidth",
    "top",
    "left",
  ],
  avgPool: [
    "x",
    "out",
    "height",
    "width",
    "channels",
    "outHeight",
    "outWidth",
    "filterHeight",
    "filterWidth",
    "strideHeight",
    "strideWidth",
    "top",
    "left",
  ],
  /** Gradients of pooling. A chunk is an image. */
  maxPoolGrad: [
    "x",
    "dy",
    "dx",
    "height",
    "width",
    "channels",
    "outHeight",
    "outWidth",
    "filterHeight",
    "filterWidth",
    "strideHeight",
    "strideWidth",
    "top",
    "left",
  ],
  avgPoolGrad: [
    "dy",
    "dx",
    "height",
    "width",
    "channels",
    "outHeight",
    "outWidth",
    "filterHeight",
    "filterWidth",
    "strideHeight",
    "strideWidth",
    "top",
    "left",
    "scale",
  ],
  /** The sum of each row, of which the last may be shorter. A chunk is a range
   * of rows. */
  rowSums: ["from", "to", "rows", "columns", "length", "chunkRows"],
  /** The sum of the rows of each matrix. A chunk is a matrix. */
  middleSums: ["from", "to", "rows", "columns"],
  /** Rows of eˣ that sum to 1. A chunk is a range of rows. */
  softmax: ["from", "to", "rows", "columns", "chunkRows"],
  logSoftmax: ["from", "to", "rows", "columns", "chunkRows"],
  /** Moves rows of values, counted in up to four dimensions. A chunk is a range
   * of rows. */
  move: [
    "from",
    "to",
    "inner",
    "fromStep",
    "toStep",
    "rows",
    "chunkRows",
    "size0",
    "from0",
    "to0",
    "size1",
    "from1",
    "to1",
    "size2",
    "from2",
    "to2",
    "size3",
    "from3",
    "to3",
  ],
  /** Slices of `length` ones in each of `outer` blocks of a batch, by `count`
   * indices for each batch. A chunk is a range of slices. */
  gather: [
    "from",
    "indices",
    "to",
    "rows",
    "count",
    "outer",
    "length",
    "slice",
    "chunkRows",
  ],
  /** out = op(x), value by value. A chunk is a range of values. */
  unary: ["x", "out", "op", "first", "second", "length", "chunk"],
  /** out = op(a, b), row by row, counted in up to four dimensions; the last row
   * may be shorter. A chunk is a range of rows. */
  binary: [
    "a",
    "b",
    "out",
    "op",
    "inner",
    "aStep",
    "bStep",
    "length",
    "rows",
    "chunkRows",
    "size0",
    "a0",
    "b0",
    "size1",
    "a1",
    "b1",
    "size2",
    "a2",
    "b2",
    "size3",
    "a3",
    "b3",
  ],
  /**
   * For each range of rows and each column, the mean and the sum of the squared
   * distances from it. A chunk is a range of rows.
   */
  moments: ["from", "to", "rows", "columns", "chunkRows"],
  /** out = (x − mean) · scale + offset by columns, clamped from below. A chunk
   * is a range of rows. */
  normalize: [
    "x",
    "mean",
    "scale",
    "offset",
    "out",
    "rows",
    "columns",
    "chunkRows",
    "lowest",
  ],
  /** For each range of rows and each column, Σ dy and Σ dy · (x − mean). A
   * chunk is a range of rows. */
  normalizeSums: ["x", "dy", "mean", "to", "rows", "columns", "chunkRows"],
  /** dx = dy · scale + (x − mean) · slope + offset by columns. A chunk is a
   * range of rows. */
  normalizeGrad: [
    "x",
    "dy",
    "mean",
    "scale",
    "slope",
    "offset",
    "dx",
    "rows",
    "columns",
    "chunkRows",
  ],
  /** Rows with mean 0 and variance 1, scaled and shifted by columns; the mean
   * and 1 / √(variance + ε) of each. A chunk is a range of rows. */
  layerNorm: [
    "x",
    "scale",
    "offset",
    "out",
    "moments",
    "rows",
    "columns",
    "chunkRows",
    "epsilon",
  ],
  /** Its gradient, and for each range of rows the sums for scale and offset. A
   * chunk is a range of rows. */
  layerNormGrad: [
    "x",
    "dy",
    "scale",
    "moments",
    "dx",
    "sums",
    "rows",
    "columns",
    "chunkRows",
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
  /**
   * All steps of a recurrent layer, time first: from z, the projections of its
   * inputs, which become its gates, and the initial states, before the others. A
   * chunk is a few rows of the batch, as in the gradients.
   */
  lstm: [
    "z",
    "h",
    "c",
    "weights",
    "scratch",
    "batch",
    "units",
    "padded",
    "steps",
    "soft",
  ],
  gru: [
    "z",
    "h",
    "rh",
    "gateWeights",
    "weights",
    "scratch",
    "batch",
    "units",
    "gatePadded",
    "padded",
    "steps",
    "soft",
  ],
  /** From the gradients of all states to those of z and of the initial ones. */
  lstmGrad: [
    "gates",
    "c",
    "dh",
    "dc",
    "dz",
    "weights",
    "scratch",
    "dh0",
    "dc0",
    "batch",
    "units",
    "padded",
    "steps",
    "soft",
  ],
  gruGrad: [
    "gates",
    "h",
    "dh",
    "dz",
    "dgates",
    "dstate",
    "gateWeights",
    "weights",
    "scratch",
    "dh0",
    "batch",
    "units",
    "padded",
    "steps",
    "soft",
  ],
  /** The updates of optimizers. A chunk is a piece of a weight in the table. */
  sgdUpdate: ["table", "constants"],
  momentumUpdate: ["table", "constants"],
  nesterovUpdate: ["table", "constants"],
  adagradUpdate: ["table", "constants"],
  adadeltaUpdate: ["table", "constants"],
  adamUpdate: ["table", "constants"],
  adamaxUpdate: ["table", "constants"],
  rmspropUpdate: ["table", "constants"],
  centeredRmspropUpdate: ["table", "constants"],
} as const;

/** The name of a compute kernel. */
export type ComputeKernel = keyof typeof kernelArguments;

/** The arguments of a compute kernel by name. */
export type KernelArguments<Kernel extends ComputeKernel> = Record<
  typeof kernelArguments[Kernel][number],
  number
>;

/** The kernels in the order of their numbers. */
export const kernelNames = keysOf(kernelArguments);

/** The number by which a job names its kernel. */
export function kernelNumber(kernel: ComputeKernel): number {
  return kernelNames.indexOf(kernel);
}
