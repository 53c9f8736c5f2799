import { assert, assertEquals } from "@std/assert";
import type { Outcome } from "./_everywhere.ts";

/**
 * The last bits of `Math.exp` and its like are the engine's own, and rates come of
 * them. In 32 bits, in which WASM takes them, they are the same.
 */
const NEARLY = 1e-14;

const isNear = (a: number, b: number) =>
  Math.abs(a - b) <= NEARLY * Math.abs(b);

/** Asserts that another runtime came to the same, on whatever it computed. */
export function assertSameOutcome(actual: Outcome, expected: Outcome): void {
  const rest = (
    {
      device: _,
      reason: __,
      threads: ___,
      bounds: ____,
      rates: _____,
      schedule: ______,
      ...exact
    }: Outcome,
  ) => exact;
  // Bit for bit: losses, and weights and pictures by their digests.
  assertEquals(rest(actual), rest(expected));
  for (const name of ["bounds", "rates", "schedule"] as const) {
    assertEquals(actual[name].length, expected[name].length);
    actual[name].forEach((value, i) => {
      const other = expected[name][i];
      assert(isNear(value!, other!), `${name}: ${value} and ${other}`);
      assertEquals(Math.fround(value!), Math.fround(other!), name);
    });
  }
}
