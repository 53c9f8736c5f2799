/** Sums of rows, and their normalization. */
export const rowArguments = {
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
  /** The sum of each row, of which the last may be shorter. A chunk is a range
   * of rows. */
  rowSums: ["from", "to", "rows", "columns", "length", "chunkRows"],
  /** The sum of the rows of each matrix. A chunk is a matrix. */
  middleSums: ["from", "to", "rows", "columns"],
  /** Rows of eˣ that sum to 1. A chunk is a range of rows. */
  softmax: ["from", "to", "rows", "columns", "chunkRows"],
  logSoftmax: ["from", "to", "rows", "columns", "chunkRows"],
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
} as const;
