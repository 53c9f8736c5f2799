/**
 * The whole state of a tfjs optimizer as plain data and tensors, field by field:
 * its own `getWeights` omits cached constants and, of Adam, the beta powers, and
 * throws for Adamax.
 */

import * as tf from "@tensorflow/tfjs";
import { disposeWithin, type Holder, isHolder } from "./holder.ts";
import type { Optimizer, Tensor } from "./types.ts";

/** A field of an optimizer, or what it holds. */
export type StateNode =
  | { readonly value: string | boolean | null }
  /** As text, which has NaN and the infinities too. */
  | { readonly number: string }
  | { readonly tensor: string; readonly variable?: { trainable: boolean } }
  | { readonly list: readonly StateNode[] }
  | { readonly fields: { readonly [key: string]: StateNode } };

function describeValue(
  value: unknown,
  path: string,
  tensors: Map<string, Tensor>,
): StateNode | undefined {
  if (value instanceof tf.Tensor) {
    tensors.set(path, value);
    return value instanceof tf.Variable
      ? { tensor: path, variable: { trainable: value.trainable } }
      : { tensor: path };
  }
  if (typeof value === "number") return { number: String(value) };
  if (value === null || ["string", "boolean"].includes(typeof value)) {
    return { value: value as string | boolean | null };
  }
  if (Array.isArray(value)) {
    // Slots are null until their variable is trained.
    const list = Array.from(
      value,
      (item, i) =>
        describeValue(item ?? null, `${path}/${i}`, tensors) ?? { value: null },
    );
    return { list };
  }
  if (isHolder(value)) return { fields: describeFields(value, path, tensors) };
  return undefined;
}

function describeFields(
  holder: Holder,
  path: string,
  tensors: Map<string, Tensor>,
): Record<string, StateNode> {
  const fields: Record<string, StateNode> = {};
  for (const key of Object.keys(holder)) {
    const node = describeValue(holder[key], `${path}/${key}`, tensors);
    if (node !== undefined) fields[key] = node;
  }
  return fields;
}

/** The fields of `optimizer`; its tensors are put into `tensors` by name. */
export function describeOptimizer(
  optimizer: Optimizer,
  tensors: Map<string, Tensor>,
): Record<string, StateNode> {
  return describeFields(optimizer, "optimizer", tensors);
}

function restoreField(
  holder: Holder,
  key: string | number,
  node: StateNode,
  tensor: (name: string) => Tensor,
): void {
  const current = holder[key];
  if ("tensor" in node) {
    const saved = tensor(node.tensor);
    if (
      node.variable && current instanceof tf.Variable &&
      tf.util.arraysEqual(current.shape, saved.shape)
    ) {
      current.assign(saved);
      return;
    }
    disposeWithin(current);
    holder[key] = node.variable
      ? tf.variable(saved, node.variable.trainable)
      : tf.keep(saved.clone());
  } else if ("list" in node) {
    const list: Holder = Array.isArray(current) ? current : [];
    list.splice(node.list.length).forEach(disposeWithin);
    node.list.forEach((item, i) => restoreField(list, i, item, tensor));
    holder[key] = list;
  } else if ("fields" in node) {
    const isFields = isHolder(current) && !Array.isArray(current);
    const fields: Holder = isFields ? current : {};
    restoreFields(fields, node.fields, tensor);
    holder[key] = fields;
  } else {
    disposeWithin(current);
    holder[key] = "number" in node ? Number(node.number) : node.value;
  }
}

function restoreFields(
  holder: Holder,
  fields: { readonly [key: string]: StateNode },
  tensor: (name: string) => Tensor,
): void {
  for (const [key, node] of Object.entries(fields)) {
    restoreField(holder, key, node, tensor);
  }
}

/** Gives `optimizer` the fields that {@linkcode describeOptimizer} described. */
export function restoreOptimizer(
  optimizer: Optimizer,
  fields: { readonly [key: string]: StateNode },
  tensor: (name: string) => Tensor,
): void {
  restoreFields(optimizer, fields, tensor);
}
