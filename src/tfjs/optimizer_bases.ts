import * as tf from "@tensorflow/tfjs";
import type { Optimizer } from "./types.ts";

/** What an optimizer's step is given: gradients by the names of variables. */
export type Gradients = Parameters<Optimizer["applyGradients"]>[0];

/** The settings that tfjs saves of an optimizer. */
export type OptimizerConfig = ReturnType<Optimizer["getConfig"]>;

/** One of tfjs's optimizers as a class that extends it sees it. */
export interface ConcreteOptimizer extends Optimizer {
  /** Takes a step. */
  applyGradients(gradients: Gradients): void;
  /** The settings that tfjs saves. */
  getConfig(): OptimizerConfig;
}

/** `tf.AdamOptimizer`, for classes that extend it. */
export const AdamBase: new (
  learningRate: number,
  beta1: number,
  beta2: number,
  epsilon: number,
) => ConcreteOptimizer = tf.AdamOptimizer;

/** `tf.MomentumOptimizer`, for classes that extend it. */
export const MomentumBase: new (
  learningRate: number,
  momentum: number,
  useNesterov: boolean,
) => ConcreteOptimizer = tf.MomentumOptimizer;
