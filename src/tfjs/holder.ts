import * as tf from "@tensorflow/tfjs";

/** An object whose properties are read and written by name. */
// deno-lint-ignore no-explicit-any -- tfjs keeps its state in protected fields
export type Holder = any;

/**
 * Whether `value` is an array or a plain object, no instance of a class but of an
 * optimizer's, which another may drive.
 */
export function isHolder(value: unknown): value is Holder {
  if (typeof value !== "object" || value === null) return false;
  return Array.isArray(value) || value instanceof tf.Optimizer ||
    Object.getPrototypeOf(value) === Object.prototype;
}

/**
 * Disposes the tensors in a value, however deep in arrays and plain objects, but
 * those to keep.
 */
export function disposeWithin(
  value: unknown,
  keep?: ReadonlySet<unknown>,
): void {
  if (value instanceof tf.Tensor) {
    if (!keep?.has(value)) value.dispose();
  } else if (isHolder(value)) {
    for (const item of Object.values(value)) disposeWithin(item, keep);
  }
}
