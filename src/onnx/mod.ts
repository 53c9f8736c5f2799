/**
 * A trained `tf.LayersModel` as ONNX, and its evaluation with onnxruntime-web.
 *
 * {@linkcode toOnnx} writes the file that other runtimes read, in browsers, on
 * phones, on servers and in Python. {@linkcode createSession} runs it here, on
 * the CPU with threads or on a GPU, and {@linkcode evaluate} gives accuracy and
 * a classification report.
 *
 * @example Export, run and compare
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { createSession, toOnnx } from "@clr/clr/onnx";
 *
 * await tf.setBackend("cpu");
 * const model = tf.sequential({
 *   layers: [
 *     tf.layers.conv2d({ filters: 4, kernelSize: 3, inputShape: [8, 8, 3] }),
 *     tf.layers.flatten(),
 *     tf.layers.dense({ units: 10, activation: "softmax" }),
 *   ],
 * });
 * await using session = await createSession(await toOnnx(model), { threads: 1 });
 * const [input] = session.inputs;
 * const outputs = await session.run({
 *   [input.name]: { data: new Float32Array(8 * 8 * 3), shape: [1, 8, 8, 3] },
 * });
 * console.log(outputs);
 * ```
 *
 * @module
 */

export type {
  ClassificationReport,
  ClassScores,
} from "../classification_report.ts";
export {
  evaluate,
  type EvaluateOptions,
  type Evaluation,
  type EvaluationData,
} from "./evaluate.ts";
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
  createSession,
  type OnnxProvider,
  OnnxSession,
  type OnnxTensor,
  type OnnxTensorInfo,
  ProviderUnavailableError,
  type SessionOptions,
} from "./session.ts";
export {
  type InputNormalization,
  toOnnx,
  type ToOnnxOptions,
} from "./to_onnx.ts";
export type { LayersModel, Tensor } from "./tfjs.ts";
