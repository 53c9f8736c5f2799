import { assertEquals, assertThrows } from "@std/assert";
import {
  cyclic,
  lengthOf,
  linear,
  momentumOf,
  scale,
} from "@clr/clr/schedules";

Deno.test("scale() multiplies the rates and leaves momentum and length", () => {
  const momentum = { base: 0.8, max: 0.9 };
  const rate = scale(cyclic({ stepSize: 4, momentum }), 0.5);
  assertEquals([0, 4].map(rate), [0.0005, 0.003]);
  assertEquals([0, 4].map(momentumOf(rate)!), [0.9, 0.8]);
  const fall = linear({ startLr: 1, endLr: 0, iterations: 9 });
  assertEquals(lengthOf(scale(fall, 2)), 9);
});

Deno.test("scale() refuses a factor that is no rate's", () => {
  assertThrows(
    () => scale(cyclic(), -1),
    RangeError,
    "factor must be a finite number >= 0: current value is -1",
  );
});
