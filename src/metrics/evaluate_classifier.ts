import { checkKind } from "../runtime/check_given.ts";
import { checkModel } from "../tfjs/check_model.ts";
import * as tf from "@tensorflow/tfjs";
import type { LayersModel } from "../tfjs/types.ts";
import {
  ACTION,
  type ClassifierBatch,
  type ClassifierDataset,
  scoredBatches,
} from "./_scored_batches.ts";
import { checkScores, largestAt, readClassIndices } from "./class_indices.ts";
import {
  checkClassNames,
  type ClassificationReport,
  classificationReport,
} from "./classification_report.ts";
import { show } from "../runtime/check_data.ts";
import { checkSignal } from "../runtime/check_signal.ts";
import { checkNames } from "../runtime/check_names.ts";

const NAMES = Object.keys(
  {
    batchSize: 0,
    classNames: 0,
    digits: 0,
    topK: 0,
    signal: 0,
  } satisfies Record<keyof EvaluateClassifierOptions, 0>,
);

export type { ClassifierBatch, ClassifierDataset };

/** Options of {@linkcode evaluateClassifier}. */
export interface EvaluateClassifierOptions {
  /** Examples of `{ xs, ys }` that are predicted together. @default {32} */
  readonly batchSize?: number;
  /** The names of the classes. @default {their indices} */
  readonly classNames?: readonly string[];
  /** Digits after the point in the report's text. @default {2} */
  readonly digits?: number;
  /**
   * Also gives, for each k of these, how often the true class is among the k
   * with the highest scores.
   *
   * @default {[]}
   */
  readonly topK?: readonly number[];
  /**
   * Ends the evaluation between two batches: it rejects with the signal's reason.
   *
   * @default {undefined}
   */
  readonly signal?: AbortSignal | undefined;
}

/** What {@linkcode evaluateClassifier} returns. */
export interface ClassifierEvaluation {
  /** The true class of each example. */
  readonly labels: Int32Array;
  /** The predicted class of each example. */
  readonly predictions: Int32Array;
  /** The fraction of examples predicted right. */
  readonly accuracy: number;
  /** By k, the fraction with the true class among the k highest scores. */
  readonly topKAccuracy: { readonly [k: number]: number };
  /** The confusion matrix, and precision, recall and F1 class by class. */
  readonly report: ClassificationReport;
}

/** Scores a class that the model gives: 1 for a sigmoid, of two classes. */
function scoresOf(model: LayersModel): number {
  const shape = model.outputs[0]?.shape ?? [];
  const scores = shape[1];
  if (model.outputs.length === 1 && shape.length === 2 && scores) return scores;
  throw new TypeError(
    `Cannot ${ACTION} as the model must have one output, [examples, classes]: current value is ${model.outputs.length} output(s), the first [${shape}]`,
  );
}

function checkTopK(topK: readonly number[], classes: number): void {
  checkKind(
    ACTION,
    { name: "topK", value: topK, must: "a list of whole numbers, [1, 5] say" },
    Array.isArray(topK),
  );
  for (const k of topK) {
    if (Number.isSafeInteger(k) && k >= 1 && k <= classes) continue;
    throw new RangeError(
      `Cannot ${ACTION} as topK must hold whole numbers from 1 to ${classes}: current value is ${
        show(k)
      }`,
    );
  }
}

/**
 * How well a trained classifier does on examples with known classes: accuracy,
 * top-k accuracy, the confusion matrix, and precision, recall and F1 of each
 * class, as scikit-learn prints them.
 *
 * The model gives `[examples, classes]` scores, probabilities or logits, the
 * highest of which is its prediction; or `[examples, 1]` of a sigmoid, where
 * above 0.5 is class 1 of two.
 *
 * @param model A model; it need not be compiled.
 * @param data `{ xs, ys }`, or a `tf.data.Dataset` of batches of them.
 * @throws {TypeError} If the model has not one output of that shape.
 * @throws {RangeError} If `classNames` are fewer than the classes, there are no examples, the labels are of another
 * number or shape, a row of them stands for several classes, one is not among the
 * outputs, or a score is NaN.
 * @throws The signal's reason, an `AbortError` unless it was given another, where
 * it is aborted before the end.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { evaluateClassifier } from "@clr/clr/metrics";
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 2, inputShape: [2], kernelInitializer: "identity" })],
 * });
 * const { accuracy, report } = await evaluateClassifier(model, {
 *   xs: tf.tensor2d([[1, 0], [0, 1], [0, 2]]),
 *   ys: [0, 1, 0],
 * }, { classNames: ["left", "right"] });
 * console.log(accuracy); // 0.666…
 * console.log(`${report}`);
 * ```
 */
export async function evaluateClassifier(
  model: LayersModel,
  data: ClassifierBatch | ClassifierDataset,
  options: EvaluateClassifierOptions = {},
): Promise<ClassifierEvaluation> {
  checkNames(ACTION, options, NAMES);
  checkModel(ACTION, model);
  checkKind(
    ACTION,
    {
      name: "data",
      value: data,
      must: "{ xs, ys }, or a tf.data.Dataset of such",
    },
    typeof data === "object" && data !== null && !(data instanceof tf.Tensor),
  );
  const { batchSize = 32, topK = [], signal } = options;
  if (!(Number.isSafeInteger(batchSize) && batchSize >= 1)) {
    throw new RangeError(
      `Cannot ${ACTION} as batchSize must be a whole number >= 1: current value is ${
        show(batchSize)
      }`,
    );
  }
  if (signal !== undefined) checkSignal(ACTION, signal);
  const width = scoresOf(model);
  const classes = Math.max(2, width);
  checkTopK(topK, classes);
  checkClassNames(ACTION, options.classNames, classes);
  const labels: number[] = [];
  const predictions: number[] = [];
  const within = topK.map(() => 0);
  const scored = scoredBatches(model, data, { batchSize, signal });
  for await (const { scores, ys } of scored) {
    checkScores(ACTION, scores, { width, first: labels.length });
    const truth = await readClassIndices(ys, classes);
    const examples = scores.length / width;
    if (truth.length !== examples) {
      throw new RangeError(
        `Cannot ${ACTION} as there must be a label for each of ${examples} examples: current value is ${truth.length} labels`,
      );
    }
    for (let i = 0; i < examples; i++) {
      labels.push(truth[i]);
      predictions.push(
        width === 1
          ? Number(scores[i] > 0.5)
          : largestAt(scores, i * width, width),
      );
      topK.forEach((k, j) => {
        if (rankOf(scores, { start: i * width, width, label: truth[i] }) < k) {
          within[j]++;
        }
      });
    }
  }
  const report = classificationReport(labels, predictions, {
    digits: options.digits,
    classNames: options.classNames ??
      Array.from({ length: classes }, (_, i) => `${i}`),
  });
  return {
    labels: Int32Array.from(labels),
    predictions: Int32Array.from(predictions),
    accuracy: report.accuracy,
    topKAccuracy: Object.fromEntries(
      topK.map((k, j) => [k, within[j] / labels.length]),
    ),
    report,
  };
}

/** How many classes come before `label`: those with a higher score, or the same earlier. */
function rankOf(
  scores: ArrayLike<number>,
  { start, width, label }: {
    readonly start: number;
    readonly width: number;
    readonly label: number;
  },
): number {
  if (width === 1) return Number((scores[start] > 0.5) !== (label === 1));
  const own = scores[start + label];
  let rank = 0;
  for (let i = 0; i < width; i++) {
    const other = scores[start + i];
    if (other > own || other === own && i < label) rank++;
  }
  return rank;
}
