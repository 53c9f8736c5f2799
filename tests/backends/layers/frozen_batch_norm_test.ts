/** Frozen batch normalization: its statistics are used and kept, as in Keras. */

import * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { BACKENDS, testOn } from "../_every_backend.ts";

const GAMMA = [1.5, -2];
const BETA = [0.5, 0.25];
const MEAN = [3, -1];
const VARIANCE = [4, 0.5];
const EPSILON = 1e-3;
const KERNEL = [0.5, -0.25];
const XS = [[1, 2], [-3, 0.5], [2, 2], [0, -1]];
const YS = [1, 0, -1, 2];
const RATE = 0.1;

/** The ways to freeze it: by its option, by its field, and with a model around it. */
const FREEZE: Record<string, () => tf.LayersModel> = {
  "made so": () => network({ trainable: false }),
  "set so": () => {
    const model = network({});
    model.layers[0].trainable = false;
    return model;
  },
  "within a frozen model": () => {
    const inner = tf.sequential({ layers: [normalization({})] });
    inner.trainable = false;
    return tf.sequential({ layers: [inner, dense()] });
  },
};

const normalization = (options: { trainable?: boolean }) =>
  tf.layers.batchNormalization({
    inputShape: [2],
    epsilon: EPSILON,
    momentum: 0.5,
    ...options,
  });
const dense = () => tf.layers.dense({ units: 1, useBias: false });

function network(options: { trainable?: boolean }): tf.LayersModel {
  return tf.sequential({ layers: [normalization(options), dense()] });
}

/** The loss and the next kernel of a step of descent, by loops in doubles. */
function step(): { loss: number; kernel: number[] } {
  const kernel = [...KERNEL];
  let loss = 0;
  XS.forEach((x, n) => {
    const normalized = x.map((value, i) =>
      GAMMA[i] * (value - MEAN[i]) / Math.sqrt(VARIANCE[i] + EPSILON) + BETA[i]
    );
    const miss = normalized.reduce((sum, v, i) => sum + v * KERNEL[i], 0) -
      YS[n];
    loss += miss ** 2 / XS.length;
    normalized.forEach((v, i) => kernel[i] -= RATE * 2 * miss * v / XS.length);
  });
  return { loss, kernel };
}

for (const backend of BACKENDS) {
  for (const [how, make] of Object.entries(FREEZE)) {
    testOn(backend, `batch normalization that is ${how} is kept`, async () => {
      const model = make();
      const layers = model.layers.flatMap((layer) =>
        layer instanceof tf.Sequential ? layer.layers : [layer]
      );
      const [norm, last] = layers;
      norm.setWeights([GAMMA, BETA, MEAN, VARIANCE].map((v) => tf.tensor1d(v)));
      last.setWeights([tf.tensor2d(KERNEL, [2, 1])]);
      model.compile({
        optimizer: tf.train.sgd(RATE),
        loss: "meanSquaredError",
      });
      const [xs, ys] = [tf.tensor2d(XS), tf.tensor2d(YS, [4, 1])];
      const expected = step();
      const loss = await model.trainOnBatch(xs, ys) as number;
      assertAlmostEquals(loss, expected.loss, 1e-4);
      const kernel = last.getWeights()[0].dataSync();
      kernel.forEach((is, i) =>
        assertAlmostEquals(is, expected.kernel[i], 1e-4)
      );
      assertEquals(
        norm.getWeights().map((weight) => [...weight.dataSync()]),
        [GAMMA, BETA, MEAN, VARIANCE],
      );
      tf.dispose([xs, ys]);
      model.dispose();
    });
  }
}
