/**
 * A trained `tf.LayersModel` as ONNX, and its evaluation with onnxruntime-web.
 *
 * {@linkcode toOnnx} writes the file that other runtimes read, in browsers, on
 * phones, on servers and in Python. {@linkcode createSession} runs it here, on
 * the CPU with threads or on a GPU, and {@linkcode evaluate} gives accuracy and
 * a classification report. Where {@linkcode toOnnx} is all that is needed,
 * `@clr/clr/onnx/export` spares the download of onnxruntime-web.
 *
 * What is exported, with every option that TensorFlow.js computes:
 *
 * | kind | layers |
 * | --- | --- |
 * | dense | Dense, Embedding, Dot |
 * | convolution | Conv1D, Conv2D, Conv3D, Conv2DTranspose, Conv3DTranspose, DepthwiseConv2D, SeparableConv2D |
 * | pooling | maximum and average, in 1, 2 and 3 dimensions; global in 1 and 2 |
 * | normalization | BatchNormalization, LayerNormalization, Rescaling |
 * | recurrent | SimpleRNN, GRU, LSTM, RNN of one of their cells, Bidirectional, TimeDistributed; not stateful |
 * | masks | Masking and Embedding with `maskZero`, of any steps, and what recurrent layers make of them |
 * | merging | Add, Multiply, Average, Maximum, Minimum, Concatenate |
 * | shape | Flatten, Reshape, Permute, RepeatVector, ZeroPadding2D, Cropping2D, UpSampling2D |
 * | activation | every one by name; ReLU, LeakyReLU, PReLU, ELU, ThresholdedReLU, Softmax |
 * | training only | dropout and noise of every kind, which are dropped |
 * | models | sequential and functional ones within one another |
 *
 * Any other layer takes a {@linkcode LayerConverter} of one's own.
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

export type { ClassLabels } from "../metrics/class_indices.ts";
export type {
  ClassificationReport,
  ClassScores,
} from "../metrics/classification_report.ts";
export {
  createSession,
  ProviderUnavailableError,
  type SessionOptions,
} from "./create_session.ts";
export {
  evaluate,
  type EvaluateOptions,
  type Evaluation,
  type EvaluationData,
} from "./evaluate.ts";
export * from "./export.ts";
export {
  type OnnxProvider,
  OnnxSession,
  type OnnxTensor,
  type OnnxTensorInfo,
} from "./session.ts";
