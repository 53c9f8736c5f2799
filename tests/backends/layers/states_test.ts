/** Stateful recurrent layers over many batches, on every backend. */

import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { BACKENDS, testOn } from "../_every_backend.ts";

interface Args {
  readonly stateful: true;
  readonly batchInputShape: number[];
}

const uniform = (seed: number) => tf.initializers.randomUniform({ seed });
const initial = {
  kernelInitializer: uniform(1),
  recurrentInitializer: uniform(2),
};
const units = 3;

const LAYERS: Readonly<Record<string, (args: Args) => tf.layers.Layer>> = {
  simpleRNN: (args) => tf.layers.simpleRNN({ units, ...initial, ...args }),
  lstm: (args) => tf.layers.lstm({ units, ...initial, ...args }),
  gru: (args) => tf.layers.gru({ units, ...initial, ...args }),
  "two cells": (args) =>
    tf.layers.rnn({
      cell: tf.layers.stackedRNNCells({
        cells: [
          tf.layers.gruCell({ units, ...initial }),
          tf.layers.lstmCell({ units, ...initial }),
        ],
      }),
      ...args,
    }),
  convLstm2d: ({ stateful }) =>
    tf.layers.convLstm2d(
      {
        ...{ filters: 2, kernelSize: 2, ...initial },
        ...{ stateful, batchInputShape: [2, 3, 4, 4, 1] },
      } as Parameters<typeof tf.layers.convLstm2d>[0],
    ),
};

for (const backend of BACKENDS) {
  for (const [name, create] of Object.entries(LAYERS)) {
    testOn(
      backend,
      `a stateful ${name} trains in memory that stays`,
      async () => {
        const before = tf.memory().numTensors;
        const layer = create({ stateful: true, batchInputShape: [2, 3, 4] });
        const model = tf.sequential({
          layers: [
            layer,
            ...name === "convLstm2d" ? [tf.layers.flatten()] : [],
            tf.layers.dense({ units: 1, kernelInitializer: uniform(3) }),
          ],
        });
        const optimizer = tf.train.sgd(0.1);
        model.compile({ optimizer, loss: "meanSquaredError" });
        const xs = tf.ones(model.inputs[0].shape as number[]);
        const ys = tf.ones([2, 1]);
        const losses: number[] = [];
        let kept = 0;
        for (let batch = 0; batch < 12; batch++) {
          losses.push(await model.trainOnBatch(xs, ys) as number);
          const { numTensors } = tf.memory();
          if (batch === 2) kept = numTensors;
          if (batch > 2) assertEquals(numTensors, kept, `batch ${batch}`);
        }
        assert(losses.every(Number.isFinite), `${losses}`);
        // From zeros it begins as it began, but for what it has learned.
        const first = model.predictOnBatch(xs) as tf.Tensor;
        layer.resetStates();
        const again = model.predictOnBatch(xs) as tf.Tensor;
        assert(first.dataSync()[0] !== again.dataSync()[0]);
        model.dispose();
        optimizer.dispose();
        tf.dispose([xs, ys, first, again]);
        assertEquals(tf.memory().numTensors, before);
      },
    );
  }
}
