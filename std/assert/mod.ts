// Stand-in for jsr:@std/assert where JSR is out of reach: the few assertions
// this project uses, with the signatures and behaviour of the real package.

import nodeAssert from "node:assert/strict";
import { inspect, isDeepStrictEqual } from "node:util";

/** Thrown by every assertion here that does not hold. */
export class AssertionError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

// deno-lint-ignore no-explicit-any
type ErrorClass<E> = abstract new (...args: any[]) => E;

function suffix(msg: string | undefined): string {
  return msg ? `: ${msg}` : ".";
}

/** Holds when `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Holds when the values are equal, compared in depth. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (isDeepStrictEqual(actual, expected)) return;
  if (actual === 0 && expected === 0) return;
  try {
    nodeAssert.deepStrictEqual(actual, expected);
  } catch (error) {
    throw new AssertionError(
      `Values are not equal${suffix(msg)}\n${(error as Error).message}`,
    );
  }
}

/** Holds when the values differ, compared in depth. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!isDeepStrictEqual(actual, expected)) return;
  throw new AssertionError(
    `Expected actual: ${inspect(actual)} not to be: ${inspect(expected)}${
      suffix(msg)
    }`,
  );
}

/** Holds when `Object.is(actual, expected)`. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  throw new AssertionError(
    `Values are not strictly equal${suffix(msg)}\n- ${inspect(expected)}\n+ ${
      inspect(actual)
    }`,
  );
}

/** Holds when the numbers differ by no more than `tolerance` (default 1e-7, relative). */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  msg?: string,
): void {
  if (Object.is(actual, expected)) return;
  tolerance ??= isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7;
  const delta = Math.abs(expected - actual);
  if (delta <= tolerance) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to be close to "${expected}": delta "${delta}" is greater than "${tolerance}"${
      suffix(msg)
    }`,
  );
}

/** Holds when `actual` contains `expected`. */
export function assertStringIncludes(
  actual: string,
  expected: string,
  msg?: string,
): void {
  if (actual.includes(expected)) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to contain: "${expected}"${suffix(msg)}`,
  );
}

/** Holds when `actual` matches the pattern. */
export function assertMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (expected.test(actual)) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to match: "${expected}"${suffix(msg)}`,
  );
}

function checkError<E extends Error>(
  error: unknown,
  errorClass: ErrorClass<E> | undefined,
  msgIncludes: string | undefined,
): E {
  if (!(error instanceof Error)) {
    throw new AssertionError("A non-Error object was thrown or rejected.");
  }
  if (errorClass && !(error instanceof errorClass)) {
    throw new AssertionError(
      `Expected error to be instance of "${errorClass.name}", but was "${error.constructor.name}": ${error.message}`,
    );
  }
  if (msgIncludes && !error.message.includes(msgIncludes)) {
    throw new AssertionError(
      `Expected error message to include ${inspect(msgIncludes)}, but got ${
        inspect(error.message)
      }.`,
    );
  }
  return error as E;
}

/** Holds when `fn` throws an error of the class with the text in its message. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClass?: ErrorClass<E>,
  msgIncludes?: string,
): E {
  try {
    fn();
  } catch (error) {
    return checkError(error, errorClass, msgIncludes);
  }
  throw new AssertionError("Expected function to throw.");
}

/** Holds when the promise that `fn` returns rejects with such an error. */
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClass?: ErrorClass<E>,
  msgIncludes?: string,
): Promise<E> {
  let returned: PromiseLike<unknown>;
  try {
    returned = fn();
  } catch (error) {
    throw new AssertionError(
      `Function throws when expected to reject: ${(error as Error).message}`,
    );
  }
  try {
    await returned;
  } catch (error) {
    return checkError(error, errorClass, msgIncludes);
  }
  throw new AssertionError("Expected function to reject.");
}
