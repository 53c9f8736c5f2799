import { type Fault, show } from "./check_data.ts";

/** Far from where writing and reading JSON run out of stack. */
const DEEPEST = 500;

function faultOf(
  value: unknown,
  path: string,
  within: readonly object[],
): Fault | undefined {
  if (["function", "symbol", "bigint"].includes(typeof value)) {
    return { path, must: "be JSON", value };
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (within.includes(value)) {
    return { path, must: "not hold itself", value: "what does" };
  }
  if (within.length >= DEEPEST) {
    return {
      path: path.split(".", 1)[0],
      must: `be at most ${DEEPEST} deep`,
      value: "deeper",
    };
  }
  // What writes itself knows how.
  if ("toJSON" in value) return undefined;
  const prototype = Object.getPrototypeOf(value);
  const isPlain = Array.isArray(value) || prototype === Object.prototype ||
    prototype === null;
  if (!isPlain) {
    const name = value.constructor?.name ?? "an object";
    return { path, must: "be JSON", value: name };
  }
  for (const [name, own] of Object.entries(value)) {
    const fault = faultOf(own, `${path}.${name}`, [...within, value]);
    if (fault) return fault;
  }
}

/**
 * Throws unless JSON can hold `data`, which would be lost without a word: of a
 * `Map` or a typed array it keeps nothing, or no list, and of a function nothing.
 *
 * @throws {TypeError} Which says where.
 */
export function checkJson(
  action: string,
  given: { readonly [name: string]: unknown },
): void {
  const [[name, data]] = Object.entries(given);
  const fault = faultOf(data, name, []);
  if (fault === undefined) return;
  throw new TypeError(
    `Cannot ${action} as ${fault.path} must ${fault.must}: current value is ${
      show(fault.value)
    }`,
  );
}
