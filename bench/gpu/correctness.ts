/** Whether WebGPU trains to the CPU backend's losses and weights. */

import * as tf from "@tensorflow/tfjs";

/** How far 20 steps on WebGPU end from the same steps on the CPU backend. */
export interface Correctness {
  steps: number;
  firstLoss: number;
  lastLoss: number;
  largestLossDifference: number;
  largestWeightDifference: number;
  correct: boolean;
}

const TOLERANCE = 1e-4;

/** Trains on the CPU backend, then on WebGPU. */
export async function checkCorrectness(): Promise<Correctness> {
  const steps = 20;
  await tf.setBackend("cpu");
  const expected = await trainSmall(steps);
  await tf.setBackend("webgpu");
  const actual = await trainSmall(steps);
  const largestLossDifference = largestDifference(
    actual.losses,
    expected.losses,
  );
  const largestWeightDifference = largestDifference(
    actual.weights,
    expected.weights,
  );
  return {
    steps,
    firstLoss: expected.losses[0],
    lastLoss: expected.losses[steps - 1],
    largestLossDifference,
    largestWeightDifference,
    correct: Math.max(largestLossDifference, largestWeightDifference) <
      TOLERANCE,
  };
}

/** A CNN with batch norm and an inception module, small enough for the CPU. */
async function trainSmall(
  steps: number,
): Promise<{ losses: number[]; weights: number[] }> {
  let seed = 0;
  const convolution = (x: tf.SymbolicTensor, kernelSize: number) => {
    const y = tf.layers.conv2d({
      filters: 8,
      kernelSize,
      padding: "same",
      // The shift of batch norm takes a bias's place: its gradient would be 0,
      // but for rounding.
      useBias: false,
      kernelInitializer: tf.initializers.glorotUniform({ seed: ++seed }),
    }).apply(x);
    return tf.layers.reLU().apply(tf.layers.batchNormalization().apply(y));
  };
  const input = tf.input({ shape: [12, 12, 3] });
  const stem = convolution(input, 3) as tf.SymbolicTensor;
  const branches = [1, 3].map((size) => convolution(stem, size));
  let x = tf.layers.concatenate().apply(branches as tf.SymbolicTensor[]);
  x = tf.layers.maxPooling2d({ poolSize: 3, strides: 2 }).apply(x);
  x = tf.layers.averagePooling2d({ poolSize: 2 }).apply(x);
  const output = tf.layers.dense({
    units: 4,
    activation: "softmax",
    kernelInitializer: tf.initializers.glorotUniform({ seed: ++seed }),
  }).apply(tf.layers.flatten().apply(x)) as tf.SymbolicTensor;
  const model = tf.model({ inputs: input, outputs: output });
  model.compile({
    optimizer: tf.train.momentum(0.05, 0.9),
    loss: "categoricalCrossentropy",
  });
  const { xs, ys } = tf.tidy(() => ({
    xs: tf.randomNormal([8, 12, 12, 3], 0, 1, "float32", 99),
    ys: tf.oneHot(tf.tensor1d([0, 1, 2, 3, 0, 1, 2, 3], "int32"), 4),
  }));
  const losses = [];
  for (let i = 0; i < steps; i++) {
    losses.push(await model.trainOnBatch(xs, ys) as number);
  }
  const weights = [];
  for (const weight of model.getWeights()) weights.push(...await weight.data());
  tf.dispose([xs, ys]);
  model.optimizer.dispose();
  model.dispose();
  return { losses, weights };
}

function largestDifference(a: number[], b: number[]): number {
  // NaN counts: Math.max gives it on.
  return Math.max(...a.map((value, i) => Math.abs(value - b[i])));
}
