import { assertEquals, assertThrows } from "@std/assert";
import { clamp } from "@clr/clr/schedules";

Deno.test("clamp() keeps the rates within its bounds", () => {
  const rate = clamp((t) => t, { min: 2, max: 4 });
  assertEquals([0, 1, 2, 3, 4, 5, 6].map(rate), [2, 2, 2, 3, 4, 4, 4]);
  assertEquals(clamp((t) => t, { min: 2 })(1e9), 1e9);
});

Deno.test("clamp() refuses bounds out of order", () => {
  assertThrows(
    () => clamp((t) => t, { min: 2, max: 1 }),
    RangeError,
    "max must be >= min (2): current value is 1",
  );
});
