import { assertEquals } from "@std/assert";
import type { Schedule } from "@clr/clr";
import { bestOf, GRID_RATES, trainGrid } from "../../bench/finder/zoo/grid.ts";
import type { Laboratory } from "../../bench/finder/zoo/train.ts";

/** A laboratory in which training at a constant rate reaches what is said. */
function reaching(lossAt: (rate: number) => number): {
  readonly laboratory: Laboratory;
  readonly rates: number[];
} {
  const rates: number[] = [];
  const laboratory = {
    first: () => Promise.resolve(1),
    train(schedule: Schedule) {
      const [rate, next] = [schedule(0), schedule(1)];
      if (rate === next) rates.push(rate);
      return Promise.resolve({ loss: lossAt(rate), losses: [] });
    },
  } as unknown as Laboratory;
  return { laboratory, rates };
}

Deno.test("trainGrid() trains at no rate below two that change hardly anything", async () => {
  const { laboratory, rates } = reaching((rate) =>
    rate > 2 ? NaN : rate > 0.05 ? 0.2 : 0.95
  );
  const { constant } = await trainGrid(laboratory, 8);
  assertEquals(rates, GRID_RATES.slice(-7).toReversed());
  assertEquals(constant.slice(0, 6), [1, 1, 1, 1, 1, 1]);
  assertEquals(constant.slice(6), [0.95, 0.95, 0.2, 0.2, 0.2, null, null]);
});

Deno.test("trainGrid() goes on where high rates reach more by chance than those below", async () => {
  const { laboratory } = reaching((rate) =>
    rate > 9 ? 0.9 : rate > 0.05 ? 40 : rate > 1e-4 ? 0.1 : 1
  );
  assertEquals(bestOf(await trainGrid(laboratory, 8)), 0.1);
});
