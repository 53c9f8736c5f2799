import type * as tf from "@tensorflow/tfjs";
import { writeFile } from "@clr/clr/command";
import { createSession, evaluate, toOnnx } from "@clr/clr/onnx";
import type { ImageDataset } from "../datasets/image_dataset.ts";
import type { Normalization } from "../datasets/normalization.ts";
import { ONNX_CONVERTERS } from "../models/onnx_converters.ts";

/** What {@linkcode writeOnnxModel} is given. */
export interface OnnxModelOptions {
  readonly model: tf.LayersModel;
  readonly dataset: ImageDataset;
  readonly normalization: Normalization;
  /** How many images are evaluated together. */
  readonly batchSize: number;
  /** The classes that tfjs predicted for the test images, and in what time. */
  readonly tfjs: {
    readonly predictions: ArrayLike<number>;
    readonly seconds: number;
    /** What computed them, such as "wasm". */
    readonly backend: string;
  };
  readonly out: string;
}

/**
 * Writes `model.onnx`, which takes raw pixels and names its classes, evaluates
 * it on the test images with onnxruntime-web and says whether it agrees with
 * tfjs, and how fast both are.
 *
 * @returns The name of the file.
 */
export async function writeOnnxModel(
  options: OnnxModelOptions,
): Promise<string> {
  const { model, dataset, normalization, batchSize, tfjs, out } = options;
  const { images, labels, count } = dataset.test;
  const bytes = await toOnnx(model, {
    normalization,
    converters: ONNX_CONVERTERS,
    metadata: {
      dataset: `${dataset.name}, ${dataset.origin}`,
      classNames: JSON.stringify(dataset.classNames),
    },
  });
  await writeFile(`${out}/model.onnx`, bytes);

  await using session = await createSession(bytes, {
    threads: navigator.hardwareConcurrency,
  });
  const xs = images.subarray(0, images.length / labels.length * count);
  const { predictions, accuracy, seconds } = await evaluate(session, {
    xs,
    ys: labels.subarray(0, count),
  }, { batchSize, classNames: dataset.classNames });
  const same =
    predictions.filter((predicted, i) => predicted === tfjs.predictions[i])
      .length;
  const speed = (seconds: number) =>
    `${Math.round(count / seconds).toLocaleString("en")} images/s`;
  const rows = [
    [
      "model.onnx",
      `${bytes.length.toLocaleString("en")} bytes, test accuracy ${
        (100 * accuracy).toFixed(2)
      } %`,
    ],
    [
      "agreement",
      `the same class as tfjs for ${same} of ${count} test images`,
    ],
    [
      "speed",
      `onnxruntime-web ${speed(seconds)} (wasm, ${session.threads} threads)`,
    ],
    ["", `tfjs ${speed(tfjs.seconds)} (${tfjs.backend})`],
  ];
  for (const [name, value] of rows) {
    console.log(`${name.padEnd(14)} ${value}`);
  }
  return "model.onnx";
}
