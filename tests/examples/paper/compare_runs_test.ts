import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  compareRuns,
  iterationAt,
} from "../../../examples/paper/compare_runs.ts";
import type { RowResult } from "../../../examples/paper/row_result.ts";

function run(seed: number, val_acc: number[], accuracy?: number): RowResult {
  const iterations = val_acc.map((_, i) => 100 * (i + 1));
  return {
    seed,
    accuracy: accuracy ?? 100 * val_acc.at(-1)!,
    iterations: iterations.at(-1)!,
    epochHistory: { iterations, val_acc, loss: val_acc },
  } as unknown as RowResult;
}

Deno.test("iterationAt() waits for two tests in a row, but for the last", () => {
  const curve = run(1, [0.1, 0.5, 0.3, 0.5, 0.6, 0.7]);
  assertEquals(iterationAt(curve, 0.5), 400);
  assertEquals(iterationAt(curve, 0.7), 600);
  assertEquals(iterationAt(curve, 0.71), undefined);
  assertEquals(iterationAt(curve, 0), 100);
});

Deno.test("compareRuns() pairs by seed and cuts both curves at the shorter one", () => {
  const long = [
    run(1, [0.2, 0.3, 0.4, 0.5], 50),
    run(2, [0.2, 0.3, 0.4, 0.6], 60),
    run(3, [0.9], 90),
  ];
  const short = [run(2, [0.4, 0.6], 59), run(1, [0.3, 0.5], 51), run(7, [0.1])];
  const comparison = compareRuns(short, long)!;
  assertEquals(comparison.seeds, [2, 1]);
  assertEquals(comparison.difference.mean, 0);
  // t of one degree of freedom, times the standard error of −1 and 1.
  assertAlmostEquals(comparison.difference.high, 12.706, 1e-9);
  assertEquals(comparison.reached, [200, 200]);
  assertAlmostEquals(comparison.area.mean, (25 + 15) / 2, 1e-9);
  assertEquals(compareRuns(short, [run(9, [0.1])]), undefined);
});
