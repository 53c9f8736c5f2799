import { replaceBatchNorm } from "./batch_norm.ts";
import { mendConv3D } from "../windows/conv3d_same.ts";
import { replaceFloorDiv } from "../kernels/floor_div.ts";
import { replaceResizeOfWhole } from "../kernels/resize_whole_images.ts";
import { replacePool3D } from "../windows/pool3d.ts";
import { replaceAvgPool } from "./avg_pool.ts";
import { addCenteredRmspropUpdate } from "./centered_rmsprop_update.ts";
import { replaceBatchMatMul } from "./batch_mat_mul.ts";
import { replaceCast } from "./cast.ts";
import { replaceComplexArithmetic } from "./complex_arithmetic.ts";
import { replaceEmptyReductions } from "./empty_reductions.ts";
import { replaceMaxPool } from "./max_pool.ts";
import { refuseIndices } from "./refuse_indices.ts";
import { replaceResizeBilinearGrad } from "./resize_bilinear_grad.ts";
import { replaceResizeNearestNeighborGrad } from "./resize_nearest_neighbor_grad.ts";
import { replaceStridedSlice } from "./strided_slice.ts";
import { replaceTensorScatterUpdate } from "./tensor_scatter_update.ts";
import { replaceTopK } from "./top_k.ts";
import { replaceTransform } from "./transform.ts";
import { replaceUnsortedSegmentSum } from "./unsorted_segment_sum.ts";
import { replaceWholeNumbers } from "./whole_numbers.ts";

let mended = false;

/** Replaces the kernels of tfjs's CPU backend that are wrong, once. */
export function mendCpu(): void {
  if (mended) return;
  mended = true;
  replaceBatchNorm();
  replaceResizeNearestNeighborGrad();
  replaceResizeBilinearGrad();
  replaceMaxPool();
  replaceAvgPool();
  replaceBatchMatMul();
  replaceEmptyReductions();
  replaceCast();
  replaceComplexArithmetic();
  replaceStridedSlice();
  replaceTensorScatterUpdate();
  replaceTopK();
  replaceTransform();
  replaceUnsortedSegmentSum();
  replaceWholeNumbers();
  refuseIndices();
  addCenteredRmspropUpdate();
  replaceFloorDiv("cpu");
  replaceResizeOfWhole("cpu");
  replacePool3D("cpu");
  mendConv3D("cpu");
}
