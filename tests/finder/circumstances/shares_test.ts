import { assertEquals } from "@std/assert";
import { areShares } from "../../../src/finder/circumstances/shares.ts";

Deno.test("areShares() knows shares of a batch's examples, and such in percent", () => {
  const counts = [5, 11, 12, 32, 0];
  // As a GPU returns them.
  const shares = counts.map((count) => Math.fround(count / 32));
  assertEquals(areShares(shares, 32), true);
  assertEquals(areShares(shares.map((one) => 100 * one), 32), true);
  assertEquals(areShares(shares, 30), false);
});

Deno.test("areShares() takes no loss for a share, nor what may be one by chance", () => {
  assertEquals(areShares([0.7, 0.61, 0.55], 32), false);
  assertEquals(areShares([-0.5, -0.25, 0], 32), false);
  assertEquals(areShares([0.5, 2, 1.5], 32), false);
  assertEquals(areShares([0.5, NaN, 0.25], 32), false);
  assertEquals(areShares([0, 1, 0, 1], 32), false);
  assertEquals(areShares([0, 0.5, 1], 2), false);
  assertEquals(areShares([0, 0.5, 1], 20.5), false);
  assertEquals(areShares([], NaN), false);
});
