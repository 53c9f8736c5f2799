import type { Trainer } from "../trainees/trainer.ts";
import { DivergenceDetector } from "../curves/divergence.ts";
import type { MeasuredRun } from "./range_test_run.ts";

/** Batches that are trained on at a rate of 0. */
const BATCHES = 48;

/** What training at a rate of 0 shows: all that the rate is not to blame for. */
export interface AtRateZero {
  /**
   * The losses of the batches in their order at the first weights; absent where
   * training changes weights at this rate too, by another optimizer say.
   */
  readonly losses?: readonly number[];
  /** Whether the loss diverges. */
  readonly diverges: boolean;
}

/** Trains at a rate of 0 for some batches. */
export async function trainAtRateZero(
  trainer: Trainer,
  run: (rates: readonly number[]) => Promise<MeasuredRun>,
): Promise<AtRateZero> {
  const { losses, references } = await run(
    new Array<number>(BATCHES).fill(0),
  );
  const { names, of } = await trainer.unchanged();
  const detector = new DivergenceDetector();
  let diverges = false;
  losses.forEach((loss, i) => {
    diverges = detector.add(loss, references?.[i]) || diverges;
  });
  const isLevel = names.length === of;
  return {
    ...(isLevel ? { losses } : {}),
    // What does not change is no divergence, however hard its batches are.
    diverges: diverges && !isLevel,
  };
}
