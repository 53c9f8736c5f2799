import type { DataFacts } from "./data_survey.ts";
import type { DrowningLayer } from "./model_facts.ts";
import type { LossOrder } from "./loss_order.ts";
import type { Pairing, RowPairing } from "./pairing.ts";

/** Where a loss was not finite: what is to blame. */
export interface NonFinite {
  /** The batch, from 1. */
  readonly batch: number;
  /** Not finite at the first weights either, or because of the rate. */
  readonly cause: "data" | "rate";
}

/** An output of a model of which nothing was seen to be learned. */
export interface UnlearnedOutput {
  /** Its name. */
  readonly output: string;
  /** The lowest loss that a short training came to. */
  readonly loss: number;
  /** The loss of always predicting the same. */
  readonly expected: number;
}

/** What a test saw of its data and its trainee, beside the curve. */
export interface Circumstances {
  /** What the batches look like. */
  readonly facts?: DataFacts;
  /** Whether the test itself drew the batches, in random order. */
  readonly isShuffled: boolean;
  /** Whether there are targets behind those that were looked at. */
  readonly isPartSeen?: boolean;
  /** Whether all targets are the same, of a loss that is one of them. */
  readonly sameTargets: boolean;
  /** Whether all inputs are the same, of a trainee that takes some. */
  readonly sameInputs: boolean;
  /** Whether the trainee is a loop of one's own. */
  readonly isLoop?: boolean;
  /** The root mean square of inputs that reach the weights as they are. */
  readonly inputSize?: number;
  /** That of targets, where the loss is of how far outputs are from them. */
  readonly targetSize?: number;
  /**
   * Whether batches of a single example are normalized over it, which leaves
   * nothing of what it was.
   */
  readonly isNormalizedAway?: boolean;
  /** A layer that leaves of its inputs hardly anything but noise. */
  readonly drowning?: DrowningLayer;
  /** Layers of units in a row, without normalization or a way around them. */
  readonly plainDepth?: number;
  /** Weights of several units, not the last ones, that all were the same at first. */
  readonly alike?: readonly string[];
  /** The size of the largest target, where it is many times that of the others. */
  readonly outlier?: number;
  /** Whether layers were frozen or thawed since the model was compiled. */
  readonly isStale?: boolean;
  /** Whether other optimizers move the loss, too. */
  readonly isContested?: boolean;
  /** Weights that hold numbers that are not finite, before any training. */
  readonly badWeights?: readonly string[];
  /** Examples of a set in tensors with numbers that are not finite. */
  readonly notFinite?: {
    readonly part: "xs" | "ys";
    readonly examples: readonly number[];
    /** What they are called, where that is not the data trained on. */
    readonly of?: string;
  };
  /** The order in the losses of the batches, where they come in one. */
  readonly lossOrder?: LossOrder;
  /** Whether a loss that diverges does so at any rate: others drive it. */
  readonly isDriven?: boolean;
  /** Where a loss was not finite. */
  readonly nonFinite?: NonFinite;
  /** The loss of always predicting the same, at its best, without any penalty. */
  readonly baseline?: {
    readonly loss: number;
    /** The loss of what misses nothing. */
    readonly floor: number;
    /** That of each batch of a short trial, where these are known. */
    readonly trialBaselines?: readonly number[];
  };
  /** What penalties on the weights add to the loss at the start. */
  readonly penalty?: number;
  /** Weights that no training changed. */
  readonly unchanged?: {
    readonly names: readonly string[];
    readonly of: number;
  };
  /** Where each batch is all of the data, and more was asked for. */
  readonly whole?: { readonly batchSize: number; readonly examples: number };
  /** Outputs, targets and loss that do not suit each other, and what would. */
  readonly mismatch?: { readonly detail: string; readonly to: string };
  /** What training came to on each other's targets, where that is no worse. */
  readonly pairing?: Pairing;
  /** The same of few rows, which are learned by heart, and how many they are. */
  readonly rows?: RowPairing & { readonly count: number };
  /** What of its batches a loop was seen not to take. */
  readonly unused?: "inputs" | "batches";
  /** Whether a loop's loss was seen to stay the same as its weights change. */
  readonly isUnmoved?: boolean;
  /** Whether what a loop returns are shares of its examples, and no losses. */
  readonly areShares?: boolean;
  /** Outputs of which nothing was seen to be learned, of a model with several. */
  readonly unlearned?: readonly UnlearnedOutput[];
  /** Whether there are no more examples to tell that by. */
  readonly isPassSpent?: boolean;
  /** Batches of a pass over the data, where that is known. */
  readonly pass?: number;
  /** Examples that a buffer should hold to shuffle the data. */
  readonly buffer?: number;
}
