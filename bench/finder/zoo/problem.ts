import * as tf from "@tensorflow/tfjs";
import type { CustomTrainee, TensorPair, Trainee } from "@clr/clr";
import { AdamW } from "@clr/clr/training";
import {
  borrowMathRandom,
  type Random,
  seededRandom,
} from "../../../src/runtime/random.ts";

/** The optimizers that the problems are trained with. */
export type OptimizerName =
  | "sgd"
  | "momentum"
  | "nesterov"
  | "adagrad"
  | "adam"
  | "adamw"
  | "adamax"
  | "rmsprop";

/** A model of layers, not compiled, and the loss that it is compiled with. */
export interface ModelSetting {
  readonly model: tf.LayersModel;
  readonly loss: string | string[];
  readonly metrics?: string[];
  readonly train: TensorPair;
  readonly validation: TensorPair;
}

/** One's own loop: a loss of variables. */
export interface LoopSetting {
  readonly variables: readonly tf.Variable[];
  readonly loss: (batch: { xs: tf.Tensor; ys: tf.Tensor }) => tf.Scalar;
  readonly train: TensorPair;
  readonly validation: TensorPair;
}

/** Something to learn that is so small that it can be learned a hundred times. */
export interface Problem {
  readonly name: string;
  /** It is tried with each of these. */
  readonly optimizers: readonly [OptimizerName, OptimizerName];
  /** Steps of a training. @default {200} */
  readonly steps?: number;
  /** Examples in a batch. @default {32} */
  readonly batchSize?: number;
  /** The data and the untrained network of one seed. */
  make(random: Random): ModelSetting | LoopSetting;
}

/** The rates that tutorials and the libraries' defaults start with. */
export const USUAL_RATES: { readonly [Name in OptimizerName]: number } = {
  sgd: 0.01,
  momentum: 0.01,
  nesterov: 0.01,
  adagrad: 0.01,
  adam: 0.001,
  adamw: 0.001,
  adamax: 0.002,
  rmsprop: 0.001,
};

/** An optimizer of this name at its usual rate. */
export function createOptimizer(name: OptimizerName): tf.Optimizer {
  const rate = USUAL_RATES[name];
  switch (name) {
    case "momentum":
    case "nesterov":
      return tf.train.momentum(rate, 0.9, name === "nesterov");
    case "adamw":
      return new AdamW(rate);
    default:
      return tf.train[name](rate);
  }
}

/** A problem with one optimizer and one seed, ready to be trained. */
export interface Instance {
  readonly trainee: Trainee;
  readonly train: TensorPair;
  readonly validation: TensorPair;
  readonly batchSize: number;
  readonly steps: number;
  readonly optimizer: tf.Optimizer;
  /** Trains on a batch and returns its loss. */
  step(batch: TensorPair): Promise<number>;
  /** The loss of the validation data. */
  validate(): Promise<number>;
  dispose(): void;
}

/** Makes the data and the network of one seed, and compiles it. */
export function instantiate(
  problem: Problem,
  name: OptimizerName,
  seed: number,
): Instance {
  // Initializers without a seed draw from Math.random.
  using _ = borrowMathRandom(seededRandom(seed * 7919 + 17));
  const setting = problem.make(seededRandom(seed * 104729 + 1));
  const optimizer = createOptimizer(name);
  const { train, validation } = setting;
  const { batchSize = 32, steps = 200 } = problem;
  const common = { train, validation, batchSize, steps, optimizer };
  const data = () =>
    tf.dispose([train, validation] as unknown as tf.TensorContainer);
  if ("model" in setting) {
    const { model, loss, metrics } = setting;
    model.compile({ optimizer, loss, ...(metrics && { metrics }) });
    const first = (result: number | number[]) =>
      Array.isArray(result) ? result[0] : result;
    return {
      ...common,
      trainee: model,
      step: async ({ xs, ys }) =>
        first(await model.trainOnBatch(xs as tf.Tensor, ys as tf.Tensor)),
      async validate() {
        const result = model.evaluate(
          validation.xs as tf.Tensor,
          validation.ys as tf.Tensor,
          { batchSize: 512 },
        );
        const losses = [result].flat();
        const [loss] = await losses[0].data();
        tf.dispose(losses);
        return loss;
      },
      dispose() {
        model.dispose();
        optimizer.dispose();
        data();
      },
    };
  }
  const { variables, loss } = setting;
  const lossOf = (batch: TensorPair) =>
    loss(batch as { xs: tf.Tensor; ys: tf.Tensor });
  const trainee: CustomTrainee = {
    optimizer,
    variables,
    trainOnBatch: (batch) =>
      optimizer.minimize(() => lossOf(batch), true, [...variables])!,
    evaluateOnBatch: (batch) => tf.tidy(() => lossOf(batch)),
  };
  const read = (scalar: tf.Scalar) => {
    const [value] = scalar.dataSync();
    scalar.dispose();
    return value;
  };
  return {
    ...common,
    trainee,
    step: (batch) =>
      Promise.resolve(read(trainee.trainOnBatch(batch) as tf.Scalar)),
    validate: () => Promise.resolve(read(tf.tidy(() => lossOf(validation)))),
    dispose() {
      tf.dispose([...variables]);
      optimizer.dispose();
      data();
    },
  };
}
