/**
 * Sums and means of rows by sorted segments. tfjs's WebGPU kernels (in version
 * 4.22) read the segments, and do not look whether they are sorted.
 */

import * as tf from "@tensorflow/tfjs";
import { type Own, replace } from "./_mend_kernel.ts";

const { backend_util: messages } = tf;

/** Refuses, in the words of the other backends, segments that are not sorted. */
function checkSegments(ids: ArrayLike<number>): void {
  const rows = ids[ids.length - 1] + 1;
  if (rows <= 0) {
    throw new Error(
      messages.getSparseSegmentReductionNegativeSegmentIdsErrorMessage(),
    );
  }
  for (let i = 0; i < ids.length; i++) {
    if (i > 0 && ids[i] < ids[i - 1]) {
      throw new Error(
        messages.getSparseSegmentReductionNonIncreasingSegmentIdsErrorMessage(),
      );
    }
    if (ids[i] < 0 || ids[i] >= rows) {
      throw new Error(
        messages.getSparseSegmentReductionSegmentIdOutOfRangeErrorMessage(
          ids[i],
          rows,
        ),
      );
    }
  }
}

/** Refuses indices of rows that are not there, where the processor has them. */
function checkRows(indices: ArrayLike<number>, rows: number): void {
  for (let i = 0; i < indices.length; i++) {
    if (indices[i] >= 0 && indices[i] < rows) continue;
    throw new Error(
      messages.getSparseSegmentReductionIndicesOutOfRangeErrorMessage(
        i,
        indices[i],
        rows,
      ),
    );
  }
}

function ofSorted(
  stock: Own<tf.SparseSegmentSumInputs>,
): typeof stock {
  return (call) => {
    const { inputs: { data, indices, segmentIds }, backend } = call;
    if (tf.util.sizeFromShape(indices.shape) > 0) {
      checkSegments(backend.readSync(segmentIds.dataId) as Int32Array);
      const { values } = backend.tensorMap.get(indices.dataId);
      if (values != null) checkRows(values as Int32Array, data.shape[0]);
    }
    return stock(call);
  };
}

/** Registers them in the place of tfjs's. */
export function mendSparseSegments(): void {
  replace("SparseSegmentSum", ofSorted);
  replace("SparseSegmentMean", ofSorted);
}
