import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { blowUpCap } from "../../../src/plots/series/blow_up.ts";

const numbers = (length: number, value: (i: number) => number) =>
  Array.from({ length }, (_, i) => value(i));

Deno.test("blowUpCap() leaves the start and the fall in view, and cuts the rest off", () => {
  const cap = blowUpCap(numbers(600, (i) => i < 570 ? 2.3 - i / 400 : 1e7))!;
  assert(cap > 2.3 && cap < 4, `${cap}`);
  const spike = blowUpCap([2.3, 2, 1.6, 1e9, 1.2, 0.9])!;
  assert(spike > 2.3 && spike < 4, `${spike}`);
});

Deno.test("blowUpCap() cuts off no rise of a line that stays in reach", () => {
  for (
    const line of [
      numbers(100, (i) => 2.3 - i / 100),
      numbers(100, (i) => 1 + i / 50),
      numbers(100, (i) => 1 + (i / 100) ** 4),
      [0.5, 0.505, 0.495, 0.6],
      numbers(100, () => 7),
      [NaN, Infinity],
      [],
    ]
  ) {
    assertEquals(blowUpCap(line), undefined, `${line}`);
  }
});

Deno.test("blowUpCap() is above half of the line, and below its top", () => {
  fc.assert(fc.property(
    fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1 }),
    (line) => {
      const cap = blowUpCap(line);
      if (cap === undefined) return;
      assert(cap < Math.max(...line));
      assert(2 * line.filter((value) => value <= cap).length > line.length);
      assert(cap > line[0]);
    },
  ));
});
