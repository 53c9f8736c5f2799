import { list } from "../result/list.ts";
import { formatRate } from "../../metrics/format_rate.ts";
import { againstBaseline } from "./against_baseline.ts";
import type { Circumstances } from "../circumstances/circumstances.ts";
import type { Concluded, Overruling } from "./_overruling.ts";
import { HIGHEST } from "../options/learning_rate_grid.ts";
import type { RangeTrial } from "../result/range_data.ts";

/**
 * How many times as much the means of batches may differ as those of batches
 * drawn at random. By chance, of 40 batches, the ratio is below 1.6 in 99 of 100;
 * of 6 below 3. Sorted data come to the batch size.
 */
const RUNS = 3;

/**
 * How many times the loss at the first weights a training comes to that is thrown
 * off them: where most finders stop a sweep. It may end at a low loss for all that,
 * with units that are dead.
 */
const THROWN = 4;

/** The lowest rate of short trainings that held, where all were thrown off. */
function thrownFrom(
  trials: readonly RangeTrial[],
  start: number,
): number | undefined {
  const held = trials.filter(({ gained }) => gained !== undefined);
  const areThrown = held.length > 0 && start > 0 &&
    held.every(({ losses }) => Math.max(...losses) > THROWN * start);
  return areThrown
    ? Math.min(...held.map(({ learningRate }) => learningRate))
    : undefined;
}

/** What is to be found in place of what the curve shows, if anything. */
export function overrule(
  conclusion: Concluded,
  options: {
    readonly circumstances: Circumstances;
    readonly trials: readonly RangeTrial[];
    /** The losses of a sweep. */
    readonly losses: readonly number[];
    /** Of the same batches at the first weights. */
    readonly references?: readonly number[];
    /** What these show, where the conclusion is read from another curve. */
    readonly ofLoss?: Concluded;
  },
): Overruling | undefined {
  const { circumstances, ofLoss = conclusion } = options;
  const { facts, baseline, unchanged, whole } = circumstances;
  const { kind, tested } = conclusion.finding;

  if (circumstances.notFinite) {
    const { part, examples, of } = circumstances.notFinite;
    return {
      kind: "data-not-finite",
      detail: `in ${part} of the ${
        examples.length > 1 ? "examples" : "example"
      } at ${list(examples)}${of === undefined ? "" : ` of ${of}`}`,
    };
  }
  if (facts && facts.notFinite.length > 0) {
    const [{ part }] = facts.notFinite;
    const batches = facts.notFinite.filter((one) => one.part === part)
      .map(({ batch }) => batch);
    return {
      kind: "data-not-finite",
      detail: `in ${part} of batch ${list(batches)}`,
    };
  }
  if (circumstances.mismatch) {
    const { detail } = circumstances.mismatch;
    return { kind: "targets-out-of-reach", detail };
  }
  const { badWeights = [] } = circumstances;
  if (badWeights.length > 0) {
    return { kind: "weights-not-finite", detail: `in ${list(badWeights)}` };
  }
  if (circumstances.nonFinite?.cause === "data") {
    if (tested === 0) return { kind: "first-loss-not-finite" };
    const { batch } = circumstances.nonFinite;
    return { kind: "loss-not-finite", detail: `of batch ${batch}` };
  }
  if (
    kind === "stopped-before-improving" || kind === "stopped-while-improving" ||
    kind === "too-few-rates"
  ) return;
  const inThoseSeen = (batches: number | undefined) =>
    circumstances.isPartSeen
      ? { detail: `in the first ${batches} batches` }
      : {};
  if (circumstances.sameTargets) {
    return {
      kind: "targets-constant",
      ...inThoseSeen(facts?.targets?.batches),
    };
  }
  if (circumstances.sameInputs) {
    return { kind: "inputs-constant", ...inThoseSeen(facts?.sameInputs) };
  }
  if (
    !circumstances.isShuffled && facts?.runs !== undefined && facts.runs > RUNS
  ) {
    return {
      kind: "targets-in-runs",
      detail: `the targets of batches differ ${
        Number(facts.runs.toPrecision(2))
      } times as much as those of batches drawn at random`,
    };
  }
  if (
    circumstances.isDriven &&
    (kind === "diverged-before-improving" ||
      kind === "no-improvement-before-divergence")
  ) return { kind: "diverges-at-any-rate" };
  if (!circumstances.isShuffled && circumstances.lossOrder) {
    const { pass } = circumstances.lossOrder;
    return {
      kind: "losses-in-runs",
      detail: `the losses of neighbouring batches are alike${
        pass === undefined
          ? " at the first weights"
          : `, and come again with each pass of ${pass} batches`
      }`,
    };
  }
  if (
    unchanged && unchanged.of > 0 && unchanged.names.length === unchanged.of
  ) {
    return { kind: "weights-unchanged" };
  }
  if (circumstances.areShares) return { kind: "losses-are-shares" };
  if (circumstances.isUnmoved && kind === "no-improvement") {
    return { kind: "loss-unmoved" };
  }
  if (baseline) {
    const found = againstBaseline(baseline, ofLoss, options);
    if (found) return found;
  }
  // A loss that falls without end, at whatever rate, is none to be minimized.
  if (
    kind === "both-bounds" && (conclusion.maxLr ?? 0) > HIGHEST &&
    (circumstances.isLoop || conclusion.evidence.best < 0)
  ) return { kind: "still-improving" };
  if (circumstances.unused && kind === "both-bounds") {
    return { kind: `${circumstances.unused}-unused` };
  }
  const { rows, pairing = rows?.pairing } = circumstances;
  if (pairing && kind === "both-bounds") {
    const { loss, mispaired } = pairing;
    // Of few rows it is told what else tells.
    const thrown = rows
      ? undefined
      : thrownFrom(options.trials, ofLoss.evidence.start);
    return {
      kind: "pairs-not-learned",
      detail: `for the loss came to ${formatRate(loss)}, and to ${
        formatRate(mispaired)
      } with each input given another's target${
        thrown === undefined
          ? ""
          : `, once it had risen to more than ${THROWN} times its first at every rate that was tried`
      }`,
      ...(thrown === undefined ? {} : { thrownFrom: thrown }),
    };
  }
  if (whole && kind === "both-bounds") {
    return {
      kind: "batch-holds-all",
      detail:
        `as batchSize is ${whole.batchSize} and there are ${whole.examples} examples`,
    };
  }
}
