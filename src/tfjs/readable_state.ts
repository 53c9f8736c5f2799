/**
 * Whether all that an optimizer changes in a step can be read and put back: one of
 * somebody's own may keep its slots where nobody else reaches them.
 */

import * as tf from "@tensorflow/tfjs";
import { isHolder } from "./holder.ts";
import type { Optimizer } from "./types.ts";

/**
 * Throws unless the state of `optimizer` lies in fields that can be read, in
 * tensors, numbers, lists, plain objects and other optimizers.
 *
 * @param action What cannot be done otherwise, such as "save a checkpoint".
 */
export function checkReadable(action: string, optimizer: Optimizer): void {
  const hidden = hiddenInOptimizer(optimizer, "optimizer", new Set());
  if (hidden === undefined) return;
  throw new TypeError(
    `Cannot ${action} as ${hidden.path} must keep ${hidden.what} in a list or a plain object: current value is ${hidden.shown}`,
  );
}

interface Hidden {
  readonly path: string;
  /** What is not reached there. */
  readonly what: string;
  readonly shown: string;
}

/** The first of what `value` holds that cannot be read. */
function hiddenIn(
  value: unknown,
  path: string,
  seen: Set<unknown>,
): Hidden | undefined {
  if (typeof value !== "object" || value === null || seen.has(value)) {
    return undefined;
  }
  seen.add(value);
  if (value instanceof tf.Tensor) return undefined;
  if (value instanceof tf.Optimizer) {
    return hiddenInOptimizer(value, path, seen);
  }
  const holder: object = value;
  if (isHolder(value)) return hiddenInFields(holder, path, seen);
  const shown = `a ${holder.constructor?.name ?? "class"}`;
  if (holder instanceof WeakMap) {
    return { path, what: "what changes", shown };
  }
  return holdsTensor(holder, new Set())
    ? { path, what: "tensors", shown }
    : holder instanceof Map &&
        [...holder.values()].some((item) => typeof item === "number")
    ? { path, what: "numbers", shown }
    : undefined;
}

/** The same of an optimizer, which need not be one of tfjs's class. */
function hiddenInOptimizer(
  optimizer: object,
  path: string,
  seen: Set<unknown>,
): Hidden | undefined {
  seen.add(optimizer);
  const names = privateState(optimizer);
  if (names.length === 0) return hiddenInFields(optimizer, path, seen);
  const shown = `${optimizer.constructor.name} with ${names.join(", ")}`;
  return { path, what: "its state", shown };
}

function hiddenInFields(
  holder: object,
  path: string,
  seen: Set<unknown>,
): Hidden | undefined {
  for (const [key, value] of Object.entries(holder)) {
    const hidden = hiddenIn(value, `${path}/${key}`, seen);
    if (hidden !== undefined) return hidden;
  }
}

/** Whether there is a tensor in a value, however deep, that is no model's. */
function holdsTensor(value: unknown, seen: Set<unknown>): boolean {
  if (typeof value !== "object" || value === null || seen.has(value)) {
    return false;
  }
  seen.add(value);
  if (value instanceof tf.Tensor) return true;
  // Its weights are saved with the model that is trained, or not trained.
  if (value instanceof tf.layers.Layer || ArrayBuffer.isView(value)) {
    return false;
  }
  const items = value instanceof Map
    ? [...value.keys(), ...value.values()]
    : value instanceof Set
    ? [...value]
    : Object.values(value);
  return items.some((item) => holdsTensor(item, seen));
}

const COMMENT = /\/\*.*?\*\/|\/\/[^\n]*/gs;

/** A private field's declaration, but no method's or accessor's. */
const DECLARED = /(?:^|[{};\n])\s*(#[\w$]+)\s*(?=[=;}\n])/g;

/**
 * The private fields that the classes of `optimizer` change beyond their
 * constructors, as far as their source tells: nobody else can read them.
 */
function privateState(optimizer: object): string[] {
  const names: string[] = [];
  for (
    let type: unknown = optimizer.constructor;
    typeof type === "function" && type !== tf.Optimizer &&
    type !== Function.prototype;
    type = Object.getPrototypeOf(type)
  ) names.push(...privateStateOf(type));
  return names;
}

/** Those of a class, whose source is read once. */
const found = new WeakMap<object, readonly string[]>();

function privateStateOf(type: object): readonly string[] {
  const known = found.get(type);
  if (known !== undefined) return known;
  const source = withoutConstructor(String(type).replaceAll(COMMENT, ""));
  const names = Array.from(source.matchAll(DECLARED), ([, name]) => name)
    .filter((name) => changes(source, name));
  found.set(type, names);
  return names;
}

/** Whether code of a class sets a private field or what it holds. */
function changes(source: string, name: string): boolean {
  const field = `\\.${name.replaceAll("$", "\\$")}\\b`;
  return new RegExp(
    `(\\+\\+|--)\\s*[\\w$.]+${field}|${field}\\s*(\\+\\+|--|\\[|[-+*/%&|^?]*=(?!=)|\\??\\.\\s*(assign|set|push|add|splice)\\b)`,
  ).test(source);
}

/** The source of a class without the body of its constructor. */
function withoutConstructor(source: string): string {
  const start = /\bconstructor\s*\(/.exec(source);
  if (start === null) return source;
  let depth = 0;
  let end = source.indexOf(")", start.index);
  for (; end < source.length; end++) {
    if (source[end] === "{") depth++;
    if (source[end] === "}" && --depth === 0) break;
  }
  return source.slice(0, start.index) + source.slice(end + 1);
}
