/**
 * Checks of data that are read back: a file may be of another version, cut off,
 * edited by hand or damaged, and what is wrong is to be said in one line that
 * names the place.
 */
import { errorMessage } from "./error_message.ts";
import { isRecord } from "./records.ts";
import { show } from "./show.ts";

export { show };

/** What is wrong with a value: where, what it must be, and what it is. */
export interface Fault {
  /** Such as `options.maxLr`; empty for the data themselves. */
  readonly path: string;
  /** What must be there, such as "be a whole number >= 0". */
  readonly must: string;
  /** What is there. */
  readonly value: unknown;
}

/** Finds the first fault of a value, or none. */
export type Check = (value: unknown, path: string) => Fault | undefined;

/** A check of a single value by what it must be. */
export function that(
  must: string,
  holds: (value: unknown) => boolean,
): Check {
  return (value, path) => holds(value) ? undefined : { path, must, value };
}

/** Any text. */
export const text: Check = that(
  "be text",
  (value) => typeof value === "string",
);

/** True or false. */
export const flag: Check = that(
  "be true or false",
  (value) => typeof value === "boolean",
);

/** A whole number from 0 on. */
export const count: Check = that(
  "be a whole number >= 0",
  (value) => Number.isSafeInteger(value) && value as number >= 0,
);

/** A number that is neither NaN nor infinite. */
export const finite: Check = that("be a finite number", Number.isFinite);

/** Anything at all. */
export const anything: Check = () => undefined;

/** Any function. */
export const aFunction: Check = that(
  "be a function",
  (value) => typeof value === "function",
);

/** A number, infinite ones too, but not NaN. */
export const number: Check = that(
  "be a number",
  (value) => typeof value === "number" && !Number.isNaN(value),
);

/** A number, NaN too, as a loss may be. */
export const anyNumber: Check = that(
  "be a number",
  (value) => typeof value === "number",
);

/** What is shown under a name. */
export const textOrNumber: Check = that(
  "be text or a number",
  (value) => typeof value === "string" || typeof value === "number",
);

/** One of some values. */
export function oneOf(...choices: readonly unknown[]): Check {
  const listed = choices.map((choice) => JSON.stringify(choice)).join(" or ");
  return that(`be ${listed}`, (value) => choices.includes(value));
}

/** What `check` accepts, or nothing. */
export function optional(check: Check): Check {
  return (value, path) => value === undefined ? undefined : check(value, path);
}

/** A list of what `check` accepts. */
export function listOf(check: Check): Check {
  return (value, path) => {
    if (!Array.isArray(value)) return { path, must: "be a list", value };
    for (let i = 0; i < value.length; i++) {
      const fault = check(value[i], `${path}[${i}]`);
      if (fault) return fault;
    }
  };
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

/** An object with `fields`; it may have others. */
export function record(fields: { readonly [name: string]: Check }): Check {
  return (value, path) => {
    if (!isRecord(value)) return { path, must: "be an object", value };
    for (const [name, check] of Object.entries(fields)) {
      const own = Object.hasOwn(value, name) ? value[name] : undefined;
      const fault = check(own, join(path, name));
      if (fault) return fault;
    }
  };
}

/** An object each of whose values `check` accepts. */
export function mapOf(check: Check): Check {
  return (value, path) => {
    if (!isRecord(value)) return { path, must: "be an object", value };
    for (const [name, own] of Object.entries(value)) {
      const fault = check(own, join(path, name));
      if (fault) return fault;
    }
  };
}

/** What every one of `checks` accepts. */
export function all(...checks: readonly Check[]): Check {
  return (value, path) => {
    for (const check of checks) {
      const fault = check(value, path);
      if (fault) return fault;
    }
  };
}

/** "the data must …: current value is …", or undefined for none. */
export function describeFault(
  value: unknown,
  check: Check,
): string | undefined {
  const fault = check(value, "");
  if (fault === undefined) return undefined;
  return `${fault.path || "the data"} must ${fault.must}: current value is ${
    show(fault.value)
  }`;
}

/**
 * Throws unless `check` accepts `value`.
 *
 * @throws {TypeError} `Cannot ACTION as PLACE must …: current value is …`.
 */
export function checkData(action: string, value: unknown, check: Check): void {
  const fault = describeFault(value, check);
  if (fault !== undefined) throw new TypeError(`Cannot ${action} as ${fault}`);
}

/**
 * Throws unless every option that is given is what its check accepts: a switch
 * that is "false" would else be on, and a theme that is none the usual one.
 *
 * @throws {TypeError} `Cannot ACTION as NAME must …: current value is …`.
 */
export function checkOptions(
  action: string,
  options: object,
  checks: { readonly [name: string]: Check },
): void {
  const given = Object.keys(checks).map((name) =>
    [name, (options as Record<string, unknown>)[name]] as const
  );
  const optionals = Object.entries(checks).map(([name, check]) =>
    [name, optional(check)] as const
  );
  checkData(
    action,
    Object.fromEntries(given),
    record(Object.fromEntries(optionals)),
  );
}

/**
 * The value that JSON text stands for; another value as it is.
 *
 * @throws {TypeError} If it is text and no JSON.
 */
export function parseData(action: string, json: unknown): unknown {
  if (typeof json !== "string") return json;
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new TypeError(
      `Cannot ${action} as the data must be JSON: ${errorMessage(cause)}`,
      { cause },
    );
  }
}
