import { assertEquals, assertThrows } from "@std/assert";
import {
  axesOf,
  listsOf,
  numberOf,
  numbersOf,
} from "../../src/onnx/_config.ts";

Deno.test("numberOf(), numbersOf() and listsOf() give what the layer has", () => {
  const config = { alpha: 0.3, strides: [1, 2], padding: [[0, 1], [2, 3]] };
  assertEquals(numberOf(config, "alpha"), 0.3);
  assertEquals(numbersOf(config, "strides"), [1, 2]);
  assertEquals(listsOf(config, "padding"), [[0, 1], [2, 3]]);
});

Deno.test("axesOf() counts from the first dimension", () => {
  assertEquals(axesOf({ axis: -1 }, 4), [3]);
  assertEquals(axesOf({ axis: [1, -2] }, 4), [1, 2]);
});

Deno.test("a configuration that is otherwise is named", () => {
  const config = {
    name: "c",
    alpha: "high",
    strides: 1,
    padding: [1],
    axis: {},
  };
  const of = 'of the layer "c" must be';
  assertThrows(
    () => numberOf(config, "alpha"),
    TypeError,
    `Cannot export the model as alpha ${of} a number: current value is "high"`,
  );
  assertThrows(() => numbersOf(config, "strides"), TypeError, `${of} numbers`);
  assertThrows(() => listsOf(config, "padding"), TypeError, `${of} lists`);
  assertThrows(() => axesOf(config, 2), TypeError, `axis ${of} a number or`);
});
