/**
 * The whole state of a tfjs optimizer as plain data and tensors, field by field:
 * its own `getWeights` omits cached constants and, of Adam, the beta powers, and
 * throws for Adamax.
 */

import * as tf from "@tensorflow/tfjs";
import { disposeWithin, type Holder, isHolder } from "./holder.ts";
import {
  all,
  type Check,
  type Fault,
  flag,
  listOf,
  mapOf,
  optional,
  record,
  text,
  that,
} from "../runtime/check_data.ts";
import { checkReadable } from "./readable_state.ts";
import type { Optimizer, Tensor } from "./types.ts";

/** A field of an optimizer, or what it holds. */
export type StateNode =
  | { readonly value: string | boolean | null }
  /** As text, which has NaN and the infinities too. */
  | { readonly number: string }
  | { readonly tensor: string; readonly variable?: { trainable: boolean } }
  | { readonly list: readonly StateNode[] }
  | { readonly fields: { readonly [key: string]: StateNode } };

/** The fields of an optimizer by name. */
export type OptimizerFields = { readonly [key: string]: StateNode };

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
  checkReadable("save a checkpoint", optimizer);
  return describeFields(optimizer, "optimizer", tensors);
}

function restoreField(
  { holder, key }: { readonly holder: Holder; readonly key: string | number },
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
    list.splice(node.list.length).forEach((item: unknown) =>
      disposeWithin(item)
    );
    node.list.forEach((item, i) =>
      restoreField({ holder: list, key: i }, item, tensor)
    );
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
    restoreField({ holder, key }, node, tensor);
  }
}

/**
 * The fields with the names of variables that `names` has in place of others: an
 * optimizer of one's own may keep its slots by the names of the weights, and in
 * another process these have others.
 */
export function renameSlots(
  fields: OptimizerFields,
  names: ReadonlyMap<string, string>,
): OptimizerFields {
  const renamed = (node: StateNode): StateNode => {
    if ("list" in node) return { list: node.list.map(renamed) };
    if (!("fields" in node)) return node;
    const entries = Object.entries(node.fields).map(([key, inner]) =>
      [names.get(key) ?? key, renamed(inner)] as const
    );
    return { fields: Object.fromEntries(entries) };
  };
  return Object.fromEntries(
    Object.entries(fields).map(([key, node]) => [key, renamed(node)]),
  );
}

/** Gives `optimizer` the fields that {@linkcode describeOptimizer} described. */
export function restoreOptimizer(
  optimizer: Optimizer,
  fields: OptimizerFields,
  tensor: (name: string) => Tensor,
): void {
  restoreFields(optimizer, fields, tensor);
}

/** Whether a value is what {@linkcode describeOptimizer} gives. */
export const optimizerFields: Check = (value, path) =>
  mapOf(stateNode)(value, path);

const stateNode: Check = (value, path) => {
  const [[kind, check] = []] = Object.entries(NODES)
    .filter(([kind]) => Object.hasOwn(Object(value), kind));
  if (check === undefined || kind === undefined) {
    return { path, must: `have ${Object.keys(NODES).join(" or ")}`, value };
  }
  return record({ [kind]: check })(value, path) ??
    record({ variable: optional(record({ trainable: flag })) })(value, path);
};

const NODES: { readonly [kind: string]: Check } = {
  value: that(
    "be text, true, false or null",
    (value) => value === null || ["string", "boolean"].includes(typeof value),
  ),
  number: all(
    text,
    that(
      "be a number as text",
      (value) =>
        value === "NaN" || value !== "" && !Number.isNaN(Number(value)),
    ),
  ),
  tensor: text,
  list: listOf(stateNode),
  fields: optimizerFields,
};

/** A saved tensor, as far as it decides whether it can be restored. */
export interface SavedTensor {
  /** Its dtype in tfjs; undefined where tfjs has none such. */
  readonly dtype: string | undefined;
  /** Its shape. */
  readonly shape: readonly number[];
}

/**
 * The first reason why `fields` cannot be restored into `optimizer`: a field of
 * another kind than its own, a tensor that is missing or of another shape.
 *
 * @param tensor The saved tensor of a name, if there is one.
 * @param slotShapes The shapes of the trained weights, which the slots have.
 */
export function faultOfFields(
  optimizer: Optimizer,
  fields: OptimizerFields,
  { tensor, slotShapes }: {
    readonly tensor: (name: string) => SavedTensor | undefined;
    readonly slotShapes: readonly (readonly number[])[];
  },
): Fault | undefined {
  const ofTensor = (
    current: unknown,
    name: string,
    { path, shape }: {
      readonly path: string;
      readonly shape: readonly number[] | undefined;
    },
  ): Fault | undefined => {
    const saved = tensor(name);
    if (saved?.dtype === undefined) {
      return { path, must: "be a tensor that was saved", value: name };
    }
    const required = shape ??
      (current instanceof tf.Tensor ? current.shape : undefined);
    if (required && !tf.util.arraysEqual([...required], [...saved.shape])) {
      return {
        path,
        must: `have shape [${required}]`,
        value: saved.shape,
      };
    }
    if (current instanceof tf.Tensor && current.dtype !== saved.dtype) {
      return { path, must: `be of ${current.dtype}`, value: saved.dtype };
    }
  };
  const ofNode = (
    current: unknown,
    node: StateNode,
    { path, shape }: {
      readonly path: string;
      readonly shape?: readonly number[];
    },
  ): Fault | undefined => {
    const kind = kindOf(current);
    if (kind !== undefined && kind !== kindOfNode(node)) {
      return { path, must: `be ${kind}`, value: node };
    }
    if ("tensor" in node) {
      return ofTensor(current, node.tensor, { path, shape });
    }
    if ("list" in node) {
      const slots = isSlotList(node);
      return node.list.map((item, i) =>
        // What another order has in this place says nothing.
        ofNode(
          slots ? undefined : (current as unknown[] | undefined)?.[i],
          item,
          {
            path: `${path}[${i}]`,
            shape: slots ? slotShapes[i] ?? [-1] : undefined,
          },
        )
      ).find((fault) => fault !== undefined);
    }
    if ("fields" in node) {
      return ofFields(current ?? {}, node.fields, { path, shape });
    }
  };
  const ofFields = (
    holder: Holder,
    fields: OptimizerFields,
    { path, shape }: {
      readonly path: string;
      readonly shape?: readonly number[];
    },
  ): Fault | undefined => {
    for (const [key, node] of Object.entries(fields)) {
      const place = path === "" ? key : `${path}.${key}`;
      // Not what the class has: a method, an accessor, the prototype.
      if (!Object.hasOwn(holder, key) && key in holder) {
        return { path: place, must: "be a field of its own", value: node };
      }
      const fault = ofNode(holder[key], node, { path: place, shape });
      if (fault) return fault;
    }
  };
  return ofFields(optimizer, fields, { path: "" });
}

function kindOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (value instanceof tf.Tensor) return "a tensor";
  if (Array.isArray(value)) return "a list";
  if (isHolder(value)) return "an object";
  return typeof value === "number"
    ? "a number"
    : typeof value === "function"
    ? "no function"
    : "a value";
}

function kindOfNode(node: StateNode): string | undefined {
  if ("tensor" in node) return "a tensor";
  if ("list" in node) return "a list";
  if ("fields" in node) return "an object";
  return "number" in node ? "a number" : "a value";
}

/** Whether a list has a slot, or nothing yet, for each trained weight. */
function isSlotList(node: { readonly list: readonly StateNode[] }): boolean {
  return node.list.every((item) =>
    "fields" in item && "variable" in item.fields ||
    "value" in item && item.value === null
  );
}

/**
 * The fields with every slot in the place of its weight, where the weights are
 * trained in another order or some are no longer, or newly, trained.
 *
 * @param order For each weight that is trained, where its slot was; undefined
 * for one that had none, which then starts as in a first step.
 */
export function moveSlots(
  fields: OptimizerFields,
  order: readonly (number | undefined)[],
): OptimizerFields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, node]) => {
      if (!("list" in node && node.list.length > 0 && isSlotList(node))) {
        return [key, node];
      }
      const list = order.map((from): StateNode =>
        (from === undefined ? undefined : node.list[from]) ?? { value: null }
      );
      // A list ends with its last slot, as that of a run that began so.
      const end = 1 + list.findLastIndex((item) => "fields" in item);
      return [key, { list: list.slice(0, end) }];
    }),
  );
}
