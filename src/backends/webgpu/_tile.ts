/** What the tiled kernels share: how a product of matrices is cut into tiles. */

/** How a tile is shared among the invocations of a workgroup. */
export interface Tile {
  /** Invocations along the rows and along the columns. */
  readonly invocations: readonly [number, number];
  /** Rows and fours of columns of an invocation. */
  readonly block: readonly [number, number];
  /** Fours of terms that are multiplied between two barriers. */
  readonly depth: number;
}

/** The sizes of a convolution whose channels come in fours. */
export interface ConvolutionSizes {
  readonly batch: number;
  readonly inSize: readonly [number, number];
  readonly inChannels: number;
  readonly outSize: readonly [number, number];
  readonly outChannels: number;
  readonly window: readonly [number, number];
  readonly strides: readonly [number, number];
}

/** Lines of a shader, one for each number below `count`. */
export function each(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join("\n");
}
