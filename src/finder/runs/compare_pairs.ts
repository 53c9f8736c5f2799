import type * as tf from "@tensorflow/tfjs";
import { passOf } from "../data/batch_source.ts";
import {
  differ,
  mispair,
  replace,
  withChanged,
} from "../data/changed_pairs.ts";
import { compareRows, hasFewRows } from "./_compare_rows.ts";
import { PROBE, trainControl } from "./_control.ts";
import { isUnmoved, unusedPart } from "./_unused.ts";
import type { TestRuns } from "./test_runs.ts";
import {
  areAlike,
  notLearnedFrom,
  type Pairing,
  type RowPairing,
} from "../circumstances/pairing.ts";
import type { RangeTrial } from "../result/range_data.ts";
import type { Search } from "./search_setup.ts";

/** Short trainings that are compared with such on each other's targets, at most. */
const COMPARED = 2;

/** What training a loop on other targets shows. */
export interface ComparedPairs {
  /** What it came to on each other's targets, where that is no worse. */
  readonly pairing?: Pairing;
  /** The same on few rows, each of which comes again and again. */
  readonly rows?: RowPairing;
  /** What of its batches a loop was seen not to take. */
  readonly unused?: "inputs" | "batches";
  /** Whether a loop's loss was seen to stay the same as its weights change. */
  readonly isUnmoved?: boolean;
  /** Whether it was seen to take targets, of which all are the same. */
  readonly takesTargets?: boolean;
  /** Whether it was seen to take inputs, of which all are the same. */
  readonly takesInputs?: boolean;
}

/**
 * Where losses alone do not show that anything is learned of the inputs: of a loop
 * of one's own, of which nobody knows the loss of always predicting the same, and
 * of few rows, which are learned by heart. Trains on other targets for as long as
 * short trainings did.
 */
export async function comparePairs(
  runs: TestRuns,
  { search: { trials, maxLr, grid }, isGood }: {
    readonly search: Search;
    /** Whether the bounds are good as far as all else tells. */
    readonly isGood: () => Promise<boolean>;
  },
): Promise<ComparedPairs> {
  const { trainer, survey, validation, options: { signal } } = runs.setup;
  const isKnown = survey.targets.length > 0 && (survey.batchSize ?? 0) > 0;
  if (!isKnown || signal?.aborted) return {};
  const held = trials.filter(({ gained, unseen }) =>
    gained !== undefined && unseen === undefined
  ).toSorted((a, b) => b.gained! - a.gained!);
  if (trainer.model) {
    // What predicts batches that it did not train on has learned.
    const isTold = validation || trials.some(({ unseen }) => unseen);
    if (isTold || held.length === 0 || !hasFewRows(runs)) return {};
    const rows = await isGood() ? await compareRows(runs, held) : undefined;
    return rows ? { rows } : {};
  }
  if (!runs.isReplayed || survey.batchSize! < 2) return {};
  if (maxLr === undefined) {
    return { isUnmoved: await isUnmoved(runs, grid) };
  }
  return held.length > 0 ? await compareLoop(runs, held) : {};
}

/** The same of a loop, with short trainings that held, the best one first. */
async function compareLoop(
  runs: TestRuns,
  held: readonly RangeTrial[],
): Promise<ComparedPairs> {
  const { survey, source } = runs.setup;
  const [best] = held;
  const probe = { learningRate: best.learningRate, steps: PROBE };
  const first = await train(runs, probe);
  const again = await train(runs, probe);
  if (first.length < PROBE || !areAlike(first, again)) return {};
  const { targets, sameInputs } = await survey.facts();
  if (targets?.variance === 0) {
    const other = await train(runs, { ...probe, change: replace });
    return { takesTargets: !areAlike(first, other) };
  }
  if (sameInputs !== undefined) {
    const other = await train(runs, { ...probe, changeInputs: differ });
    if (!areAlike(first, other)) return { takesInputs: true };
  }
  const unused = await unusedPart(runs, { ...probe, first });
  if (unused) return { unused };
  const mispaired = await train(runs, { ...probe, change: mispair });
  if (areAlike(first, mispaired)) return {};
  const pairing = await pairingOf(runs, held);
  if (pairing) return { pairing };
  const pass = passOf(source) ?? Infinity;
  if (pass >= best.losses.length) return {};
  const rows = await compareRows(runs, held);
  return rows ? { rows } : {};
}

/** Trains at one rate, on the same batches each time, changed or not. */
async function train(
  runs: TestRuns,
  { learningRate, steps, change, changeInputs }: {
    readonly learningRate: number;
    readonly steps: number;
    readonly change?: (targets: tf.Tensor) => tf.Tensor;
    readonly changeInputs?: (inputs: tf.Tensor) => tf.Tensor;
  },
): Promise<readonly number[]> {
  const replayed = runs.replay();
  const source = change
    ? withChanged("ys", replayed, change)
    : changeInputs
    ? withChanged("xs", replayed, changeInputs)
    : replayed;
  const run = await trainControl(runs, { learningRate, steps, source });
  return run.losses;
}

/** What training comes to on each other's targets, if that is no worse. */
async function pairingOf(
  runs: TestRuns,
  /** The short trainings that held, the best one first. */
  held: readonly RangeTrial[],
): Promise<Pairing | undefined> {
  const { source, settings, options: { signal } } = runs.setup;
  let pairing: Pairing | undefined;
  for (const { learningRate, losses } of held.slice(0, COMPARED)) {
    const others = await train(runs, {
      learningRate,
      steps: losses.length,
      change: mispair,
    });
    if (signal?.aborted) return undefined;
    const found = notLearnedFrom(losses, others);
    if (!found) return undefined;
    pairing ??= found;
  }
  // Of what comes round again more is memorized than learned.
  const [best] = held;
  const { maxBatches = 0, accumulate } = settings;
  const left = Math.floor((maxBatches - runs.cost.trained) / 2);
  const steps = Math.min(left, passOf(source) ?? Infinity);
  if (accumulate !== undefined || steps <= best.losses.length) return pairing;
  const long = { learningRate: best.learningRate, steps };
  const losses = await train(runs, long);
  const others = await train(runs, { ...long, change: mispair });
  if (signal?.aborted) return undefined;
  return losses.length < steps ? pairing : notLearnedFrom(losses, others);
}
