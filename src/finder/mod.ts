/**
 * The learning-rate range test and what it finds.
 *
 * @module
 */

export type { BoundEvidence, CurveEvidence, MaxReason } from "./bounds.ts";
export type { ClassWeight, ClassWeights } from "./class_weight.ts";
export type {
  BatchDataset,
  TensorPair,
  TensorTree,
  TrainingData,
} from "./data.ts";
export * from "./find_learning_rate.ts";
export type { Growth } from "./learning_rate_grid.ts";
export * from "./learning_rate_range.ts";
export type { Better, DirectedMetric, Metric } from "../metrics/direction.ts";
export type { RangeTestSettings, StopReason, Verdict } from "./result.ts";
export type { LearningRateSuggestions, SuggestionName } from "./suggestions.ts";
export type {
  BatchResult,
  CustomTrainee,
  TrainedVariable,
  Trainee,
} from "./trainee.ts";
