import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { LearningRateRange } from "@clr/clr";
import type { FindingKind, Growth, StopReason, Verdict } from "@clr/clr";
import { rangeChart } from "@clr/clr/plots";
import { seededRandom } from "../../../src/runtime/random.ts";
import { normal } from "../_normal.ts";

/** A course of training that leads to a finding. */
interface Situation {
  readonly verdict: Verdict;
  /** What stops such a test. */
  readonly stops: readonly StopReason[];
  /** How many of 120 rates were tested. */
  readonly tested: number;
  /** How much is made of an improvement of 1, at each part of the range. */
  readonly improvement: (part: number) => number;
  /** Standard deviation of the noise. */
  readonly noise?: number;
  /** At which points the curve is a number; at all of them by default. */
  readonly finite?: (i: number) => boolean;
  /** How many rates there were to test. */
  readonly rates?: number;
  /** How the rate grows; a trend over linear rates reaches farther. */
  readonly growths?: readonly Growth[];
}

Deno.test("a range's ending speaks of one rate as of one", () => {
  const endingOf = (rates: number[]) =>
    LearningRateRange.fromCurve(rates, rates.map(() => 1)).ending;
  assertStringIncludes(endingOf([0.1, 0.2]), "2 of 2 rates:");
  assertStringIncludes(endingOf([0.1]), "1 of 1 rate:");
});

/** An improvement that is half made at `middle`. */
function logistic(middle: number, width = 0.03) {
  return (part: number) => 1 / (1 + Math.exp((middle - part) / width));
}
const none = () => 0;
const blownUp = (from: number) => (part: number) =>
  part < from ? 0 : -(2 ** (120 * (part - from)));

/** What the curve alone does not show: see `verdicts_test.ts`. */
type Seen =
  | "trials-failed"
  | "batches-spent"
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

const SITUATIONS: { readonly [Kind in Exclude<FindingKind, Seen>]: Situation } =
  {
    "both-bounds": {
      verdict: "good",
      stops: ["end", "diverged", "non-finite", "aborted"],
      tested: 100,
      improvement: (part) =>
        logistic(0.4)(part) - Math.min(30, (part / 0.7) ** 30),
      noise: 0.02,
    },
    "no-improvement": {
      verdict: "flat",
      stops: ["end"],
      tested: 120,
      improvement: none,
    },
    "no-improvement-before-divergence": {
      verdict: "flat",
      stops: ["diverged", "non-finite"],
      tested: 75,
      improvement: blownUp(0.57),
    },
    "still-improving": {
      verdict: "never-diverged",
      stops: ["end"],
      tested: 60,
      improvement: logistic(0.48),
      noise: 0.01,
    },
    "levelled-off": {
      verdict: "converged",
      stops: ["end"],
      tested: 120,
      improvement: logistic(0.4),
      noise: 0.01,
      growths: ["exponential"],
    },
    "first-loss-not-finite": {
      verdict: "not-finite",
      stops: ["non-finite"],
      tested: 0,
      improvement: none,
    },
    "diverged-before-improving": {
      verdict: "diverged-at-once",
      stops: ["diverged", "non-finite"],
      tested: 12,
      improvement: blownUp(0),
    },
    "bounds-hidden-by-noise": {
      verdict: "noisy",
      stops: ["end", "diverged", "non-finite", "aborted"],
      tested: 110,
      improvement: logistic(0.5),
      noise: 0.36,
      growths: ["exponential"],
    },
    "stopped-before-improving": {
      verdict: "too-short",
      stops: ["aborted"],
      tested: 40,
      improvement: none,
    },
    "stopped-while-improving": {
      verdict: "too-short",
      stops: ["aborted"],
      tested: 60,
      improvement: logistic(0.48),
      noise: 0.01,
    },
    "too-few-rates": {
      verdict: "too-short",
      stops: ["end"],
      tested: 6,
      rates: 6,
      improvement: logistic(0.5, 0.1),
    },
    "too-few-finite": {
      verdict: "too-short",
      stops: ["end", "diverged", "aborted"],
      tested: 120,
      improvement: logistic(0.5),
      finite: (i) => i % 20 === 0,
    },
  };

const GROWTHS: readonly Growth[] = ["exponential", "linear"];

const METRICS = [
  { name: "loss", better: "lower" },
  { name: "acc", better: "higher" },
  { name: "reward", better: "higher" },
  { name: "cost per step", better: "lower" },
] as const;

/** The range that a situation leads to, read from the given metric. */
function rangeOf(
  situation: Situation,
  options: {
    readonly metric: typeof METRICS[number];
    readonly stopReason: StopReason;
    readonly growth: Growth;
  },
): LearningRateRange {
  const { metric, stopReason, growth } = options;
  const { tested, improvement, noise = 0, finite, rates = 120 } = situation;
  const random = seededRandom(7);
  const learningRates = Array.from(
    { length: rates },
    (_, i) => growth === "linear" ? i / rates : 1e-5 * 1e5 ** (i / (rates - 1)),
  );
  const sign = metric.better === "higher" ? 1 : -1;
  const values = learningRates.slice(0, tested).map((_, i) =>
    finite?.(i) === false
      ? NaN
      : sign * (improvement(i / rates) + noise * normal(random))
  );
  const isLoss = metric.name === "loss";
  return LearningRateRange.fromCurve(
    learningRates,
    isLoss ? values : values.map(() => 2.3),
    {
      metrics: isLoss ? {} : { [metric.name]: values },
      metric,
      stopReason,
      growth,
    },
  );
}

for (const [kind, situation] of Object.entries(SITUATIONS)) {
  Deno.test(`terminal, chart and JSON say the same of "${kind}"`, () => {
    for (const metric of METRICS) {
      // A loss that is not finite ends the test.
      if (situation.finite && metric.name === "loss") continue;
      for (const stopReason of situation.stops) {
        for (const growth of situation.growths ?? GROWTHS) {
          const options = { metric, stopReason, growth };
          const range = rangeOf(situation, options);
          const about = JSON.stringify(options);
          assertEquals(range.finding.kind, kind, about);
          assertEquals(range.verdict, situation.verdict, about);
          assertEquals(range.stopReason, stopReason, about);
          sayTheSame(range);
        }
      }
    }
  });
}

function sayTheSame(range: LearningRateRange): void {
  const { headline, advice, nextStep, ending, curve, verdict, settings } =
    range;
  const json = JSON.parse(JSON.stringify(range));
  assertEquals(
    [json.headline, json.advice, json.nextStep, json.ending, json.verdict],
    [headline, advice, nextStep, ending, verdict],
  );
  const text = range.format({ width: 1000 });
  const [chartName] = text.split(" by rate");
  assertStringIncludes(text, headline);
  assertStringIncludes(text, ending);
  if (verdict !== "good") {
    assertStringIncludes(text, `Verdict: ${verdict}. ${advice}`);
    assertEquals(advice, `${headline}: ${nextStep}.`);
  }
  if (range.learningRates.length < 2) return;
  assertEquals(chartName, curve.name);

  const chart = rangeChart(range);
  assertEquals(chart.title.text.join(" "), headline);
  assert(chart.description.startsWith(headline));
  const subtitle = chart.title.subtitle.join(" ");
  assertStringIncludes(subtitle, ending);
  const name = curve.name === "acc" ? "accuracy" : curve.name;
  assert(subtitle.startsWith(`Read from the ${name}, `), subtitle);
  assertEquals(subtitle.includes(nextStep), verdict !== "good");
  // deno-lint-ignore no-explicit-any -- a specification, taken apart
  const [panel] = chart.vconcat as any[];
  // deno-lint-ignore no-explicit-any -- as above
  const raw = panel.layer.find((layer: any) => layer.name?.endsWith("_raw"));
  assertEquals(raw.encoding.y.axis.title, name);
  assertEquals(
    raw.encoding.x.scale.type,
    settings.growth === "linear" ? "linear" : "log",
  );
  // No verdict on one curve is worded of another.
  if (curve.name !== "loss") {
    assert(!/\bloss (did|still|improved)/.test(text), text);
  }
  const bounds = [range.baseLr, range.maxLr].filter((lr) => lr !== undefined);
  // deno-lint-ignore no-explicit-any -- as above
  const dots = panel.layer.find((layer: any) => layer.name === "bounds");
  assertEquals(dots.data.values.length, bounds.length);
}

Deno.test("advice names dead units once", () => {
  const { settings } = LearningRateRange.fromCurve([1e-3, 1e-2], [2, 1]);
  const losses = new Array<number>(40).fill(1.1);
  const range = LearningRateRange.fromRuns(
    [{ losses, metrics: {}, stopReason: "end" }],
    { ...settings, iterations: 40 },
    {
      circumstances: {
        isShuffled: true,
        sameTargets: false,
        sameInputs: false,
        baseline: { loss: 1.1, floor: 0 },
        unchanged: { names: ["dense/kernel"], of: 2 },
      },
    },
  );
  assertEquals(range.finding.kind, "frequencies-only");
  const kinds = range.remedies.map(({ kind }) => kind);
  assert(kinds.includes("check-weights") && kinds.includes("check-pairing"));
  assertEquals(range.advice.split("units are dead").length, 2, range.advice);
});

Deno.test("advice on good bounds says in one sentence what else there is to do", () => {
  const rates = Array.from({ length: 80 }, (_, i) => 1e-5 * 10 ** (i / 20));
  const losses = rates.map((rate) =>
    2.3 - 0.8 / (1 + (1e-3 / rate) ** 2) + (rate / 0.02) ** 4
  );
  const { settings } = LearningRateRange.fromCurve(rates, losses);
  const { verdict, advice, summary } = LearningRateRange.fromRuns(
    [{ losses, metrics: {}, stopReason: "end" }],
    settings,
    {
      circumstances: {
        isShuffled: true,
        sameTargets: false,
        sameInputs: false,
        inputSize: 1300,
        unlearned: [{ output: "maker", loss: 1.1, expected: 1.1 }],
      },
    },
  );
  assertEquals(verdict, "good");
  assertEquals(
    advice,
    'Train with a cyclic schedule between the two bounds, or scale the inputs to about the size of 1, as their root mean square is 1300, and test again, and check that the targets of "maker" fit the inputs, as its loss came to 1.1 at best and always predicting the same gives 1.1.',
  );
  assertStringIncludes(summary, advice);
});
