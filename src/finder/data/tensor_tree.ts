/** What batches are made of: tensors, arrays and records of them. */

import * as tf from "@tensorflow/tfjs";
import type { TensorPair, TensorTree } from "./training_data.ts";

/** The tensors of inputs or targets. */
export function tensorsOf(tree: TensorTree): tf.Tensor[] {
  if (tree instanceof tf.Tensor) return [tree];
  return Object.values(tree);
}

/** The same with each tensor turned into another. */
export function mapTree(
  tree: TensorTree,
  map: (tensor: tf.Tensor) => tf.Tensor,
) {
  if (tree instanceof tf.Tensor) return map(tree);
  if (Array.isArray(tree)) return tree.map(map);
  return Object.fromEntries(
    Object.entries(tree).map(([name, tensor]) => [name, map(tensor)]),
  );
}

/** Whether `data` are inputs and targets, rather than a stream of batches. */
export function isTensorPair(data: unknown): data is TensorPair {
  return typeof data === "object" && data !== null && "xs" in data &&
    "ys" in data;
}

/** Whether `tree` is a tensor, or an array or record of tensors. */
export function isTensorTree(tree: unknown): tree is TensorTree {
  if (tree instanceof tf.Tensor) return true;
  if (typeof tree !== "object" || tree === null) return false;
  const leaves = Object.values(tree);
  return leaves.length > 0 && leaves.every((leaf) => leaf instanceof tf.Tensor);
}

/** Every tensor in a batch, or in a result, of any structure. */
export function tensorsWithin(
  value: unknown,
  seen: Set<unknown> = new Set(),
): tf.Tensor[] {
  if (typeof value !== "object" || value === null || seen.has(value)) return [];
  seen.add(value);
  if (value instanceof tf.Tensor) return [value];
  // Numbers alone, of which there may be millions: tfjs's own walk is slow there.
  if (ArrayBuffer.isView(value)) return [];
  if (Array.isArray(value) && value.every((item) => typeof item === "number")) {
    return [];
  }
  return Object.values(value).flatMap((item) => tensorsWithin(item, seen));
}

/** The same, in which every tensor is a clone. */
export function cloneTensors(batch: unknown): unknown {
  if (batch instanceof tf.Tensor) return batch.clone();
  if (Array.isArray(batch)) return batch.map(cloneTensors);
  if (
    typeof batch === "object" && batch !== null &&
    Object.getPrototypeOf(batch) === Object.prototype
  ) {
    return Object.fromEntries(
      Object.entries(batch).map(([key, value]) => [key, cloneTensors(value)]),
    );
  }
  return batch;
}

/** Examples in a batch, or 1 where only the trainee knows. */
export function examplesOf(batch: unknown): number {
  return isTensorPair(batch) ? tensorsOf(batch.xs)[0].shape[0] ?? 1 : 1;
}

/** Disposes every tensor in a batch of any structure. */
export function disposeBatch(batch: unknown): void {
  tf.dispose(tensorsWithin(batch));
}
