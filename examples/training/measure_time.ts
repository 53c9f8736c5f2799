import * as tf from "@tensorflow/tfjs";
import type { ImageBatches } from "../datasets/image_batches.ts";
import type { ClassifierRun } from "./classifier_run.ts";
import type { Plan } from "./plan.ts";

/** For how long a step runs untimed: what is compiled meanwhile is in place then. */
const WARM_UP_SECONDS = 1.5;

/** Steps that run untimed at least, and steps that are timed. */
const STEPS = 3;

/**
 * Seconds that a step takes once it has run for a while: the engine compiles what
 * it finds to be used often, in the background, and the first steps wait for it
 * or do without.
 *
 * @param now The time in milliseconds.
 */
export async function settledSeconds(
  step: () => void | Promise<unknown>,
  now: () => number = () => performance.now(),
): Promise<number> {
  const begun = now();
  for (let i = 0; i < STEPS || now() - begun < 1000 * WARM_UP_SECONDS; i++) {
    await step();
  }
  const seconds: number[] = [];
  for (let i = 0; i < STEPS; i++) {
    const start = now();
    await step();
    seconds.push((now() - start) / 1000);
  }
  return seconds.sort((a, b) => a - b)[STEPS >> 1];
}

/** Seconds that a run will take, its tests included, on a model of its own. */
export async function measureTime(
  { createModel }: Pick<ClassifierRun, "createModel">,
  plan: Plan,
  { train, test }: {
    readonly train: ImageBatches;
    readonly test: ImageBatches;
  },
): Promise<number> {
  const model = createModel();
  try {
    const batch = await settledSeconds(async () => {
      const { xs, ys } = train.tensorsAt(0);
      await model.trainOnBatch(xs, ys);
      tf.dispose([xs, ys]);
    });
    // A test computes the first half of a training step; one is enough to time.
    const start = performance.now();
    const tested = await model.evaluateDataset(test.dataset(0, 1), {});
    tf.dispose(tested);
    const testBatch = (performance.now() - start) / 1000;
    return plan.iterations * batch + plan.epochs * test.perEpoch * testBatch;
  } finally {
    model.optimizer.dispose();
    model.dispose();
  }
}
