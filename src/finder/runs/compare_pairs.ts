import type * as tf from "@tensorflow/tfjs";
import { borrowMathRandom, seededRandom } from "../../runtime/random.ts";
import { scoped } from "../../runtime/scoped.ts";
import { passOf } from "../data/batch_source.ts";
import {
  differ,
  mispair,
  replace,
  withChanged,
} from "../data/changed_pairs.ts";
import type { TestRuns } from "./test_runs.ts";
import {
  areAlike,
  notLearnedFrom,
  type Pairing,
} from "../circumstances/pairing.ts";
import type { RangeTrial } from "../result/range_data.ts";
import type { Search } from "./search_setup.ts";

/** Steps that show whether a loop takes targets: the second has learned of them. */
const PROBE = 2;

/** Short trainings that are compared with such on each other's targets, at most. */
const COMPARED = 2;

/** What training a loop on other targets shows. */
export interface ComparedPairs {
  /** What it came to on each other's targets, where that is no worse. */
  readonly pairing?: Pairing;
  /** Whether it was seen to take targets, of which all are the same. */
  readonly takesTargets?: boolean;
  /** Whether it was seen to take inputs, of which all are the same. */
  readonly takesInputs?: boolean;
}

/**
 * Where nobody knows the loss of always predicting the same, as of a loop of
 * one's own: trains on other targets for as long as short trainings did.
 */
export async function comparePairs(
  runs: TestRuns,
  { trials }: Search,
): Promise<ComparedPairs> {
  const { trainer, survey, options: { signal } } = runs.setup;
  const held = trials.filter(({ gained, unseen }) =>
    gained !== undefined && unseen === undefined
  ).toSorted((a, b) => b.gained! - a.gained!);
  const [best] = held;
  if (
    trainer.model || !best || signal?.aborted || !runs.isReplayed ||
    survey.targets.length === 0 || !((survey.batchSize ?? 0) >= 2)
  ) return {};
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
  const pairing = await pairingOf(runs, { held, first });
  return pairing ? { pairing } : {};
}

/** Trains at one rate, on the same batches each time, changed or not. */
function train(
  runs: TestRuns,
  { learningRate, steps, change, changeInputs }: {
    readonly learningRate: number;
    readonly steps: number;
    readonly change?: (targets: tf.Tensor) => tf.Tensor;
    readonly changeInputs?: (inputs: tf.Tensor) => tf.Tensor;
  },
): Promise<readonly number[]> {
  return scoped(async (own) => {
    // Whatever a loop draws at random is the same each time.
    own(borrowMathRandom(seededRandom(0)));
    const source = runs.replay();
    const { losses } = await runs.run(
      new Array<number>(steps).fill(learningRate),
      {
        count: steps,
        repeat: 1,
        source: change
          ? withChanged("ys", source, change)
          : changeInputs
          ? withChanged("xs", source, changeInputs)
          : source,
        isControl: true,
      },
    );
    return losses;
  });
}

/** What training comes to on each other's targets, if that is no worse. */
async function pairingOf(
  runs: TestRuns,
  { held, first }: {
    /** The short trainings that held, the best one first. */
    readonly held: readonly RangeTrial[];
    /** The first losses of such a training as it is compared. */
    readonly first: readonly number[];
  },
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
    if (!pairing && areAlike(first, others)) return undefined;
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
