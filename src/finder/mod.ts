/**
 * The learning-rate range test and what it finds.
 *
 * @module
 */

export type { BoundEvidence, CurveEvidence, MaxReason } from "./bounds.ts";
export type { ClassWeight, ClassWeights } from "./class_weight.ts";
export type {
  AdvisedOption,
  Finding,
  FindingKind,
  Remedy,
  Verdict,
} from "./finding.ts";
export type { MeasuredCurve, RangeCurve } from "./curve.ts";
export type {
  BatchDataset,
  TensorPair,
  TensorTree,
  TrainingData,
} from "./data.ts";
export type { GridPoint, GridReason, GridResult } from "./grid_data.ts";
export type {
  HyperparameterGrid,
  Hyperparameters,
} from "./hyperparameter_grid.ts";
export { findLearningRate } from "./find_learning_rate.ts";
export type { Growth } from "./learning_rate_grid.ts";
export type { Better, DirectedMetric, Metric } from "../metrics/direction.ts";
export type { FindLearningRateOptions, RangeTestProgress } from "./options.ts";
export { type FromCurveOptions, LearningRateRange } from "./range.ts";
export type {
  LearningRateRangeData,
  RangeTestResult,
  RangeTestRun,
  RangeTrial,
  Spread,
} from "./range_data.ts";
export type { RangeTestCost } from "./range_test_cost.ts";
export type { FormatOptions } from "./range_text.ts";
export type { RecordedRun, StopReason } from "./recorded_run.ts";
export type { RangeTestSettings } from "./settings.ts";
export type { LearningRateSuggestions, SuggestionName } from "./suggestions.ts";
export type {
  BatchResult,
  CustomTrainee,
  TrainedVariable,
  Trainee,
} from "./trainee.ts";
