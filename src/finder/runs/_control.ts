import { borrowMathRandom, seededRandom } from "../../runtime/random.ts";
import { scoped } from "../../runtime/scoped.ts";
import type { BatchSource } from "../data/batch_source.ts";
import type { RecordedRun } from "../curves/recorded_run.ts";
import type { TestRuns } from "./test_runs.ts";

/** What such a training shows. */
export type ControlRun = Pick<RecordedRun, "losses" | "references">;

/** Steps that show what a loop takes: the second has learned of the first. */
export const PROBE = 2;

/**
 * Trains at one rate from the first weights, to compare the losses with those of
 * such a training on other batches. Whatever is drawn at random is the same each
 * time.
 */
export function trainControl(
  runs: TestRuns,
  { learningRate, steps, source }: {
    readonly learningRate: number;
    readonly steps: number;
    readonly source: BatchSource;
  },
): Promise<ControlRun> {
  return scoped(async (own) => {
    own(borrowMathRandom(seededRandom(0)));
    return await runs.run(
      new Array<number>(steps).fill(learningRate),
      { count: steps, repeat: 1, source, isControl: true },
    );
  });
}
