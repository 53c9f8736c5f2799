import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import {
  DeviceLostError,
  startWebGPU,
  WebGPUUnavailableError,
} from "../../src/backends/webgpu.ts";

const adapter = await navigator.gpu?.requestAdapter();
const ignore = !adapter;
if (ignore) console.log("No WebGPU adapter: the WebGPU tests are skipped");

/** Runs `body` on the adapter that is there, and stops the backend after it. */
async function onWebGPU(body: () => Promise<void>): Promise<void> {
  await startWebGPU({ allowSoftware: true });
  try {
    await body();
  } finally {
    await tf.setBackend("cpu");
    // The promise of Deno's mapAsync resolves 10 ms after its buffer is read.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function pseudoRandom(length: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
}

/** A CNN with batch norm and one layer of each kind that images need. */
function createModel(): tf.Sequential {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [12, 12, 3],
        filters: 4,
        kernelSize: 3,
        padding: "same",
        useBias: false,
      }),
      tf.layers.batchNormalization(),
      tf.layers.activation({ activation: "relu" }),
      tf.layers.maxPooling2d({ poolSize: 3, strides: 2 }),
      tf.layers.depthwiseConv2d({ kernelSize: 3, padding: "same" }),
      tf.layers.conv2d({
        filters: 6,
        kernelSize: 3,
        strides: 2,
        activation: "relu",
      }),
      tf.layers.averagePooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 4, activation: "softmax" }),
    ],
  });
  tf.tidy(() =>
    model.setWeights(
      model.getWeights().map(({ shape }, i) => {
        const values = pseudoRandom(tf.util.sizeFromShape(shape), i + 1);
        // Scales and variances are positive; the rest is about zero.
        const positive = i === 1 || i === 4;
        return tf.tensor(
          values.map((v) => positive ? 1 + v / 4 : v / 3),
          shape,
        );
      }),
    )
  );
  model.compile({
    optimizer: tf.train.momentum(0.05, 0.9),
    loss: "categoricalCrossentropy",
  });
  return model;
}

async function train(
  steps: number,
): Promise<{ losses: number[]; weights: Float32Array[] }> {
  const model = createModel();
  const xs = tf.tensor4d(pseudoRandom(8 * 12 * 12 * 3, 99), [8, 12, 12, 3]);
  const labels = tf.tensor1d([0, 1, 2, 3, 0, 1, 2, 3], "int32");
  const ys = tf.oneHot(labels, 4);
  const losses = [];
  for (let i = 0; i < steps; i++) {
    losses.push(await model.trainOnBatch(xs, ys) as number);
  }
  const weights = await Promise.all(
    model.getWeights().map((w) => w.data<"float32">()),
  );
  tf.dispose([xs, labels, ys]);
  model.optimizer.dispose();
  model.dispose();
  return { losses, weights };
}

Deno.test({
  name:
    "startWebGPU() trains a CNN with batch norm to the CPU backend's losses and weights",
  ignore,
  async fn() {
    await tf.setBackend("cpu");
    const expected = await train(20);
    await onWebGPU(async () => {
      const actual = await train(20);
      let worstLoss = 0, worstW = 0;
      expected.losses.forEach((l, i) =>
        worstLoss = Math.max(worstLoss, Math.abs(l - actual.losses[i]))
      );
      expected.weights.forEach((w, i) =>
        w.forEach((v, j) =>
          worstW = Math.max(worstW, Math.abs(v - actual.weights[i][j]))
        )
      );
      console.log(expected.losses[0], expected.losses[19], worstLoss, worstW);
      assert(worstLoss < 1e-4);
      assert(worstW < 1e-3);
    });
  },
});
