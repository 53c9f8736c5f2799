/** What is found of a loop that learns nothing from its pairs, and what is advised. */

import { assertEquals, assertMatch } from "@std/assert";
import { overrule } from "../../../src/finder/verdict/overrule.ts";
import { remediesFor } from "../../../src/finder/verdict/remedies.ts";
import type { RangeTrial } from "../../../src/finder/result/range_data.ts";

const CIRCUMSTANCES = {
  isShuffled: true,
  sameTargets: false,
  sameInputs: false,
  isLoop: true,
  pairing: { loss: 1.1, mispaired: 1.1 },
};

const EVIDENCE = {
  curve: "loss",
  better: "lower",
  start: 1.6,
  best: 1.1,
  noise: 0.1,
  clarity: 5,
  baseClarity: 3,
} as const;

/** A short training whose loss came to `peak` before it ended at 1.1. */
function trial(learningRate: number, peak: number): RangeTrial {
  return { learningRate, losses: [1.6, peak, 1.1, 1.1], gained: 1 };
}

/** What is found with these short trainings, and advised. */
function found(trials: readonly RangeTrial[]) {
  const { kind, detail, ...facts } = overrule({
    evidence: EVIDENCE,
    finding: { kind: "both-bounds", tested: 60, points: 60 },
    maxLr: 2.7,
  }, { circumstances: CIRCUMSTANCES, trials, losses: [] })!;
  const remedies = remediesFor(kind, {
    settings: {
      startLr: 1e-5,
      endLr: 10,
      iterations: 60,
      growth: "exponential",
      batchesPerRate: 1,
      beta: 0.9,
      seed: 0,
      repeats: 1,
      validated: false,
      maxBatches: 500,
    },
    evidence: EVIDENCE,
    circumstances: CIRCUMSTANCES,
    ...facts,
  });
  return { kind, detail: detail!, remedies };
}

Deno.test("a loop that every rate threw off its first weights is to be tested below these, and not trained", () => {
  const { kind, detail, remedies } = found([
    trial(2.3, 92),
    trial(14, 3225),
    trial(0.37, 7.8),
    // What broke altogether says nothing of what held.
    { learningRate: 90, losses: [1.6] },
  ]);
  assertEquals(kind, "pairs-not-learned");
  assertMatch(detail, /risen to more than 4 times/);
  assertEquals(remedies, [
    { kind: "set-option", option: "endLr", from: 10, to: 0.037 },
    { kind: "check-pairing" },
  ]);
});

Deno.test("a loop that some rate left near its first weights is to be given more batches", () => {
  const { detail, remedies } = found([trial(2.3, 92), trial(0.37, 1.7)]);
  assertEquals(/risen/.test(detail), false);
  assertEquals(remedies.map(({ kind }) => kind), [
    "set-option",
    "check-pairing",
    "train",
  ]);
  assertEquals(remedies[0], {
    kind: "set-option",
    option: "maxBatches",
    from: 500,
    to: 2000,
  });
});
