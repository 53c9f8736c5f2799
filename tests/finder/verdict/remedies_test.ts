/** In which order advice comes, and that it does not go round in circles. */

import { assert, assertEquals } from "@std/assert";
import type { CurveEvidence } from "../../../src/finder/curves/bounds.ts";
import type { Circumstances } from "../../../src/finder/circumstances/circumstances.ts";
import { remediesFor } from "../../../src/finder/verdict/remedies.ts";
import type { Growth } from "../../../src/finder/options/learning_rate_grid.ts";
import type { FindingKind } from "../../../src/finder/result/finding.ts";

const EVIDENCE: CurveEvidence = {
  curve: "loss",
  better: "lower",
  start: 1,
  best: 1,
  noise: 0.1,
  clarity: 0,
  baseClarity: 0,
};

const CIRCUMSTANCES: Circumstances = {
  isShuffled: true,
  sameTargets: false,
  sameInputs: false,
};

/** The kinds of the remedies, and which option each sets. */
function advised(
  kind: FindingKind,
  options: {
    readonly maxBatches?: number;
    readonly startLr?: number;
    readonly evidence?: Partial<CurveEvidence>;
    readonly circumstances?: Partial<Circumstances>;
    readonly hasRisen?: boolean;
    readonly isReferenced?: boolean;
    readonly hasMax?: boolean;
    readonly growth?: Growth;
    readonly validated?: boolean;
    readonly isNear?: boolean;
  } = {},
): string[] {
  const { maxBatches = 500, startLr = 1e-5, circumstances } = options;
  const { hasRisen = false, isReferenced = true, evidence } = options;
  const { hasMax = true, growth = "exponential" } = options;
  return remediesFor(kind, {
    settings: {
      startLr,
      endLr: 10,
      iterations: 60,
      growth,
      batchesPerRate: 1,
      beta: 0.9,
      seed: 0,
      repeats: 1,
      validated: options.validated ?? false,
      maxBatches,
    },
    evidence: { ...EVIDENCE, ...evidence },
    circumstances: { ...CIRCUMSTANCES, ...circumstances },
    isNear: options.isNear ?? true,
    hasRisen,
    isReferenced,
    hasMax,
  }).map((remedy) =>
    remedy.kind === "set-option" ? remedy.option : remedy.kind
  );
}

Deno.test("remediesFor() asks for more batches first, and last where these were more than usual", () => {
  assertEquals(
    advised("baseline-not-passed"),
    ["maxBatches", "check-pairing", "train"],
  );
  assertEquals(
    advised("baseline-not-passed", { maxBatches: 2000 }),
    ["check-pairing", "train", "maxBatches"],
  );
});

Deno.test("remediesFor() looks at the loss of a loop before at higher rates", () => {
  assertEquals(advised("no-improvement"), ["endLr", "check-labels"]);
  assertEquals(
    advised("no-improvement", { circumstances: { isLoop: true } }),
    ["check-loss", "endLr"],
  );
});

Deno.test("remediesFor() looks lower where the loss has risen at the lowest rates", () => {
  assertEquals(
    advised("no-improvement", { hasRisen: true }),
    ["startLr", "check-labels"],
  );
  assertEquals(
    advised("no-improvement", { startLr: 0.4 }),
    ["startLr", "check-labels"],
  );
});

Deno.test("remediesFor() blames the size of inputs for weights that never change", () => {
  assertEquals(advised("weights-unchanged"), ["check-weights"]);
  assertEquals(
    advised("weights-unchanged", { circumstances: { inputSize: 3e4 } }),
    ["scale-inputs", "check-weights"],
  );
});

Deno.test("remediesFor() blames the size of the first weights where saturated outputs learn nothing", () => {
  const baseline = { loss: 1.6, floor: 0 };
  for (const kind of ["weights-unchanged", "no-improvement"] as const) {
    const first = (start: number, circumstances: Partial<Circumstances>) =>
      advised(kind, { circumstances, evidence: { start } })[0];
    assertEquals(first(12.8, { baseline }), "shrink-weights");
    assertEquals(first(12.8, { baseline, inputSize: 3e4 }), "scale-inputs");
    assert(first(2.5, { baseline }) !== "shrink-weights");
    assert(first(12.8, {}) !== "shrink-weights");
  }
});

Deno.test("remediesFor() asks a loop for evaluateOnBatch where noise may hide what it learns", () => {
  const circumstances = { isLoop: true };
  for (
    const kind of [
      "no-improvement",
      "no-improvement-before-divergence",
      "bounds-hidden-by-noise",
    ] as const
  ) {
    const first = (options: Parameters<typeof advised>[1]) =>
      advised(kind, options)[0];
    assertEquals(
      first({ circumstances, isReferenced: false }),
      "add-evaluation",
    );
    assert(first({ circumstances }) !== "add-evaluation");
    assert(first({ isReferenced: false }) !== "add-evaluation");
  }
});

Deno.test("remediesFor() starts lower where nothing held as low as trainings came", () => {
  const base = { index: 3, learningRate: 0.9, value: 1, slope: 0 };
  const after = (startLr: number) =>
    advised("baseline-not-passed", {
      startLr,
      hasMax: false,
      evidence: { base },
    });
  assertEquals(after(0.5), ["startLr", "maxBatches", "check-pairing"]);
  assertEquals(after(1e-5), ["maxBatches", "check-pairing"]);
});

Deno.test("remediesFor() doubts validation data wherever their loss rises or stays", () => {
  for (
    const kind of [
      "no-improvement",
      "no-improvement-before-divergence",
      "diverged-before-improving",
      "frequencies-only",
      "baseline-not-passed",
    ] as const
  ) {
    assert(advised(kind, { validated: true }).includes("check-validation"));
    assert(!advised(kind).includes("check-validation"), kind);
  }
});

Deno.test("remediesFor() goes no lower than where weights move", () => {
  const kind = "diverged-before-improving";
  assertEquals(advised(kind), ["startLr"]);
  assertEquals(advised(kind, { startLr: 1e-11 }), ["check-labels"]);
});

Deno.test("remediesFor() blames first weights that training came nowhere near from", () => {
  const about = (isNear: boolean, validated = false) =>
    advised("baseline-not-passed", {
      isNear,
      validated,
      circumstances: { baseline: { loss: 1.4, floor: 0 } },
      evidence: { start: 12 },
    })[0];
  assertEquals(about(false), "shrink-weights");
  assert(about(true) !== "shrink-weights");
  assert(about(false, true) !== "shrink-weights");
});

Deno.test("remediesFor() says to scale before training between bounds", () => {
  const kinds = (inputSize: number) =>
    advised("baseline-not-passed", { circumstances: { inputSize } });
  assertEquals(kinds(140), ["scale-inputs", "maxBatches", "check-pairing"]);
  assert(kinds(1).includes("train"));
});

Deno.test("remediesFor() offers to scale huge inputs beside good bounds, and no pixels", () => {
  const kinds = (inputSize: number) =>
    advised("both-bounds", { circumstances: { inputSize } });
  assertEquals(kinds(140), ["train"]);
  assertEquals(kinds(1300), ["train", "scale-inputs"]);
});

Deno.test("remediesFor() leads out of linear growth, whose end is too high or too low", () => {
  const kinds = ["levelled-off", "diverged-before-improving"] as const;
  for (const kind of kinds) {
    assertEquals(advised(kind).includes("grow-exponentially"), false);
    const [first, ...others] = advised(kind, { growth: "linear" });
    assertEquals(first, "grow-exponentially");
    assertEquals(others.length, 1);
  }
});

Deno.test("remediesFor() names first what of the model lets nothing be learned", () => {
  const circumstances = {
    drowning: { layer: "dropout", option: "rate", value: 0.99 },
    alike: ["kernel"],
    plainDepth: 20,
  };
  for (
    const kind of [
      "no-improvement",
      "baseline-not-passed",
      "frequencies-only",
      "weights-unchanged",
      "trials-failed",
    ] as const
  ) {
    assertEquals(advised(kind, { circumstances }).slice(0, 3), [
      "lower-noise",
      "initialize-randomly",
      "normalize-layers",
    ], kind);
  }
  assertEquals(advised("both-bounds", { circumstances }), [
    "train",
    "watch-units",
  ]);
  const few = { plainDepth: 5 };
  assertEquals(
    advised("frequencies-only", { circumstances: few }),
    advised("frequencies-only"),
  );
});

Deno.test("remediesFor() adds to good bounds what they do not say", () => {
  const rows = { isClose: true, count: 40 };
  assertEquals(advised("both-bounds", { circumstances: { rows } }), [
    "train",
    "keep-rows-out",
  ]);
  assertEquals(
    advised("both-bounds", {
      circumstances: { rows: { ...rows, isClose: false } },
    }),
    ["train"],
  );
  assertEquals(
    advised("both-bounds", { circumstances: { isContested: true } }),
    [
      "train",
      "judge-outcome",
    ],
  );
});

Deno.test("remediesFor() has validation data checked before the pairs trained on", () => {
  assertEquals(advised("frequencies-only", { validated: true }).slice(0, 2), [
    "check-validation",
    "check-pairing",
  ]);
});

Deno.test("remediesFor() has a loop's loss checked where no training at one rate held", () => {
  const circumstances = { isLoop: true };
  const at = (learningRate: number) =>
    advised("trials-failed", {
      circumstances,
      evidence: { base: { learningRate, index: 3, value: 0, slope: 0 } },
    });
  assertEquals(at(1e-3), ["check-loss", "startLr"]);
  assertEquals(at(5e-5), ["startLr", "check-loss"]);
});
