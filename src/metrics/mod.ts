/**
 * How well a classifier does: accuracy, top-k accuracy, the confusion matrix and
 * scikit-learn's classification report, for models of TensorFlow.js and for
 * predictions of any origin.
 *
 * @example
 * ```ts
 * import { classificationReport } from "@clr/clr/metrics";
 *
 * const report = classificationReport([0, 1, 2, 2, 2], [0, 0, 2, 2, 1]);
 * console.log(report.accuracy); // 0.6
 * console.log(`${report}`); // the table that scikit-learn prints
 * ```
 *
 * @module
 */

export type { ClassLabels } from "./class_indices.ts";
export {
  type ClassificationReport,
  classificationReport,
  type ClassificationReportOptions,
  type ClassScores,
} from "./classification_report.ts";
export { type Better, metricDirection } from "./direction.ts";
export {
  type ClassifierBatch,
  type ClassifierDataset,
  type ClassifierEvaluation,
  evaluateClassifier,
  type EvaluateClassifierOptions,
} from "./evaluate_classifier.ts";
export type { LayersModel, Tensor } from "../tfjs/types.ts";
