import * as tf from "@tensorflow/tfjs";

interface OptimizerChoice {
  /** The bounds to cycle between where a person gives none. */
  readonly baseLr: number;
  readonly maxLr: number;
  readonly create: (learningRate: number) => tf.Optimizer;
}

/**
 * tfjs's optimizers by the names of the `--optimizer` flag. Momentum's bounds
 * are those the paper read off its range test on CIFAR-10 (section 4.1); the
 * adaptive methods' follow its Table 3. It has none for plain SGD, which is
 * given ten times Momentum's as its steps are a tenth of those, and for Adamax,
 * which is given Adam's.
 */
export const OPTIMIZERS = {
  momentum: {
    baseLr: 0.001,
    maxLr: 0.006,
    create: (learningRate) => tf.train.momentum(learningRate, 0.9),
  },
  nesterov: {
    baseLr: 0.001,
    maxLr: 0.006,
    create: (learningRate) => tf.train.momentum(learningRate, 0.9, true),
  },
  sgd: {
    baseLr: 0.01,
    maxLr: 0.06,
    create: (learningRate) => tf.train.sgd(learningRate),
  },
  adam: {
    baseLr: 0.0005,
    maxLr: 0.002,
    create: (learningRate) => tf.train.adam(learningRate),
  },
  adamax: {
    baseLr: 0.0005,
    maxLr: 0.002,
    create: (learningRate) => tf.train.adamax(learningRate),
  },
  rmsprop: {
    baseLr: 0.0001,
    maxLr: 0.0003,
    create: (learningRate) => tf.train.rmsprop(learningRate),
  },
  adagrad: {
    baseLr: 0.003,
    maxLr: 0.035,
    create: (learningRate) => tf.train.adagrad(learningRate),
  },
  adadelta: {
    baseLr: 0.01,
    maxLr: 0.1,
    create: (learningRate) => tf.train.adadelta(learningRate),
  },
} as const satisfies Record<string, OptimizerChoice>;

/** A name that `--optimizer` takes. */
export type OptimizerName = keyof typeof OPTIMIZERS;
