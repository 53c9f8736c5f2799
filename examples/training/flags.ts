import { BACKEND_FLAGS, type Flags, type FlagValues } from "@clr/clr/command";
import type { OptimizerName, OPTIMIZERS } from "./optimizers.ts";
import { RATE_MODES, type RateModeName } from "./rate_mode.ts";

const OPTIMIZER_NAMES = [
  "momentum",
  "nesterov",
  "sgd",
  "adam",
  "adamax",
  "rmsprop",
  "adagrad",
  "adadelta",
] as const satisfies readonly (keyof typeof OPTIMIZERS)[];

/** Flags that say which images, and how many. */
export const DATA_FLAGS = {
  data: {
    kind: "text",
    value: "DIR|download|synthetic",
    help: "the data set's folder, or where else it comes from (default: " +
      "download once, or synthetic images where there is no network)",
  },
  "train-images": {
    kind: "integer",
    min: 1,
    help: "images to train on (default: what the backend handles in minutes)",
  },
  "test-images": {
    kind: "integer",
    min: 1,
    help: "images to test on (default: as above)",
  },
  "batch-size": {
    kind: "integer",
    min: 1,
    default: 100,
    help: "images in a batch",
  },
} as const satisfies Flags;

/** {@linkcode DATA_FLAGS} of a program that takes all images by itself. */
export const WHOLE_DATA_FLAGS = {
  ...DATA_FLAGS,
  "train-images": {
    ...DATA_FLAGS["train-images"],
    help: "images to train on (default: all)",
  },
  "test-images": {
    ...DATA_FLAGS["test-images"],
    help: "images to test on (default: all)",
  },
} as const satisfies Flags;

/** Flags of what training runs on. */
export const DEVICE_FLAGS = {
  seed: {
    kind: "integer",
    min: 0,
    default: 1,
    help: "of initial weights, order and synthetic images",
  },
  ...BACKEND_FLAGS,
} as const satisfies Flags;

/** The flag that chooses the optimizer. */
export const OPTIMIZER_FLAGS = {
  optimizer: {
    kind: "choice",
    choices: OPTIMIZER_NAMES,
    default: "momentum" satisfies OptimizerName,
    help: "the update rule",
  },
} as const satisfies Flags;

/** Flags of the cyclic schedule and of how long it goes on. */
export const SCHEDULE_FLAGS = {
  epochs: {
    kind: "integer",
    min: 1,
    help: "times through the training images",
  },
  mode: {
    kind: "choice",
    choices: RATE_MODES,
    default: "triangular2" satisfies RateModeName,
    help: "how the rate goes: in cycles whose amplitude is kept, halved or " +
      "decays, in one cycle, by cosines that restart, or down on plateaus",
  },
  "base-lr": {
    kind: "number",
    min: 0,
    help: "learning rate at the ends of a cycle (default: by optimizer)",
  },
  "max-lr": {
    kind: "number",
    above: 0,
    help: "learning rate at its peak (default: by optimizer)",
  },
  "step-size": {
    kind: "number",
    above: 0,
    help: "iterations from base to peak",
  },
} as const satisfies Flags;

/** The flag that leaves it at the range test. */
export const FIND_FLAGS = {
  "find-lr-only": {
    kind: "switch",
    help: "run the learning-rate range test, draw it, and train no further",
  },
} as const satisfies Flags;

/** Flags of runs that can be stopped and go on. */
export const CHECKPOINT_FLAGS = {
  "checkpoint-every": {
    kind: "integer",
    min: 1,
    help: "save a checkpoint in DIR/checkpoints every so many iterations " +
      "(default: never, or as often as the run that is resumed)",
  },
  resume: {
    kind: "switch",
    help: "go on from the newest checkpoint in DIR/checkpoints",
  },
  overwrite: {
    kind: "switch",
    help: "begin anew where another run has checkpoints, and remove them",
  },
} as const satisfies Flags;

/** The folder of the results. */
export function outFlag<const Folder extends string>(folder: Folder) {
  return {
    kind: "text",
    value: "DIR",
    default: folder,
    help: "folder of the results",
  } as const;
}

/** Values of {@linkcode DATA_FLAGS}. */
export type DataFlagValues = FlagValues<typeof DATA_FLAGS>;
