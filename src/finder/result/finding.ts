/**
 * What a test found:
 *
 * - `"good"`: both bounds.
 * - `"flat"`: no improvement at any rate.
 * - `"never-diverged"`: still improving at the end; raise `endLr`.
 * - `"converged"`: all was learned before the rate grew too high for it: the
 *   upper bound is set by the rule of thumb.
 * - `"diverged-at-once"`: diverged before it improved; lower `startLr`.
 * - `"driven"`: the loss diverges whatever the rate: what else is trained drives
 *   it.
 * - `"unstable"`: training held at none of the rates that were tried out.
 * - `"noisy"`: an improvement that noise hides; more batches per rate.
 * - `"too-short"`: too few rates tested to tell.
 * - `"not-finite"`: the loss is not a finite number, and the rate is not to blame.
 * - `"ordered"`: the data come in an order: they are not shuffled.
 * - `"no-signal"`: nothing was learned from the inputs: always predicting the same
 *   does as well.
 * - `"no-gradient"`: training changes no weight.
 * - `"trained"`: the weights are at an optimum for these data already.
 * - `"mismatch"`: the outputs, the targets and the loss do not suit each other.
 * - `"one-batch"`: all of the data are in each batch, of a size that says no such
 *   thing.
 */
export type Verdict =
  | "good"
  | "flat"
  | "never-diverged"
  | "converged"
  | "diverged-at-once"
  | "driven"
  | "unstable"
  | "noisy"
  | "too-short"
  | "not-finite"
  | "ordered"
  | "no-signal"
  | "no-gradient"
  | "trained"
  | "mismatch"
  | "one-batch";

/**
 * What was seen, in the curve:
 *
 * - `"both-bounds"`: where it starts to improve and where that ends (`"good"`).
 * - `"no-improvement"`: none at any rate, `"no-improvement-before-divergence"`:
 *   none at the rates before training diverged (`"flat"`).
 * - `"still-improving"`: it improves up to the last rate (`"never-diverged"`).
 * - `"levelled-off"`: it improved and levelled off, and no rate was too high
 *   (`"converged"`).
 * - `"first-loss-not-finite"`: there was no loss to begin with (`"not-finite"`).
 * - `"diverged-before-improving"`: training diverged among the first rates
 *   (`"diverged-at-once"`).
 * - `"trials-failed"`: it shows bounds, but no short training between them held
 *   (`"unstable"`).
 * - `"bounds-hidden-by-noise"`: it improves, noise hides where (`"noisy"`).
 * - `"stopped-before-improving"` and `"stopped-while-improving"`: the signal
 *   stopped the test; `"too-few-rates"`: there are too few to see a trend;
 *   `"batches-spent"`: `maxBatches` were, before the last rate;
 *   `"too-few-finite"`: the curve is not a number at most of them
 *   (`"too-short"`).
 *
 * In the data and the trainee:
 *
 * - `"data-not-finite"`: numbers among the inputs or targets that are not finite,
 *   `"weights-not-finite"`: among the weights, `"loss-not-finite"`: a batch whose
 *   loss is not, each before any training (`"not-finite"`).
 * - `"targets-in-runs"`: batches whose targets differ far more than those of
 *   batches drawn at random; `"losses-in-runs"`: losses of neighbouring batches
 *   that are alike, as batches without targets show it (`"ordered"`).
 * - `"diverges-at-any-rate"`: the other optimizers of a loop alone make its loss
 *   diverge (`"driven"`).
 * - `"targets-constant"`, `"inputs-constant"`: all targets, or all inputs, are the
 *   same; `"frequencies-only"`: no loss
 *   was better than that of always predicting the same, whatever the inputs
 *   (`"no-signal"`); `"baseline-not-passed"`: too few batches were trained on to
 *   tell whether any would come to be (`"too-short"`).
 * - `"pairs-not-learned"`: a loop of one's own, or training on few rows, came to no
 *   lower loss than with each input given another's target (`"too-short"`).
 * - `"inputs-unused"`: a loop's loss is the same whatever the inputs,
 *   `"batches-unused"`: whatever the batch (`"no-signal"`).
 * - `"loss-unmoved"`: a loop's loss is the same whatever its weights (`"flat"`).
 * - `"losses-are-shares"`: a loop returns shares of its examples, such as an
 *   accuracy, and no loss (`"mismatch"`).
 * - `"weights-unchanged"`: no weight changed at any rate (`"no-gradient"`).
 * - `"optimum-already"`: no rate improved a loss that is far better than that of
 *   always predicting the same (`"trained"`).
 * - `"targets-out-of-reach"`: targets that the outputs' activation cannot give,
 *   or outputs that the loss cannot take (`"mismatch"`).
 * - `"batch-holds-all"`: `batchSize` is more than the examples (`"one-batch"`).
 */
export type FindingKind =
  | "both-bounds"
  | "no-improvement"
  | "no-improvement-before-divergence"
  | "still-improving"
  | "levelled-off"
  | "first-loss-not-finite"
  | "diverged-before-improving"
  | "trials-failed"
  | "bounds-hidden-by-noise"
  | "stopped-before-improving"
  | "stopped-while-improving"
  | "too-few-rates"
  | "batches-spent"
  | "too-few-finite"
  | "data-not-finite"
  | "weights-not-finite"
  | "loss-not-finite"
  | "targets-in-runs"
  | "losses-in-runs"
  | "diverges-at-any-rate"
  | "targets-constant"
  | "inputs-constant"
  | "frequencies-only"
  | "baseline-not-passed"
  | "pairs-not-learned"
  | "inputs-unused"
  | "batches-unused"
  | "loss-unmoved"
  | "losses-are-shares"
  | "weights-unchanged"
  | "optimum-already"
  | "targets-out-of-reach"
  | "batch-holds-all";

/** The verdict that each leads to. */
const VERDICTS: { readonly [Kind in FindingKind]: Verdict } = {
  "both-bounds": "good",
  "no-improvement": "flat",
  "no-improvement-before-divergence": "flat",
  "still-improving": "never-diverged",
  "levelled-off": "converged",
  "first-loss-not-finite": "not-finite",
  "diverged-before-improving": "diverged-at-once",
  "trials-failed": "unstable",
  "bounds-hidden-by-noise": "noisy",
  "stopped-before-improving": "too-short",
  "stopped-while-improving": "too-short",
  "too-few-rates": "too-short",
  "batches-spent": "too-short",
  "too-few-finite": "too-short",
  "data-not-finite": "not-finite",
  "weights-not-finite": "not-finite",
  "loss-not-finite": "not-finite",
  "targets-in-runs": "ordered",
  "losses-in-runs": "ordered",
  "diverges-at-any-rate": "driven",
  "targets-constant": "no-signal",
  "inputs-constant": "no-signal",
  "frequencies-only": "no-signal",
  "baseline-not-passed": "too-short",
  "pairs-not-learned": "too-short",
  "inputs-unused": "no-signal",
  "batches-unused": "no-signal",
  "loss-unmoved": "flat",
  "losses-are-shares": "mismatch",
  "weights-unchanged": "no-gradient",
  "optimum-already": "trained",
  "targets-out-of-reach": "mismatch",
  "batch-holds-all": "one-batch",
};

/** Every verdict. */
export const VERDICT_NAMES: readonly Verdict[] = [
  ...new Set(Object.values(VERDICTS)),
];

/** What was seen that led to a verdict. */
export interface Finding {
  /** What was seen. */
  readonly kind: FindingKind;
  /** Rates at which a finite loss was recorded. */
  readonly tested: number;
  /** Rates at which the curve that was read is a finite number. */
  readonly points: number;
  /** More of what was seen, in words for a sentence, where that helps. */
  readonly detail?: string;
}

/** An option of the test that a {@linkcode Remedy} sets. */
export type AdvisedOption =
  | "startLr"
  | "endLr"
  | "iterations"
  | "batchSize"
  | "batchesPerRate"
  | "maxBatches";

/**
 * Something to do next:
 *
 * - `"train"`: train with a schedule between the bounds.
 * - `"set-option"`: test again with another value of an option.
 * - `"read-metric"`: read the bounds from another curve.
 * - `"enlarge-batch"`: use a larger batch.
 * - `"check-labels"`: check that labels fit inputs.
 * - `"check-targets"`: check how targets are read and which rows are taken.
 * - `"lower-noise"`: lower an option of a layer that drowns its inputs in noise.
 * - `"initialize-randomly"`: initialize weights at random that all are the same.
 * - `"normalize-layers"`: put normalization between many layers, through which
 *   hardly anything passes.
 * - `"watch-units"`: watch that training goes on to learn, as many layers may break
 *   at a rate that held for a while.
 * - `"compile-again"`: compile the model again, as layers were frozen or thawed
 *   since.
 * - `"judge-outcome"`: judge training by what it brings forth, as other optimizers
 *   move the loss, too.
 * - `"check-data"`: check the data and the loss function.
 * - `"check-loss"`: check that a loop's step lowers the very loss that it returns.
 * - `"use-batch"`: compute a loop's loss of the batch that it is given.
 * - `"return-loss"`: return the loss from a loop, and an accuracy beside it.
 * - `"keep-rows-out"`: keep rows out of training and watch their loss, as so few
 *   may be learned by heart.
 * - `"add-evaluation"`: give a loop `evaluateOnBatch`, so that how hard each batch
 *   is cancels out.
 * - `"grow-exponentially"`: let the rate grow by equal factors, not equal steps.
 * - `"initialize"`: initialize the weights anew.
 * - `"shrink-weights"`: initialize the weights smaller.
 * - `"scale-targets"`: bring the targets to about the size of 1.
 * - `"lower-penalties"`: penalize weights less.
 * - `"scale-inputs"`: bring the inputs to about the size of 1.
 * - `"clean-data"`: replace or leave out what is not a finite number.
 * - `"shuffle"`: shuffle the examples, through a buffer of so many.
 * - `"check-inputs"`: check how inputs are read.
 * - `"check-pairing"`: check that each input comes with its own target, and that
 *   no layer is dead.
 * - `"check-weights"`: check that weights are trainable and units not dead.
 * - `"change-loss"`: use a loss and an activation that suit the targets.
 * - `"use-lower-rates"`: the weights are good; train on, if at all, well below
 *   where the loss rose.
 * - `"check-trained"`: see whether the weights are trained already.
 * - `"check-validation"`: see that validation data are like those trained on.
 * - `"normalize-more"`: use a larger batch, as batch normalization needs one.
 * - `"check-output"`: check the targets of one output of several, of which nothing
 *   was seen to be learned.
 * - `"watch-validation"`: watch the loss of validation data, as the examples may be
 *   learned by heart.
 * - `"lower-other-rates"`: lower the rates of the other optimizers, or return a
 *   loss that they do not drive.
 * - `"run-on"`: do not stop the test.
 */
export type Remedy =
  | {
    /** What to do. */
    readonly kind: "set-option";
    /** The option to set. */
    readonly option: AdvisedOption;
    /** Its value in this test. */
    readonly from: number;
    /** The value to set. */
    readonly to: number;
  }
  | {
    /** What to do. */
    readonly kind: "read-metric";
    /** The curve to read instead, `metric` of the test's options. */
    readonly metric: string;
  }
  | {
    /** What to do. */
    readonly kind: "shuffle";
    /** Examples that the buffer of `shuffle` should hold, at least. */
    readonly buffer: number;
  }
  | {
    /** What to do. */
    readonly kind: "use-lower-rates" | "check-trained";
    /** From which rate on training made the loss worse. */
    readonly below: number;
  }
  | {
    /** What to do. */
    readonly kind: "shrink-weights";
    /** The first loss, without penalties. */
    readonly loss: number;
    /** The loss of always predicting the same. */
    readonly expected: number;
  }
  | {
    /** What to do. */
    readonly kind: "lower-penalties";
    /** What they add to the first loss. */
    readonly penalty: number;
    /** The loss of always predicting the same. */
    readonly expected: number;
  }
  | {
    /** What to do. */
    readonly kind: "check-output";
    /** The name of the output. */
    readonly output: string;
    /** The lowest loss that a short training came to. */
    readonly loss: number;
    /** The loss of always predicting the same. */
    readonly expected: number;
  }
  | {
    /** What to do. */
    readonly kind: "watch-validation";
    /** The loss of examples met for the first time, at the end of their pass. */
    readonly first: number;
    /** The loss in the end, of examples that all were met before. */
    readonly again: number;
    /** The loss of always predicting the same. */
    readonly expected: number;
  }
  | {
    /** What to do. */
    readonly kind: "lower-noise";
    /** The name of the layer. */
    readonly layer: string;
    /** The option, such as `rate`. */
    readonly option: string;
    /** Its value. */
    readonly value: number;
  }
  | {
    /** What to do. */
    readonly kind: "normalize-layers" | "watch-units";
    /** How many layers there are in a row. */
    readonly layers: number;
  }
  | {
    /** What to do. */
    readonly kind: "initialize-randomly";
    /** The names of the weights. */
    readonly weights: readonly string[];
  }
  | {
    /** What to do. */
    readonly kind: "scale-inputs" | "scale-targets";
    /** The root mean square of them. */
    readonly size: number;
    /** The size of the largest, where it is many times that of the others. */
    readonly outlier?: number;
  }
  | {
    /** What to do. */
    readonly kind: "keep-rows-out";
    /** How many rows there are. */
    readonly rows: number;
  }
  | {
    /** What to do. */
    readonly kind: "change-loss";
    /** What to use. */
    readonly to: string;
  }
  | {
    /** What to do. */
    readonly kind:
      | "clean-data"
      | "check-inputs"
      | "check-pairing"
      | "check-weights"
      | "train"
      | "enlarge-batch"
      | "normalize-more"
      | "check-labels"
      | "check-targets"
      | "compile-again"
      | "judge-outcome"
      | "check-data"
      | "check-loss"
      | "use-batch"
      | "return-loss"
      | "add-evaluation"
      | "grow-exponentially"
      | "initialize"
      | "check-validation"
      | "lower-other-rates"
      | "run-on";
  };

/** The verdict that a finding leads to. */
export function verdictOf(kind: FindingKind): Verdict {
  return VERDICTS[kind];
}
