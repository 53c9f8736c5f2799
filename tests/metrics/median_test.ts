import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { median } from "../../src/metrics/median.ts";

const NUMBERS = fc.array(
  fc.double({ noNaN: true, min: -1e100, max: 1e100 }),
  { minLength: 1, maxLength: 40 },
);

Deno.test("median() has half of the values on either side", () =>
  fc.assert(fc.property(NUMBERS, (values) => {
    const given = [...values];
    const middle = median(values);
    const half = values.length / 2;
    assert(values.filter((value) => value <= middle).length >= half);
    assert(values.filter((value) => value >= middle).length >= half);
    assertEquals(values, given);
  })));

Deno.test("median() of an even number lies amid the two in the middle, in the order of numbers", () => {
  assertEquals(median([10, 9, 100, 1]), 9.5);
  assertEquals(median(Float32Array.of(-1, -10)), -5.5);
  assertEquals(median([]), 0);
});
