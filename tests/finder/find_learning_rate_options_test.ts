import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findLearningRate } from "../../src/finder/find_learning_rate.ts";
import { preferredRate } from "../../src/finder/curves/preferred_rate.ts";
import type { RangeTestProgress } from "../../src/finder/options/options.ts";
import { getLearningRate } from "../../src/tfjs/learning_rate.ts";
import { linearData, linearModel, nothing, scoped } from "./_linear.ts";

await tf.setBackend("cpu");

Deno.test("findLearningRate() averages batchesPerRate batches at one rate", () =>
  scoped(async () => {
    const rates: number[] = [];
    let batches = 0;
    const weight = tf.variable(tf.scalar(0));
    const optimizer = tf.train.adam(0.1);
    const range = await findLearningRate(
      {
        optimizer,
        variables: [weight],
        trainOnBatch: () => {
          rates.push(getLearningRate(optimizer));
          return { loss: batches++, twice: tf.scalar(2 * batches) };
        },
      },
      nothing,
      { startLr: 1, endLr: 4, iterations: 3, batchesPerRate: 4 },
    );
    assertEquals(rates.length, 12);
    for (const [i, rate] of [1, 2, 4].entries()) {
      for (let j = 0; j < 4; j++) assertAlmostEquals(rates[4 * i + j], rate);
    }
    assertEquals(range.losses, [1.5, 5.5, 9.5]);
    assertEquals(range.metrics.twice, [5, 13, 21]);
  }));

Deno.test("findLearningRate() records validation losses instead, as evaluate gives them", () =>
  scoped(async () => {
    const data = linearData(32);
    const validationData = linearData(20);
    const model = linearModel();
    const [loss, mae] = model.evaluate(validationData.xs, validationData.ys, {
      batchSize: 8,
    }) as tf.Scalar[];
    const { losses, metrics, settings } = await findLearningRate(model, data, {
      // A rate this small leaves the weights as they are.
      startLr: 1e-30,
      endLr: 1e-29,
      iterations: 3,
      batchSize: 8,
      validationData,
    });
    assert(settings.validated);
    assertAlmostEquals(losses[2], loss.dataSync()[0], 1e-5);
    assertAlmostEquals(metrics.mae[2], mae.dataSync()[0], 1e-5);
  }));

Deno.test("findLearningRate() repeats from the same start and gives the spread", () =>
  scoped(async () => {
    const range = await findLearningRate(linearModel(), linearData(), {
      startLr: 1e-4,
      endLr: 10,
      batchSize: 16,
      repeats: 3,
    });
    assertEquals(range.runs.length, 3);
    const maxima = range.runs.map((run) => run.maxLr!).sort((a, b) => a - b);
    assertEquals(
      range.maxLr,
      preferredRate(maxima[1], { least: 1e-4, greatest: 10 }),
    );
    assertEquals(range.spread!.maxLr, [maxima[0], maxima[2]]);
    const [a, b] = range.runs;
    // Batches differ; the start does not: the first rates change nothing yet.
    assert(a.losses.some((loss, i) => loss !== b.losses[i]));
  }));

Deno.test("findLearningRate() stops at the signal, which timers can raise", () =>
  scoped(async () => {
    let seen = 0;
    const range = await findLearningRate(linearModel(), linearData(), {
      iterations: 1_000_000,
      startLr: 1e-6,
      endLr: 2e-6,
      signal: AbortSignal.timeout(100),
      onBatch: ({ iteration }) => {
        seen = iteration;
      },
    });
    assertEquals(range.stopReason, "aborted");
    assertEquals(range.verdict, "too-short");
    assertStringIncludes(range.advice, "let it run on");
    assertEquals(range.losses.length, seen);
    assert(seen < 1_000_000);

    const none = await findLearningRate(linearModel(), linearData(), {
      signal: AbortSignal.abort(),
    });
    assertEquals(none.verdict, "too-short");
    assertEquals(none.losses, []);
  }));

Deno.test("findLearningRate() stops at the signal in the middle of a validation pass", () =>
  scoped(async () => {
    const data = linearData(32);
    const model = linearModel();
    let evaluated = 0;
    let closed = false;
    const { numTensors } = tf.memory();
    const range = await findLearningRate(model, data, {
      batchSize: 32,
      iterations: 2,
      signal: AbortSignal.timeout(50),
      validationData: function* () {
        try {
          for (; evaluated < 20_000; evaluated++) {
            yield { xs: data.xs.clone(), ys: data.ys.clone() };
          }
        } finally {
          closed = true;
        }
      },
    });
    assertEquals(range.stopReason, "aborted");
    assertEquals(range.losses, []);
    assert(evaluated < 20_000, "the timer starved");
    assert(closed);
    assertEquals(tf.memory().numTensors, numTensors);
  }));

Deno.test("findLearningRate() reports progress", () =>
  scoped(async () => {
    const progress: RangeTestProgress[] = [];
    const range = await findLearningRate(linearModel(), linearData(), {
      iterations: 4,
      repeats: 2,
      onBatch: (batch) => {
        progress.push(batch);
      },
    });
    assertEquals(
      progress.map(({ repeat, iteration }) => [repeat, iteration]),
      [[1, 1], [1, 2], [1, 3], [1, 4], [2, 1], [2, 2], [2, 3], [2, 4]],
    );
    assertEquals(
      progress.slice(0, 4).map(({ loss }) => loss),
      range.runs[0].losses,
    );
  }));

Deno.test("findLearningRate() tests as many rates as epochs have batches", () =>
  scoped(async () => {
    const data = linearData(32);
    const { settings } = await findLearningRate(linearModel(), data, {
      epochs: 2,
      batchSize: 8,
      endLr: 1e-4,
    });
    assertEquals(settings.iterations, 8);
    await assertRejects(
      () => findLearningRate(linearModel(), function* () {}, { epochs: 1 }),
      RangeError,
      "how many batches",
    );
  }));

Deno.test("findLearningRate() stops by stopFactor where that is asked for", () =>
  scoped(async () => {
    let loss = 1;
    const { losses, stopReason } = await findLearningRate(
      {
        optimizer: tf.train.sgd(1),
        variables: [],
        trainOnBatch: () => loss++,
      },
      nothing,
      { stopFactor: 3, beta: 0 },
    );
    assertEquals(stopReason, "diverged");
    assertEquals(losses, [1, 2, 3, 4]);
  }));
