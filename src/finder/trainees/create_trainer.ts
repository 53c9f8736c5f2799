import * as tf from "@tensorflow/tfjs";
import { checkSpelling } from "../../runtime/check_names.ts";
import { isForeignModel, twoCopies } from "../../tfjs/two_copies.ts";
import { AccumulatingTrainer } from "./_accumulating_trainer.ts";
import { describe } from "../data/describe.ts";
import { LoopTrainer } from "./_loop_trainer.ts";
import { ModelTrainer } from "./_model_trainer.ts";
import type { Trainer } from "./trainer.ts";
import type { ClassWeights } from "../data/class_weight.ts";
import type { CustomTrainee, Trainee } from "./trainee.ts";

const ACTION = "find a learning rate";

const NAMES = Object.keys(
  {
    optimizer: 0,
    optimizers: 0,
    variables: 0,
    trainOnBatch: 0,
    evaluateOnBatch: 0,
  } satisfies Record<keyof CustomTrainee, 0>,
);

/** What training is to be, beside the trainee itself. */
export interface TrainerOptions {
  /** Whether batches are evaluated too. */
  readonly validates: boolean;
  /** Weights of the classes in the loss of a model. */
  readonly classWeight?: ClassWeights;
  /** Ends the wait for a step of a loop that never ends. */
  readonly signal?: AbortSignal;
  /** Batches whose gradients make a step. @default {1} */
  readonly accumulate?: number;
}

/**
 * Drives a trainee of either form.
 *
 * @throws {TypeError} If it is neither, or a model that is not compiled.
 * @throws {Error} If the model is being trained.
 */
export function createTrainer(
  trainee: Trainee<unknown>,
  options: TrainerOptions,
): Trainer {
  const { accumulate = 1 } = options;
  const trainer = trainee instanceof tf.LayersModel
    ? new ModelTrainer(trainee, options.classWeight)
    : loopTrainer(trainee, options);
  return accumulate === 1
    ? trainer
    : new AccumulatingTrainer(trainer, accumulate);
}

function loopTrainer(
  trainee: CustomTrainee<unknown>,
  { validates, classWeight, signal }: TrainerOptions,
): Trainer {
  if (isForeignModel(trainee)) throw twoCopies(ACTION);
  if (typeof trainee === "object" && trainee !== null) {
    checkSpelling(ACTION, trainee, NAMES);
  }
  if (
    typeof trainee?.optimizer !== "object" || trainee.optimizer === null ||
    !Array.isArray(trainee.variables) ||
    typeof trainee.trainOnBatch !== "function"
  ) {
    throw new TypeError(
      `Cannot ${ACTION} as the trainee must be a tf.LayersModel or { optimizer, variables, trainOnBatch }: current value is ${
        describe(trainee)
      }`,
    );
  }
  if (classWeight !== undefined) {
    throw new TypeError(
      "Cannot use classWeight as the trainee must be a tf.LayersModel: current value is a loop of one's own; weigh the classes in trainOnBatch",
    );
  }
  if (validates && typeof trainee.evaluateOnBatch !== "function") {
    throw new TypeError(
      "Cannot use validationData as the trainee must have an evaluateOnBatch: current value is undefined",
    );
  }
  return new LoopTrainer(trainee, signal);
}
