/**
 * The tfjs types that stand in this package's signatures, under names that its
 * documentation can show.
 */

import type * as tf from "@tensorflow/tfjs";

/** A tfjs tensor: `tf.Tensor`. */
export type Tensor = tf.Tensor;

/** A tfjs tensor that training changes: `tf.Variable`. */
export type Variable = tf.Variable;

/** A tfjs optimizer, such as `tf.train.momentum(0.001, 0.9)`: `tf.Optimizer`. */
export type Optimizer = tf.Optimizer;

/** A tfjs model built of layers: `tf.LayersModel`. */
export type LayersModel = tf.LayersModel;

/** An object with hooks for `fit` that gets logs as tensors: `tf.Callback`. */
export type Callback = tf.Callback;

/** A plain object with hooks for `fit`: `tf.CustomCallbackArgs`. */
export type CustomCallbackArgs = tf.CustomCallbackArgs;
