/**
 * What the callback and the finder add to bare training, in pairs whose order
 * alternates, so that a machine whose speed drifts weighs on both.
 */

import * as tf from "@tensorflow/tfjs";
import { CyclicLR, findLearningRate } from "@clr/clr";
import { createCifar10Quick } from "../examples/models/cifar10_quick.ts";
import { median } from "../src/metrics/median.ts";
import { randomImages } from "./gpu/_networks.ts";

/** What was added, as ratios. */
export interface Overhead {
  readonly batchSize: number;
  readonly batches: number;
  readonly pairs: number;
  /** `fit` with a CyclicLR, to `fit` without. */
  readonly callback: Ratio;
  /** `findLearningRate`, to `fit` over as many batches. */
  readonly finder: Ratio;
  /**
   * `findLearningRate`, to `fit` over as many batches and `evaluate` over as
   * many: to each batch that it trains on it takes a loss at the first weights.
   */
  readonly finderToItsWork: Ratio;
}

/** The median of the pairs' ratios, and all of them. */
export interface Ratio {
  readonly median: number;
  readonly ratios: readonly number[];
}

async function milliseconds(body: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await body();
  return performance.now() - start;
}

async function compare(
  body: () => Promise<unknown>,
  bare: () => Promise<unknown>,
  pairs: number,
): Promise<Ratio> {
  await bare();
  await body();
  const ratios = [];
  for (let pair = 0; pair < pairs; pair++) {
    const before = pair % 2 ? 0 : await milliseconds(bare);
    const time = await milliseconds(body);
    ratios.push(time / (before || await milliseconds(bare)));
  }
  return { median: median(ratios), ratios };
}

/** Measures all three on the quick network. */
export async function measureOverhead(
  { batchSize, batches, pairs }: {
    batchSize: number;
    batches: number;
    pairs: number;
  },
): Promise<Overhead> {
  // Rates at which nothing diverges, so that every batch is trained.
  const rates = { startLr: 1e-7, endLr: 1e-6 };
  const model = createCifar10Quick({
    seed: 1,
    optimizer: tf.train.momentum(rates.startLr, 0.9),
  });
  const { xs, ys } = randomImages(batchSize * batches);
  const fit = (callbacks: tf.Callback[]) =>
    model.fit(xs, ys, { batchSize, verbose: 0, callbacks });
  const find = () =>
    findLearningRate(model, { xs, ys }, {
      ...rates,
      iterations: batches,
      batchSize,
    });
  const fitAndEvaluate = async () => {
    await fit([]);
    const scores = model.evaluate(xs, ys, { batchSize, verbose: 0 });
    const [loss] = Array.isArray(scores) ? scores : [scores];
    await loss.data();
    tf.dispose(scores);
  };
  const clr = new CyclicLR({ baseLr: rates.startLr, maxLr: rates.endLr });
  const overhead = {
    batchSize,
    batches,
    pairs,
    callback: await compare(() => fit([clr]), () => fit([]), pairs),
    finder: await compare(find, () => fit([]), pairs),
    finderToItsWork: await compare(find, fitAndEvaluate, pairs),
  };
  tf.dispose([xs, ys]);
  model.dispose();
  return overhead;
}
