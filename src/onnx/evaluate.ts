import { checkKind } from "../runtime/check_given.ts";
import {
  checkClassNames,
  type ClassificationReport,
  classificationReport,
} from "../metrics/classification_report.ts";
import {
  checkScores,
  type ClassLabels,
  isTensor,
  largestAt,
  readClassIndices,
} from "../metrics/class_indices.ts";
import type { OnnxSession } from "./session.ts";
import type { Tensor } from "../tfjs/types.ts";
import { show } from "../runtime/check_data.ts";
import { checkNames } from "../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    batchSize: 0,
    classNames: 0,
  } satisfies Record<keyof EvaluateOptions, 0>,
);

/** What {@linkcode evaluate} evaluates on. */
export interface EvaluationData {
  /**
   * The examples: a tensor of the shape that the model takes (as exported:
   * channels may come first), or their numbers one example after the other.
   */
  readonly xs: Tensor | Float32Array | Int32Array | Uint8Array;
  /**
   * The true classes: their indices, or a tensor of indices `[examples]` or of
   * one-hot rows `[examples, classes]`.
   */
  readonly ys: ClassLabels;
}

/** Options of {@linkcode evaluate}. */
export interface EvaluateOptions {
  /**
   * How many examples are computed together.
   *
   * @default {100}
   */
  readonly batchSize?: number;
  /**
   * The names of the classes.
   *
   * @default {their indices}
   */
  readonly classNames?: readonly string[];
}

/** What {@linkcode evaluate} returns. */
export interface Evaluation {
  /** The predicted class of each example. */
  readonly predictions: Int32Array;
  /** The output of the model, a row of one number a class for each example. */
  readonly scores: Float32Array;
  /** The fraction of examples predicted right. */
  readonly accuracy: number;
  /** Precision, recall and F1, class by class. */
  readonly report: ClassificationReport;
  /** How long the model ran, in seconds. */
  readonly seconds: number;
}

/**
 * Runs a classifier over examples with known classes, batch by batch.
 *
 * @throws {TypeError} If the model has not one input and one output of one
 * number a class, of two classes or more.
 * @throws {RangeError} If the examples do not fit the input of the model, are
 * not as many as the classes, or a class is not among the outputs.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { createSession, evaluate, toOnnx } from "@clr/clr/onnx";
 *
 * await tf.setBackend("cpu");
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 2, inputShape: [2], kernelInitializer: "identity" })],
 * });
 * await using session = await createSession(await toOnnx(model), { threads: 1 });
 * const { accuracy, report } = await evaluate(session, {
 *   xs: Float32Array.of(1, 0, 0, 1, 0, 2),
 *   ys: [0, 1, 0],
 * }, { classNames: ["left", "right"] });
 * console.log(accuracy); // 0.666…
 * console.log(`${report}`);
 * ```
 */
export async function evaluate(
  session: OnnxSession,
  data: EvaluationData,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  checkNames("evaluate the model", options, NAMES);
  const { batchSize = 100 } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(
      `Cannot evaluate the model as batchSize must be a positive integer: current value is ${
        show(batchSize)
      }`,
    );
  }
  checkKind(
    "evaluate the model",
    { name: "session", value: session, must: "what createSession gives" },
    Array.isArray(Object(session).inputs) &&
      Array.isArray(Object(session).outputs),
  );
  const isNumbers = (value: unknown) =>
    isTensor(value) || Array.isArray(value) || ArrayBuffer.isView(value);
  checkKind(
    "evaluate the model",
    {
      name: "data",
      value: data,
      must: "{ xs, ys }, each a tensor or its numbers",
    },
    isNumbers(Object(data).xs) && isNumbers(Object(data).ys),
  );
  const [input, output] = [session.inputs[0], session.outputs[0]];
  const classes = output.shape[1];
  if (
    session.inputs.length !== 1 || session.outputs.length !== 1 ||
    output.shape.length !== 2 || typeof classes !== "number"
  ) {
    throw new TypeError(
      `Cannot evaluate the model as it must have one input and one output of shape [batch, classes]: current value is ${session.inputs.length} input(s) and ${session.outputs.length} output(s), the first of shape [${output.shape}]`,
    );
  }
  if (classes < 2) {
    throw new TypeError(
      `Cannot evaluate the model as it must give one score a class, of 2 classes or more: current value is ${classes} score(s) an example`,
    );
  }
  checkClassNames("evaluate the model", options.classNames, classes);
  const example = input.shape.slice(1);
  if (!example.every((dim) => typeof dim === "number")) {
    throw new TypeError(
      `Cannot evaluate the model as the shape of an example must be known: current value is [${input.shape}]`,
    );
  }
  if (isTensor(data.xs) && data.xs.shape.slice(1).join() !== example.join()) {
    throw new RangeError(
      `Cannot evaluate the model as xs must have shape [examples, ${
        example.join(", ")
      }]: current value is [${data.xs.shape.join(", ")}]`,
    );
  }
  const size = example.reduce((product, dim) => product * dim, 1);
  const xs = isTensor(data.xs) ? await data.xs.data() : data.xs;
  const labels = await readClassIndices(data.ys, classes);
  if (xs.length !== labels.length * size) {
    throw new RangeError(
      `Cannot evaluate the model as there must be ${size} numbers for each of ${labels.length} examples: current value is ${xs.length} numbers`,
    );
  }

  const predictions = new Int32Array(labels.length);
  const scores = new Float32Array(labels.length * classes);
  const start = performance.now();
  for (let from = 0; from < labels.length; from += batchSize) {
    const count = Math.min(batchSize, labels.length - from);
    const { [output.name]: result } = await session.run({
      [input.name]: {
        data: new Float32Array(xs.subarray(from * size, (from + count) * size)),
        shape: [count, ...example],
      },
    });
    checkScores("evaluate the model", result.data, {
      width: classes,
      first: from,
    });
    scores.set(result.data, from * classes);
    for (let i = 0; i < count; i++) {
      predictions[from + i] = largestAt(result.data, i * classes, classes);
    }
  }
  const seconds = (performance.now() - start) / 1000;

  const report = classificationReport(
    labels,
    predictions,
    {
      classNames: options.classNames ??
        Array.from({ length: classes }, (_, i) => `${i}`),
    },
  );
  return { predictions, scores, accuracy: report.accuracy, report, seconds };
}
