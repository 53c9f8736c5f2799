import type { TensorInfo } from "@tensorflow/tfjs";

/**
 * A tensor that is computed when it is first used. tfjs's fused operations ask
 * for all their gradients at once, that of the first layer's input among them,
 * which nobody uses; and what is only added to something is cheaper to compute
 * together with the sum.
 */
export interface Deferred {
  /** What it is computed from, and keeps alive until then. */
  readonly inputs: readonly TensorInfo[];
  /** Computes it. */
  compute(): TensorInfo;
  /** Computes its sum with `other`, of its own shape, if that is cheaper. */
  addTo?(other: TensorInfo): TensorInfo;
}
