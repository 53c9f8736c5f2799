/** Trains a network on the current backend, the same on every one. */

import * as tf from "@tensorflow/tfjs";
import { randomFrom } from "../ops/_operation.ts";
import { isNoisy, LOSSES, make, makeMerge, type NetworkPlan } from "./_plan.ts";

const STEPS = 10;

/**
 * With the denominators kept well above 0: there, the optimizers that divide by
 * the size of a gradient make of its rounding a step.
 */
const OPTIMIZERS: Readonly<Record<string, () => tf.Optimizer>> = {
  sgd: () => tf.train.sgd(0.02),
  momentum: () => tf.train.momentum(0.01, 0.9),
  nesterov: () => tf.train.momentum(0.01, 0.9, true),
  adagrad: () => tf.train.adagrad(0.02, 0.1),
  adadelta: () => tf.train.adadelta(0.5, 0.9, 1e-2),
  adam: () => tf.train.adam(0.01, 0.9, 0.99, 1e-2),
  adamax: () => tf.train.adamax(0.01, 0.9, 0.99, 1e-2),
  rmsprop: () => tf.train.rmsprop(0.01, 0.9, 0.5, 1e-2),
  centered: () => tf.train.rmsprop(0.01, 0.9, 0.5, 1e-1, true),
};

function build({ input, layers, outputs, loss }: NetworkPlan): tf.LayersModel {
  const inputs = tf.input({ shape: [...input] });
  let x = inputs;
  for (const plan of layers) {
    const y = make(plan).apply(x) as tf.SymbolicTensor;
    x = plan.mergedBy ? makeMerge(plan.mergedBy).apply([x, y]) as typeof x : y;
  }
  const activation = LOSSES[loss];
  const output = tf.layers.dense({ units: outputs, activation }).apply(x);
  return tf.model({ inputs, outputs: output as tf.SymbolicTensor });
}

function values(shape: readonly number[], next: () => number): Float32Array {
  const size = shape.reduce((a, b) => a * b, 1);
  return Float32Array.from({ length: size }, next);
}

function seeded(
  model: tf.LayersModel,
  next: () => number,
  factor: number,
): void {
  const weights = model.weights.map(({ shape, originalName }) => {
    const sizes = shape as number[];
    const most = 1.5 / Math.sqrt(sizes.slice(0, -1).reduce((a, b) => a * b, 1));
    const isScale = /gamma|variance/.test(originalName);
    const draw = isScale
      ? () => 0.7 + 0.6 * next()
      : () => (2 * next() - 1) * Math.min(most, 0.7);
    return tf.tensor(values(sizes, () => factor * draw()), sizes);
  });
  model.setWeights(weights);
  tf.dispose(weights);
}

function labels(plan: NetworkPlan, next: () => number): tf.Tensor {
  const { loss, batch, outputs } = plan;
  const classes = Array.from(
    { length: batch },
    () => Math.floor(next() * outputs),
  );
  if (loss === "sparseCategoricalCrossentropy") {
    return tf.tensor2d(classes, [batch, 1]);
  }
  const isOfClasses = /^(categorical|kullback|hinge|squaredH)/.test(loss);
  return tf.tidy(() =>
    isOfClasses
      ? tf.cast(tf.oneHot(tf.tensor1d(classes, "int32"), outputs), "float32")
      : tf.tensor(values([batch, outputs], next), [batch, outputs])
  );
}

/** What training gave. */
export interface Trained {
  readonly losses: readonly number[];
  readonly weights: readonly Float32Array[];
  readonly names: readonly string[];
  /** How many tensors more there are afterwards. */
  readonly left: number;
}

/**
 * Trains for ten steps; what is noisy in training is only evaluated.
 *
 * @param nudge By how much, beside what they are, the first weights are larger.
 */
export async function train(plan: NetworkPlan, nudge = 0): Promise<Trained> {
  const before = tf.memory().numTensors;
  const next = randomFrom(plan.seed);
  const model = build(plan);
  seeded(model, next, 1 + nudge);
  const optimizer = OPTIMIZERS[plan.optimizer]();
  model.compile({ optimizer, loss: plan.loss });
  const { vocabulary } = plan;
  const shape = [plan.batch, ...plan.input];
  const draw = vocabulary
    ? () => Math.floor(next() * vocabulary)
    : () => next() < 0.1 ? 0 : 2 * next() - 1;
  const xs = tf.tensor(values(shape, draw), shape);
  const ys = labels(plan, next);
  const losses: number[] = [];
  for (let step = 0; step < STEPS && !isNoisy(plan); step++) {
    losses.push(await model.trainOnBatch(xs, ys) as number);
  }
  const evaluated = model.evaluate(xs, ys) as tf.Scalar;
  losses.push(evaluated.dataSync()[0]);
  const predicted = model.predict(xs) as tf.Tensor;
  const weights = [...model.getWeights(), predicted].map((weight) =>
    weight.dataSync() as Float32Array
  );
  const names = [
    ...model.weights.map(({ originalName }) => originalName),
    "the prediction",
  ];
  tf.dispose([xs, ys, evaluated, predicted]);
  optimizer.dispose();
  model.dispose();
  return { losses, weights, names, left: tf.memory().numTensors - before };
}
