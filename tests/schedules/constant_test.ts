import { assertEquals, assertThrows } from "@std/assert";
import { constant } from "@clr/clr/schedules";

Deno.test("constant() is the same at every iteration", () => {
  assertEquals([0, 1, 2 ** 53].map(constant(0.01)), [0.01, 0.01, 0.01]);
});

Deno.test("constant() refuses a rate that is no rate", () => {
  for (const lr of [-1, NaN, Infinity]) {
    assertThrows(() => constant(lr), RangeError, "lr must be a finite number");
  }
});
