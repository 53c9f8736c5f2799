import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import {
  fractionOf,
  multiples,
  since,
  snap,
} from "../../src/schedules/_multiples.ts";

/** Sizes as quotients of whole numbers, which a double holds but for rounding. */
const QUOTIENT = fc.record({
  numerator: fc.integer({ min: 1, max: 1_000_000 }),
  denominator: fc.integer({ min: 1, max: 1000 }),
});
const ITERATION = fc.integer({ min: 0, max: 2 ** 40 });

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

function ceiling(numerator: bigint, denominator: bigint): bigint {
  return (numerator + denominator - 1n) / denominator;
}

Deno.test("fractionOf() gives back the quotient that a double was rounded from", () =>
  fc.assert(fc.property(QUOTIENT, ({ numerator, denominator }) => {
    const common = greatestDivisor(numerator, denominator);
    assertEquals(fractionOf(numerator / denominator), {
      numerator: numerator / common,
      denominator: denominator / common,
    });
  })));

Deno.test("fractionOf() knows none for what is no quotient of small numbers", () => {
  for (const value of [Math.PI, Math.SQRT2, 100 / 65_537]) {
    assertEquals(fractionOf(value), undefined);
  }
});

Deno.test("multiples() of a quotient are those of exact arithmetic", () =>
  fc.assert(fc.property(
    QUOTIENT,
    ITERATION,
    // How far beside a multiple, where rounding would tell; or anywhere.
    fc.option(fc.integer({ min: -1, max: 1 })),
    ({ numerator, denominator }, drawn, beside) => {
      const [p, q] = [BigInt(numerator), BigInt(denominator)];
      const near = BigInt(drawn) / p * p / q + BigInt(beside ?? 0);
      const t = beside !== null && near > 0n ? near : BigInt(drawn);
      const { count, rest, left } = multiples(numerator / denominator);
      // In parts of an iteration, `denominator` of them in one.
      const over = t * q % p;
      assertEquals(count(Number(t)), Number(t * q / p));
      assertEquals(rest(Number(t)), Number(over) / denominator);
      assertEquals(left(Number(t)), Number(ceiling(p - over, q)));
    },
  )));

Deno.test("since() is the difference of exact arithmetic, rounded once", () =>
  fc.assert(fc.property(
    QUOTIENT,
    fc.integer({ min: 0, max: 2 ** 40 }),
    ({ numerator, denominator }, t) => {
      // Below 2^53, so that the quotient's two numbers are exact.
      const exact = BigInt(t) * BigInt(denominator) - BigInt(numerator);
      assertEquals(
        since(numerator / denominator)(t),
        Number(exact) / denominator,
      );
    },
  )));

Deno.test("snap() takes what rounding alone makes of a whole number for that", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 2 ** 40 }),
    fc.integer({ min: 1, max: 1000 }),
    (whole, parts) => {
      assertEquals(snap(whole / parts * parts, 2), whole);
      // A part in a million is no rounding.
      const other = whole * (1 + 1e-6) + 0.3;
      // Unless it happens to be as good as whole itself, at 2 ** 40 by 0.001.
      const isWhole = Math.abs(other - Math.round(other)) < 2e-3;
      if (!isWhole) assertEquals(snap(other), other);
    },
  ));
  // However many roundings, an eighth is none.
  assertEquals(snap(2 ** 50 + 0.25, 1000), 2 ** 50 + 0.25);
  assert(snap(0.1 + 0.2) === 0.1 + 0.2);
});
