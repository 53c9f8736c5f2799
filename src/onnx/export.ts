/**
 * A trained `tf.LayersModel` as ONNX: what `@clr/clr/onnx` has beside what runs
 * such a file. This entry brings no runtime, whose package is 140 MB.
 *
 * @example Write a model for other runtimes
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { toOnnx } from "@clr/clr/onnx/export";
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 3, inputShape: [4] })],
 * });
 * const bytes = await toOnnx(model);
 * console.log(bytes.length > 0); // true
 * ```
 *
 * @module
 */

export {
  type OnnxAttribute,
  type OnnxConstant,
  type OnnxDataType,
  OnnxGraph,
  type OnnxNode,
  type OnnxOutput,
  type OnnxShape,
  type OnnxValue,
} from "./graph.ts";
export type {
  LayerConverter,
  LayerToConvert,
  LayerWeight,
} from "./layer_converter.ts";
export {
  type InputNormalization,
  toOnnx,
  type ToOnnxOptions,
} from "./to_onnx.ts";
export type { LayersModel, Tensor } from "../tfjs/types.ts";
