import { formatRate } from "../../metrics/format_rate.ts";
import { list } from "../result/list.ts";
import type { MaxReason } from "../curves/bounds.ts";
import type {
  AdvisedOption,
  Finding,
  FindingKind,
  Remedy,
} from "../result/finding.ts";
import type {
  LearningRateRangeData,
  RangeTestResult,
} from "../result/range_data.ts";
import type { StopReason } from "../curves/recorded_run.ts";

/** A result whose words are still to be made. */
export type Unworded<T extends RangeTestResult> = Omit<
  T,
  "headline" | "nextStep" | "advice" | "ending"
>;

/** How an option of the test is written: `endLr`, or `--end-lr`. */
export type OptionName = (option: AdvisedOption) => string;

/** A rate in two digits: bounds are read off a noisy curve. */
export function shortRate(rate: number): string {
  return formatRate(rate, 2);
}

/** The curve as a sentence begins with it: a metric by its name in quotes. */
function theCurve({ evidence }: Pick<RangeTestResult, "evidence">): string {
  return evidence.curve === "loss" ? "The loss" : `"${evidence.curve}"`;
}

/** So many rates, of how many where that was given. */
function ratesOf(
  count: number,
  { settings }: Pick<RangeTestResult, "settings">,
): string {
  const all = settings.maxBatches === undefined ? settings.iterations : count;
  const noun = all === 1 ? "rate" : "rates";
  return settings.maxBatches === undefined
    ? `${count} of ${all} ${noun}`
    : `${count} ${noun}`;
}

/** How many rates were tested. */
function tested(range: Unworded<RangeTestResult>): string {
  return ratesOf(range.finding.tested, range);
}

type Words<Kind extends string> = {
  readonly [K in Kind]: (range: Unworded<RangeTestResult>) => string;
};

const HEADLINES: Words<FindingKind> = {
  "both-bounds": ({ baseLr, maxLr }) =>
    `Train between ${shortRate(baseLr!)} and ${shortRate(maxLr!)}`,
  "no-improvement": (range) => `${theCurve(range)} did not improve at any rate`,
  "no-improvement-before-divergence": ({ settings }) =>
    settings.validated
      ? "The loss of the validation data rose, and no improvement before it stood out of the noise"
      : "Training diverged, and no improvement before it stood out of the noise",
  "still-improving": (range) =>
    `${theCurve(range)} still improved at the end of the range`,
  "levelled-off": ({ settings }) =>
    `Training had learned what it could before a rate was too high for it, up to ${
      shortRate(settings.endLr)
    }`,
  "first-loss-not-finite": () =>
    "The very first loss, before any rate was used, is not a finite number",
  "diverged-before-improving": ({ settings }) =>
    settings.validated
      ? "The loss of the validation data rose before it improved"
      : "Training diverged before it improved",
  "bounds-hidden-by-noise": (range) =>
    `${theCurve(range)} improved, but its noise hides where`,
  "stopped-before-improving": (range) =>
    `The test was stopped after ${tested(range)}, before training improved`,
  "stopped-while-improving": (range) =>
    `The test was stopped after ${
      tested(range)
    }, while training still improved`,
  "too-few-rates": ({ finding }) =>
    `${
      finding.points === 1 ? "1 rate is" : `${finding.points} rates are`
    } too few to see a trend`,
  "batches-spent": ({ settings: { maxBatches } }) =>
    `The ${
      maxBatches === 1 ? "batch" : `${maxBatches} batches`
    } that the test may train on ended before it had both bounds`,
  "too-few-finite": (range) =>
    `${
      theCurve(range)
    } is a finite number at ${range.finding.points} of ${range.finding.tested} rates`,
  "trials-failed": () =>
    "The loss improved in the sweep, but no short training at one rate held",
  "data-not-finite": ({ finding }) =>
    `The data hold numbers that are not finite${detail(finding)}`,
  "weights-not-finite": ({ finding }) =>
    `The weights hold numbers that are not finite before any training${
      detail(finding)
    }`,
  "loss-not-finite": ({ finding }) =>
    `The loss is not a finite number before any training${detail(finding)}`,
  "targets-in-runs": ({ finding }) =>
    `The data come in an order: they are not shuffled${detail(finding)}`,
  "losses-in-runs": ({ finding }) =>
    `The data come in an order: they are not shuffled${detail(finding)}`,
  "diverges-at-any-rate": () =>
    "The loss diverges whatever the rate: the other optimizers drive it",
  "targets-constant": ({ finding }) =>
    `All targets are the same${detail(finding)}`,
  "inputs-constant": ({ finding }) =>
    `All inputs are the same${detail(finding)}`,
  "frequencies-only": ({ finding }) =>
    `Nothing was learned from the inputs${detail(finding)}`,
  "baseline-not-passed": ({ finding }) =>
    `The loss was not seen to pass that of always predicting the same, whatever the inputs${
      detail(finding)
    }`,
  "pairs-not-learned": ({ finding }) =>
    `Nothing was seen to be learned from the inputs${detail(finding)}`,
  "inputs-unused": () => "The loop's loss is the same whatever its inputs",
  "batches-unused": () => "The loop's loss is the same whatever its batch",
  "loss-unmoved": () =>
    "The loss stays the same as training changes the weights",
  "losses-are-shares": () =>
    "What the loop returns is a share of the batch's examples, as an accuracy is, and no loss",
  "weights-unchanged": () => "Training changed no weight at any rate",
  "optimum-already": ({ finding }) =>
    `The weights are at an optimum for these data already${detail(finding)}`,
  "targets-out-of-reach": ({ finding }) =>
    `The loss, the outputs and the targets do not suit each other${
      detail(finding)
    }`,
  "batch-holds-all": ({ finding }) =>
    `Every batch holds all of the data${detail(finding)}`,
};

function detail({ detail }: Finding): string {
  return detail === undefined ? "" : `, ${detail}`;
}

function wordScale(
  what: string,
  { size, outlier }: { readonly size: number; readonly outlier?: number },
): string {
  return `scale the ${what} to about the size of 1, as their root mean square is ${
    shortRate(size)
  }${
    outlier === undefined
      ? ""
      : `, and leave out what does not belong there, such as ${
        shortRate(outlier)
      }`
  }`;
}

const REMEDIES: {
  readonly [Kind in Remedy["kind"]]: (
    remedy: Extract<Remedy, { kind: Kind }>,
    name: OptionName,
    remedies: readonly Remedy[],
  ) => string;
} = {
  "train": () => "train with a cyclic schedule between the two bounds",
  "set-option": ({ option, from, to }, name) =>
    `${to > from ? "raise" : "lower"} ${name(option)}, to ${
      option === "startLr" || option === "endLr" ? shortRate(to) : to
    } say`,
  "read-metric": ({ metric }) => `name another metric, such as ${metric}`,
  "enlarge-batch": () => "use a larger batch",
  "normalize-more": () =>
    "use a larger batch, as batch normalization leaves nothing of a single example",
  "check-labels": () => "check that labels fit inputs",
  "check-targets": () =>
    "check that targets are read as they should be, and that rows in their order were not cut off, as by a take or a slice",
  "lower-noise": ({ layer, option, value }) =>
    `lower the ${option} of "${layer}", as ${
      formatRate(value)
    } drowns what there is to learn`,
  "initialize-randomly": ({ weights }) =>
    `initialize weights at random, as units whose weights are alike learn the same: all numbers of ${
      list(weights)
    } are equal`,
  "normalize-layers": ({ layers }) =>
    `put batch normalization between the ${layers} layers of units, as little of the inputs passes so many`,
  "watch-units": ({ layers }) =>
    `watch that the loss goes on falling, as ${layers} layers of units without normalization may die later at a rate that held at first`,
  "compile-again": () =>
    "compile the model again and test it again, as layers were frozen or thawed since, which training heeds only then",
  "judge-outcome": () =>
    "judge it by what it brings forth, as the other optimizers move this loss, too",
  "check-data": () => "check the data and the loss function",
  "check-loss": () =>
    "check that a step lowers the very loss that trainOnBatch returns, not its negative, and return another where it says nothing of progress, as the negative reward in place of a policy gradient's",
  "use-batch": () =>
    "compute the loss of the very batch that trainOnBatch is given",
  "return-loss": () =>
    "return the loss that a step lowers from trainOnBatch and evaluateOnBatch, and an accuracy beside it, as { loss, acc }",
  "keep-rows-out": ({ rows }) =>
    `watch the loss of rows kept out of training, for ${rows} are soon learned by heart`,
  "add-evaluation": () =>
    "give the loop evaluateOnBatch, so that how hard each batch is cancels out",
  "grow-exponentially": () =>
    "let the rate grow exponentially, which sees both ends at once",
  "lower-penalties": ({ penalty, expected }) =>
    `lower the penalties on weights, which add ${
      shortRate(penalty)
    } to a loss that is ${shortRate(expected)} of always predicting the same`,
  "initialize": () => "initialize the weights anew",
  "shrink-weights": ({ loss, expected }) =>
    `initialize the weights smaller, as the first loss is ${
      shortRate(loss)
    }, and ${shortRate(expected)} of always predicting the same`,
  "check-output": ({ output, loss, expected }) =>
    `check that the targets of "${output}" fit the inputs, as its loss came to ${
      formatRate(loss)
    } at best and always predicting the same gives ${formatRate(expected)}`,
  "watch-validation": ({ first, again, expected }) =>
    `watch the loss of validation data, for rows may be learned by heart: those met for the first time came to ${
      formatRate(first)
    }, where always predicting the same gives ${
      formatRate(expected)
    }, and those met again to ${formatRate(again)}`,
  "scale-inputs": (remedy) => wordScale("inputs", remedy),
  "scale-targets": (remedy) => wordScale("targets", remedy),
  "lower-other-rates": () =>
    "lower their rates, or return a loss that they do not drive",
  "check-trained": ({ below }) =>
    `see whether the weights are trained already: then stay well below ${
      shortRate(below)
    }, where the loss rises, or initialize them anew`,
  "check-validation": () =>
    "check that validationData are like the data trained on, and these not too few",
  "run-on": () => "let it run on",
  "clean-data": () => "replace what is not a finite number, or leave it out",
  "shuffle": ({ buffer }) =>
    `shuffle the examples before they are batched, as .shuffle(${buffer}) does for a tf.data.Dataset, with a buffer as large as the data where that fits`,
  "check-inputs": () =>
    "check that inputs are read and scaled as they should be",
  "check-pairing": (_remedy, _name, remedies) =>
    `check that each input comes with its own label, not a shuffled one${
      // Which says so itself.
      remedies.some(({ kind }) => kind === "check-weights")
        ? ""
        : ", and that no layer's units are dead"}`,
  "check-weights": () =>
    "check that layers are trainable, that the loss depends on the weights and has a gradient, as an accuracy has none, and that no layer's units are dead or weights all 0",
  "change-loss": ({ to }) => `use ${to}`,
  "use-lower-rates": ({ below }) =>
    `to train on, stay well below ${
      shortRate(below)
    }, where the loss rises; to train anew, initialize the weights`,
};

const STOPPED: { readonly [Reason in StopReason]: string } = {
  end: "every rate was tested",
  diverged: "the loss diverged",
  "non-finite": "the loss was not a finite number",
  aborted: "the signal stopped it",
};

const BEYOND: { readonly [Reason in MaxReason]: string } = {
  rises: "gets worse beyond",
  slows: "levels off by",
  ragged: "turns ragged at",
};

function wordRemedy(
  remedy: Remedy,
  name: OptionName,
  remedies: readonly Remedy[],
): string {
  // Each kind's own function takes a remedy of that kind.
  const word = REMEDIES[remedy.kind] as (
    remedy: Remedy,
    name: OptionName,
    remedies: readonly Remedy[],
  ) => string;
  return word(remedy, name, remedies);
}

function headlineOf(range: Unworded<RangeTestResult>): string {
  return HEADLINES[range.finding.kind](range);
}

/** What to do next, most promising first. */
function wordNextStep(
  { remedies, finding }: Pick<RangeTestResult, "remedies" | "finding">,
  name: OptionName,
): string {
  const words = remedies.map((remedy) => wordRemedy(remedy, name, remedies));
  if (finding.kind !== "both-bounds") return words.join(", or ");
  // Bounds are good whatever else there is to do, but for the inputs they are of.
  return words.map((word, i) => {
    if (i === 0) return word;
    return remedies[i].kind === "scale-inputs"
      ? `, or ${word}, and test again`
      : `, and ${word}`;
  }).join("");
}

/** What was found and what to do next, in a sentence. */
export function wordAdvice(
  range: Unworded<RangeTestResult>,
  name: OptionName,
): string {
  const next = wordNextStep(range, name);
  return range.finding.kind === "both-bounds"
    ? `${next[0].toUpperCase()}${next.slice(1)}.`
    : `${headlineOf(range)}: ${next}.`;
}

/** The result with the sentences that its data come to. */
export function withWords(
  range: Unworded<LearningRateRangeData>,
): LearningRateRangeData {
  const { losses, stoppedAt, stopReason, finding } = range;
  return {
    ...range,
    headline: headlineOf(range),
    nextStep: wordNextStep(range, (option) => option),
    advice: wordAdvice(range, (option) => option),
    ending: `Stopped at ${shortRate(stoppedAt)} after ${
      ratesOf(losses.length, range)
    }: ${
      finding.kind === "batches-spent"
        ? "the batches that it may train on were spent"
        : STOPPED[stopReason]
    }`,
  };
}

/** "a, b and c" */
const ALL = new Intl.ListFormat("en-GB");

/** What a good range's bounds were read from. */
export function wordReading(
  { evidence, baseLr, maxLr, trials, stopReason, stoppedAt }: RangeTestResult,
) {
  const { curve, lost, max } = evidence;
  const hasDiverged = stopReason === "diverged" || stopReason === "non-finite";
  const held = trials?.filter(({ gained }) => gained !== undefined) ?? [];
  if (held.length > 0) {
    const rates = (isLong: boolean) =>
      held.filter(({ unseen }) => (unseen !== undefined) === isLong)
        .map(({ learningRate }) => learningRate).sort((a, b) => a - b);
    const long = rates(true);
    const kinds = [
      { kind: "short trainings", tried: rates(false) },
      { kind: long.length > 1 ? "longer ones" : "a longer one", tried: long },
    ].filter(({ tried }) => tried.length > 0).map(({ kind, tried }) =>
      `${kind} held at ${ALL.format(tried.map(shortRate))}`
    );
    // Where trainings went beyond it, as off a plateau, it is no end.
    const improved = lost && lost.learningRate < maxLr!
      ? `what the ${curve} improves over growing rates is lost again by ${
        shortRate(lost.learningRate)
      }`
      : `the ${curve} takes hold at ${shortRate(baseLr!)}${
        lost ? ` and is lost again by ${shortRate(lost.learningRate)}` : ""
      }`;
    return `${improved}; ${kinds.join(", ")}`;
  }
  const made = `the ${curve} has made a third of its improvement at ${
    shortRate(baseLr!)
  }`;
  // Another curve than the loss may not show that.
  return curve !== "loss" && hasDiverged
    ? `${made}, and training had diverged by ${shortRate(stoppedAt)}`
    : `${made} and ${BEYOND[max?.reason ?? "rises"]} ${shortRate(maxLr!)}`;
}
