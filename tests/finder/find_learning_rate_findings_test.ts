import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findLearningRate } from "../../src/finder/find_learning_rate.ts";
import {
  customTrainee,
  linearData,
  linearModel,
  nothing,
  scoped,
} from "./_linear.ts";

await tf.setBackend("cpu");

Deno.test("findLearningRate() says no-gradient where nothing is learned", () =>
  scoped(async () => {
    const range = await findLearningRate(
      customTrainee((weight) => weight.mul(0).add(2.5) as tf.Scalar),
      nothing,
      { iterations: 40 },
    );
    assertEquals(range.verdict, "no-gradient");
    assertEquals(range.stopReason, "end");
    assertEquals([range.baseLr, range.maxLr], [undefined, undefined]);
    assert(range.losses.every((loss) => loss === 2.5));
    assert(range.smoothedLosses.every((loss) => loss === 2.5));
  }));

Deno.test("findLearningRate() says diverged-at-once where the loss explodes", () =>
  scoped(async () => {
    const range = await findLearningRate(
      customTrainee((weight) => weight.square().mul(0.5) as tf.Scalar),
      nothing,
      { startLr: 3, endLr: 30 },
    );
    assertEquals(range.stopReason, "diverged");
    assertEquals(range.verdict, "diverged-at-once");
    assert(range.advice.includes("lower startLr"));
  }));

Deno.test("findLearningRate() says what a constant NaN means", () =>
  scoped(async () => {
    const range = await findLearningRate(
      customTrainee((weight) => weight.mul(NaN) as tf.Scalar),
      nothing,
    );
    assertEquals(range.stopReason, "non-finite");
    assertEquals(range.verdict, "not-finite");
    assert(range.advice.includes("very first loss"));
    assertEquals(range.losses, []);
    assertEquals(range.stoppedAt, 1e-5);
    assert(`${range}`.length > 0);
  }));

Deno.test("findLearningRate() says too-short for two points", () =>
  scoped(async () => {
    const range = await findLearningRate(linearModel(), linearData(), {
      iterations: 2,
    });
    assertEquals(range.verdict, "too-short");
    assertEquals(range.losses.length, 2);
    assertEquals(range.learningRates, [1e-5, 10]);
    assertEquals(range.suggestions.valley, undefined);
  }));

Deno.test("findLearningRate() says never-diverged where the range ends too soon", () =>
  scoped(async () => {
    const range = await findLearningRate(linearModel(), linearData(), {
      startLr: 1e-4,
      endLr: 0.03,
      batchSize: 64,
    });
    assertEquals(range.stopReason, "end");
    assertEquals(range.verdict, "never-diverged");
    assertEquals(range.thumb, "maxLr");
    // Three times, and each bound to the next preferred number.
    assertAlmostEquals(range.maxLr! / range.baseLr!, 3, 0.4);
    assert(range.advice.includes("raise endLr"));
  }));

Deno.test("findLearningRate() is not stopped by negative losses", () =>
  scoped(async () => {
    const find = (shift: number) =>
      findLearningRate(
        customTrainee((weight) => weight.square().sub(shift) as tf.Scalar),
        nothing,
        { startLr: 1e-3, endLr: 30 },
      );
    const [negative, positive] = [await find(4), await find(0)];
    assertEquals(negative.verdict, "good");
    assertEquals(negative.stoppedAt, positive.stoppedAt);
    assertAlmostEquals(negative.baseLr! / positive.baseLr!, 1, 0.01);
    assertAlmostEquals(negative.maxLr! / positive.maxLr!, 1, 0.01);
    assert(negative.losses[0] < 0);
  }));
