import { assertEquals } from "@std/assert";
import { gapFact, gapsIn, withGaps } from "../../../src/plots/series/gaps.ts";

const numbers = (length: number, value: (i: number) => number) =>
  Array.from({ length }, (_, i) => value(i));

Deno.test("gapsIn() finds every run without a value in a dense column", () => {
  assertEquals(gapsIn([1, 2, NaN, 3, 4, Infinity, NaN]), [
    { start: 2, end: 3 },
    { start: 5, end: 7 },
  ]);
  assertEquals(gapsIn([NaN, NaN]), [{ start: 0, end: 2 }]);
  assertEquals(gapsIn([1, 2, 3]), []);
  assertEquals(gapsIn([]), []);
});

Deno.test("gapsIn() takes what lies between the values of a sparse column for no gap", () => {
  const every100 = numbers(1000, (i) => i % 100 === 99 ? i : NaN);
  assertEquals(gapsIn(every100), []);
  assertEquals(gapsIn([...every100, ...numbers(250, () => NaN)]), [
    { start: 1000, end: 1250 },
  ]);
});

Deno.test("gapsIn() leaves out runs that are too short to be seen", () => {
  assertEquals(gapsIn([1, NaN, 2, NaN, NaN, NaN, 3], 2), [
    { start: 3, end: 6 },
  ]);
});

Deno.test("withGaps() drops rows without a value, but one at each gap", () => {
  const values = [1, NaN, 2, NaN, NaN, 3];
  const gaps = [{ start: 3, end: 5 }];
  assertEquals(withGaps([0, 1, 2, 5], values, gaps), [0, 2, 3, 5]);
  assertEquals(withGaps([0, 1, 2, 3, 4, 5], values, gaps), [0, 2, 3, 4, 5]);
});

Deno.test("gapFact() says from where on there is no value, or at how many iterations", () => {
  const iterations = numbers(6, (i) => 10 * (i + 1));
  assertEquals(
    gapFact("loss", [2, 1, NaN, 1, NaN, NaN], iterations),
    "loss not finite from iteration 50 on",
  );
  assertEquals(
    gapFact("loss", [4, 3, NaN, 2, 1, NaN], iterations.map((i) => i + 1000)),
    "loss not finite from iteration 1,060 on",
  );
  assertEquals(
    gapFact(
      "loss",
      [5, 4, NaN, 3, NaN, NaN, 2, 1, 1, 1],
      numbers(10, (i) => 500 * i),
    ),
    "loss not finite at 3 iterations, first at 1,000",
  );
  assertEquals(
    gapFact("loss", numbers(6, () => NaN), iterations),
    "loss not finite from iteration 10 on",
  );
  assertEquals(gapFact("loss", [2, 1, 1, 1, 1, 1], iterations), "");
});

Deno.test("gapFact() holds against no metric that it was recorded late", () => {
  assertEquals(gapFact("acc", [NaN, NaN, 1, 1], [1, 2, 3, 4]), "");
});
