import type * as tf from "@tensorflow/tfjs";

/** A sequential or functional model of tfjs: `tf.LayersModel`. */
export type LayersModel = tf.LayersModel;

/** A tensor of tfjs: `tf.Tensor`. */
export type Tensor = tf.Tensor;
