/** How the results of products and convolutions are finished. */

/** Values outside of which results are cut off: a fused ReLU, say. */
export interface Clamp {
  readonly lowest: number;
  readonly highest: number;
}

/** How the result of a product is finished. */
export interface Finish extends Clamp {
  /** The address of one bias per column. */
  readonly bias?: number;
}

/** No bias, no clamping. */
export const plain: Finish = { lowest: -Infinity, highest: Infinity };
