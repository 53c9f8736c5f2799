import * as tf from "@tensorflow/tfjs";
import { assertRejects } from "@std/assert";
import { CyclicLR, findLearningRate } from "@clr/clr";
import { ExponentialMovingAverage, OneCycleLR } from "@clr/clr/training";
import { createLine } from "../training/_line.ts";

/** What another copy makes of an instance of this one's class: of its hooks, a callback of its own. */
class ForeignCallback extends tf.Callback {
  constructor({ onTrainBegin }: tf.Callback) {
    super();
    this.onTrainBegin = (logs) => onTrainBegin.call({} as tf.Callback, logs);
  }
}

Deno.test("A callback tells a fit() of another copy of tfjs by name, version and remedy", async () => {
  const { model, xs, ys } = createLine();
  for (
    const callback of [
      new CyclicLR(),
      new OneCycleLR({ maxLr: 1 }),
      new ExponentialMovingAverage(model),
    ]
  ) {
    const foreign = new ForeignCallback(callback);
    await assertRejects(
      () => model.fit(xs, ys, { verbose: 0, callbacks: [foreign] }),
      TypeError,
      `must be of the same copy of tfjs as @clr/clr, ${tf.version.tfjs} at `,
    );
  }
});

Deno.test("findLearningRate() tells a model of another copy of tfjs", async () => {
  const call = () => {};
  const foreign = {
    fit: call,
    compile: call,
    predictOnBatch: call,
    trainOnBatch: call,
  };
  const xs = tf.ones([4, 1]);
  await assertRejects(
    () => findLearningRate(foreign as never, { xs, ys: xs }),
    TypeError,
    'import "@tensorflow/tfjs" in one version everywhere',
  );
});
