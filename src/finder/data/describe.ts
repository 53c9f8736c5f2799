import * as tf from "@tensorflow/tfjs";

/** Entries of an array or record that are named. */
const ENTRIES = 4;

/** Characters of a string that are shown. */
const LENGTH = 40;

/**
 * What a value is, for an error: class, shape, keys. Never its numbers, which
 * may be many and on a GPU.
 */
export function describe(value: unknown, depth = 2): string {
  if (typeof value === "string") {
    const shown = value.length > LENGTH ? `${value.slice(0, LENGTH)}…` : value;
    return JSON.stringify(shown);
  }
  if (typeof value === "function") return `function ${value.name}`.trimEnd();
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof tf.Tensor) {
    if (value.isDisposed) return "a disposed tensor";
    return `a ${value.dtype} tensor of shape [${value.shape}]`;
  }
  if (Array.isArray(value)) {
    const length = `an array of ${value.length}`;
    if (typeof value[0] === "number") return `${length} numbers`;
    if (depth === 0 || value.length === 0) return length;
    return `${length} [${list(value, (item) => describe(item, depth - 1))}]`;
  }
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (/^(Async)?Generator$/.test(tag)) {
    return "a generator; write the function that makes it";
  }
  if (value instanceof Promise) return "a Promise, which wants an await";
  const { constructor } = value;
  if (typeof constructor === "function" && constructor !== Object) {
    return `an instance of ${constructor.name || "a class"}`;
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return "{}";
  const entry = ([key, item]: [string, unknown]) =>
    depth === 0 ? key : `${key}: ${describe(item, depth - 1)}`;
  return `{ ${list(entries, entry)} }`;
}

function list<T>(items: readonly T[], show: (item: T) => string): string {
  const shown = items.slice(0, ENTRIES).map(show);
  return [...shown, ...(items.length > ENTRIES ? ["…"] : [])].join(", ");
}
