/** Values in the words of an error: as they are given, and short. */

const SHOWN = 80;

/** Levels of objects within objects that are shown. */
const DEEP = 8;

/** The class of an object that is more than data, which would be a wall of them. */
function classOf(value: object): string | undefined {
  if (Array.isArray(value) || isTyped(value)) return undefined;
  const prototype = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return undefined;
  return value.constructor?.name || "nameless object";
}

function isTyped(value: object): value is ArrayLike<number | bigint> & object {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

/** A value in a few characters, whatever it is. */
export function show(value: unknown): string {
  let shown: string;
  try {
    shown = textOf(value, []);
  } catch {
    // A getter that throws, say: what is shown is part of another error.
    shown = String(value);
  }
  return shown.length > SHOWN ? `${shown.slice(0, SHOWN)}…` : shown;
}

/**
 * Much as JSON, which has null for NaN, for functions and for what is not there,
 * and nothing at all for some.
 *
 * @param within The objects that the value lies in.
 */
function textOf(value: unknown, within: readonly object[]): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (Object.is(value, -0)) return "-0";
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Promise) return "a Promise, which wants an await";
  const name = classOf(value);
  if (name !== undefined) return `a ${name}`;
  if (within.length > DEEP || within.includes(value)) return "…";
  const inner = [...within, value];
  if (Array.isArray(value) || isTyped(value)) {
    return `[${joined(value, (item) => textOf(item, inner))}]`;
  }
  const named = ([key, item]: [string, unknown]) =>
    `${JSON.stringify(key)}:${textOf(item, inner)}`;
  return `{${joined(Object.entries(value), named)}}`;
}

/** As many of the items as are shown. */
function joined<T>(items: ArrayLike<T>, textOf: (item: T) => string): string {
  let text = "";
  for (let i = 0; i < items.length && text.length <= SHOWN; i++) {
    text += `${i === 0 ? "" : ","}${textOf(items[i])}`;
  }
  return text;
}
