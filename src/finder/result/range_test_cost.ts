/** What a test cost. */
export interface RangeTestCost {
  /** Batches that were trained on. */
  readonly trained: number;
  /** Batches whose loss was computed without a training step. */
  readonly evaluated: number;
}
