import { assertEquals } from "@std/assert";
import { keysOf, recordOf } from "../../src/runtime/records.ts";

Deno.test("keysOf() gives the names as the object's own type knows them", () => {
  const sizes = { small: 1, large: 2 };
  const names: ("small" | "large")[] = keysOf(sizes);
  assertEquals(names, ["small", "large"]);
});

Deno.test("recordOf() computes a value for each name, in their order", () => {
  const record = recordOf(["b", "a"], (name, i) => `${name}${i}`);
  assertEquals(Object.entries(record), [["b", "b0"], ["a", "a1"]]);
});

Deno.test("recordOf() of no names is an empty object", () => {
  assertEquals(recordOf([], () => 1), {});
});
