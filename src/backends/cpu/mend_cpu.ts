import { replaceBatchNorm } from "./batch_norm.ts";
import { replaceResizeNearestNeighborGrad } from "./resize_nearest_neighbor_grad.ts";

let mended = false;

/** Replaces the kernels of tfjs's CPU backend that are wrong, once. */
export function mendCpu(): void {
  if (mended) return;
  mended = true;
  replaceBatchNorm();
  replaceResizeNearestNeighborGrad();
}
