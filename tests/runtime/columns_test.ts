import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { rowBeyond } from "../../src/runtime/columns.ts";

Deno.test("rowBeyond() is the first row of an ascending column that is larger", () => {
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 40 }),
    fc.integer({ min: -1, max: 61 }),
    (values, value) => {
      const column = values.sort((a, b) => a - b);
      const found = column.findIndex((other) => other > value);
      assertEquals(
        rowBeyond(column, value),
        found < 0 ? column.length : found,
      );
    },
  ));
});
