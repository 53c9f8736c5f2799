/**
 * The learning-rate range test and what it finds.
 *
 * @module
 */

export type {
  BoundEvidence,
  CurveEvidence,
  MaxReason,
} from "./curves/bounds.ts";
export type { ClassWeight, ClassWeights } from "./data/class_weight.ts";
export type {
  AdvisedOption,
  Finding,
  FindingKind,
  Remedy,
  Verdict,
} from "./result/finding.ts";
export type { MeasuredCurve, RangeCurve } from "./curves/curve.ts";
export type {
  BatchDataset,
  TensorPair,
  TensorTree,
  TrainingData,
} from "./data/training_data.ts";
export type { GridPoint, GridReason, GridResult } from "./result/grid_data.ts";
export type {
  HyperparameterGrid,
  Hyperparameters,
} from "./options/hyperparameter_grid.ts";
export { findLearningRate } from "./find_learning_rate.ts";
export type { Growth } from "./options/learning_rate_grid.ts";
export type { Better, DirectedMetric, Metric } from "../metrics/direction.ts";
export type {
  FindLearningRateOptions,
  RangeTestProgress,
} from "./options/options.ts";
export { type FromCurveOptions, LearningRateRange } from "./range.ts";
export type {
  LearningRateRangeData,
  RangeTestResult,
  RangeTestRun,
  RangeTrial,
  Spread,
} from "./result/range_data.ts";
export type { RangeTestCost } from "./result/range_test_cost.ts";
export type { FormatOptions } from "./words/range_text.ts";
export type { RecordedRun, StopReason } from "./curves/recorded_run.ts";
export type { RangeTestSettings } from "./options/settings.ts";
export type {
  LearningRateSuggestions,
  SuggestionName,
} from "./curves/suggestions.ts";
export type {
  BatchResult,
  CustomTrainee,
  TrainedVariable,
  Trainee,
} from "./trainees/trainee.ts";
