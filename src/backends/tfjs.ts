/**
 * The tfjs types that stand in this folder's signatures, under names that its
 * documentation can show.
 */

import type * as tf from "@tensorflow/tfjs";

/** A tfjs tensor: `tf.Tensor`. */
export type Tensor = tf.Tensor;

/** A tfjs model built of layers: `tf.LayersModel`. */
export type LayersModel = tf.LayersModel;
