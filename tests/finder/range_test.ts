import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import * as fc from "fast-check";
import { LearningRateRange } from "../../src/finder/range.ts";
import type { Metric } from "../../src/metrics/direction.ts";
import { CyclicLR } from "../../src/training/schedulers/cyclic_lr.ts";
import type { FindingKind } from "../../src/finder/result/finding.ts";
import type { LearningRateRangeData } from "../../src/finder/result/range_data.ts";
import { seededRandom } from "../../src/runtime/random.ts";
import { curve, RATES } from "./_curves.ts";
import { normal } from "./_normal.ts";

/** A curve as a test records it: cut where training diverged. */
function range(noise = 0.02, seed = 1): LearningRateRange {
  const losses = curve({ noise, seed }).slice(0, 75);
  return LearningRateRange.fromCurve(RATES, losses, {
    stopReason: "diverged",
  });
}

/** The same bounds but for rounding. */
function assertSame(
  actual: Pick<LearningRateRange, "baseLr" | "maxLr">,
  expected: Pick<LearningRateRange, "baseLr" | "maxLr">,
): void {
  assertAlmostEquals(actual.baseLr! / expected.baseLr!, 1, 1e-9);
  assertAlmostEquals(actual.maxLr! / expected.maxLr!, 1, 1e-9);
}

Deno.test("LearningRateRange has both bounds, and what they were read from", () => {
  const { baseLr, maxLr, verdict, evidence, stopReason, stoppedAt } = range();
  assertEquals(verdict, "good");
  assertEquals(stopReason, "diverged");
  assertEquals(stoppedAt, RATES[74]);
  assertEquals(evidence.curve, "loss");
  assertAlmostEquals(evidence.base!.learningRate / baseLr!, 1, 0.12);
  assertAlmostEquals(evidence.max!.learningRate / maxLr!, 1, 0.12);
  for (const bound of [baseLr!, maxLr!]) {
    assertEquals(bound, Number(bound.toPrecision(2)));
  }
  assert(evidence.base!.slope < 0);
  assert(evidence.best < evidence.start);
});

Deno.test("LearningRateRange bounds build a schedule", () => {
  const found = range();
  const clr = CyclicLR.fromRange(found, { stepSize: 10 });
  assertEquals(clr.at(0), found.baseLr);
  assertEquals(clr.at(10), found.maxLr);
});

Deno.test("LearningRateRange gives the same conclusions when losses are shifted and scaled", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 1e6 }),
    fc.constantFrom(1e-3, 1e3),
    fc.constantFrom(-10, 0, 100),
    (seed, scale, shift) => {
      const losses = curve({ seed, noise: 0.05 });
      const before = LearningRateRange.fromCurve(RATES, losses);
      const after = LearningRateRange.fromCurve(
        RATES,
        losses.map((loss) => scale * loss + shift),
      );
      assertEquals(after.verdict, before.verdict);
      if (before.baseLr !== undefined) {
        assertAlmostEquals(after.baseLr! / before.baseLr, 1, 1e-6);
      }
      if (before.maxLr !== undefined) {
        assertAlmostEquals(after.maxLr! / before.maxLr, 1, 1e-6);
      }
      const { valley, steepest, minimum } = before.suggestions;
      assertEquals(
        [
          after.suggestions.valley,
          after.suggestions.steepest,
          after.suggestions.minimum,
        ],
        [valley, steepest, minimum],
      );
    },
  ));
});

Deno.test("LearningRateRange.fromJSON() restores what toJSON() described", () => {
  const found = range();
  const text = JSON.stringify(found);
  const again = LearningRateRange.fromJSON(text);
  assertEquals(JSON.stringify(again), text);
  assertEquals(
    again.toJSON(),
    LearningRateRange.fromJSON(found.toJSON()).toJSON(),
  );
  assertEquals([again.baseLr, again.maxLr], [found.baseLr, found.maxLr]);
  assertEquals(`${again}`, `${found}`);
});

Deno.test("LearningRateRange.fromJSON() refuses other data", () => {
  for (const json of ["{}", "null", '{"type":"CyclicLR","version":1}']) {
    assertThrows(
      () => LearningRateRange.fromJSON(json),
      TypeError,
      "Cannot read a learning-rate range",
    );
  }
});

Deno.test("LearningRateRange cannot be changed", () => {
  const found = range();
  assertThrows(() => (found.losses as number[]).push(1), TypeError);
  assertThrows(() => {
    (found.toJSON() as { baseLr: number }).baseLr = 1;
  }, TypeError);
  assertThrows(() => {
    (found as unknown as { baseLr: number }).baseLr = 1;
  }, TypeError);
});

Deno.test("LearningRateRange.toCSV() has a line for each rate", () => {
  const found = LearningRateRange.fromCurve([0.1, 0.2], [3, 2], {
    metrics: { acc: [0.25, 0.5] },
    beta: 0,
  });
  assertEquals(
    found.toCSV(),
    "lr,loss,smoothed_loss,acc\r\n0.1,3,3,0.25\r\n0.2,2,2,0.5\r\n",
  );
});

Deno.test("LearningRateRange.toString() draws a chart of 80 columns with both bounds", () => {
  const found = range();
  const lines = `${found}`.split("\n");
  for (const line of lines) assert(line.length <= 80, line);
  assert(lines.filter((line) => line.includes("┆")).length >= 14);
  assertMatch(lines[1], /base .* max/);
  const ticks = lines.find((line) => line.includes("0.0001"))!;
  assertMatch(ticks, /^ +1e-5 +0\.0001 +0\.001 +0\.01/);
  // deno-lint-ignore no-control-regex
  assert(!/\x1b/.test(`${found}`));
  assertStringIncludes(found.format({ color: true }), "\x1b[36m┆");
  assertStringIncludes(found.summary, "Train between");
  assertStringIncludes(found.summary, "gets worse beyond");
});

Deno.test("LearningRateRange.format() names the command's flags where that is asked for", () => {
  const found = LearningRateRange.fromCurve(RATES, curve().slice(0, 60));
  assertEquals(found.verdict, "never-diverged");
  assertMatch(`${found}`, /raise\sendLr/);
  const text = found.format({ flags: true, width: 40 });
  assertMatch(text, /raise\s--end-lr/);
  assert(!text.includes("endLr"));
  for (const line of text.split("\n")) assert(line.length <= 40, line);
  // Or those of another program, where it has others.
  const others = found.format({ flags: true, flagNames: { endLr: "--to" } });
  assertMatch(others, /raise\s--to,/);
  const none = found.format({
    flags: true,
    flagNames: { iterations: "--count" },
  });
  assertMatch(none, /raise\s--end-lr/);
  for (const flagNames of ["--to", { endLr: 1 }]) {
    assertThrows(
      () => found.format({ flagNames: flagNames as never }),
      TypeError,
      "Cannot write a range as flagNames",
    );
  }
  // The API's own advice stays what it is.
  assertStringIncludes(found.advice, "raise endLr");
});

Deno.test("LearningRateRange.fromCurve() leaves rates without a loss out, unless the test was stopped", () => {
  const losses = curve().slice(0, 60);
  const whole = LearningRateRange.fromCurve(RATES, losses);
  assertEquals(whole.settings.endLr, RATES[59]);
  assertEquals(
    whole.toJSON(),
    LearningRateRange.fromCurve(RATES.slice(0, 60), losses).toJSON(),
  );
  const stopped = LearningRateRange.fromCurve(RATES, losses, {
    stopReason: "aborted",
  });
  assertEquals(stopped.settings.endLr, RATES.at(-1));
  assertMatch(stopped.summary, /after\s60\sof\s\d+\srates/);
});

Deno.test("LearningRateRange.toString() fits any curve into its width", () => {
  fc.assert(fc.property(
    fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), {
      minLength: 0,
      maxLength: 30,
    }),
    fc.integer({ min: 40, max: 120 }),
    fc.constantFrom("exponential" as const, "linear" as const),
    (losses, width, growth) => {
      const found = LearningRateRange.fromCurve(RATES, losses, { growth });
      for (const line of found.format({ width }).split("\n")) {
        assert([...line].length <= width, line);
      }
    },
  ));
});

Deno.test("LearningRateRange reads the loss unless a metric is named", () => {
  const losses = curve({ noise: 0.01, seed: 2 });
  const acc = curve({ noise: 0.01, seed: 3 }).map((loss) => 1 - loss / 2.5);
  const found = LearningRateRange.fromCurve(RATES, losses, {
    metrics: { acc },
  });
  assertEquals(found.evidence.curve, "loss");
  const named = LearningRateRange.fromCurve(RATES, losses, {
    metrics: { acc },
    metric: "acc",
  });
  assertEquals(named.evidence.curve, "acc");
  const forced = LearningRateRange.fromCurve(RATES, losses, {
    metrics: { acc },
    metric: "loss",
  });
  assertEquals(forced.evidence.curve, "loss");
  assertThrows(
    () => LearningRateRange.fromCurve(RATES, losses, { metric: "auc" }),
    RangeError,
    "metric must be one of loss",
  );
});

Deno.test("LearningRateRange reads a metric the way its name or the caller says it improves", () => {
  const losses = curve({ noise: 0.01 });
  const rising = losses.map((loss) => 1 - loss / 2.5);
  const read = (metric: Metric, values = rising) => {
    const name = typeof metric === "string" ? metric : metric.name;
    return LearningRateRange.fromCurve(RATES, losses, {
      metrics: { [name]: values },
      metric,
    });
  };
  const accuracy = read("acc");
  assertEquals(accuracy.verdict, "good");
  for (const name of ["f1Score", "f1_score", "meanIoU", "dice", "auroc"]) {
    const { baseLr, maxLr, settings } = read(name);
    assertSame({ baseLr, maxLr }, accuracy);
    assertEquals(settings.metric, { name, better: "higher" });
  }
  const own = read({ name: "skill", better: "higher" });
  assertSame(own, accuracy);
  assertEquals(own.evidence.better, "higher");
  const again = LearningRateRange.fromJSON(JSON.stringify(own));
  assertEquals(again.settings.metric, { name: "skill", better: "higher" });
  assertEquals(`${again}`, `${own}`);
  const lower = read({ name: "skill", better: "lower" }, losses);
  assertSame(lower, accuracy);
  assertThrows(
    () => read("skill"),
    RangeError,
    `{ name: "skill", better: "higher" }`,
  );
});

Deno.test("LearningRateRange says noisy where noise hides the bounds", () => {
  let noisy = 0;
  for (let seed = 0; seed < 50; seed++) {
    const { verdict, baseLr } = range(0.5, seed);
    if (verdict !== "noisy") continue;
    noisy++;
    assertEquals(baseLr, undefined);
  }
  assert(noisy >= 5, `${noisy} of 50`);
});

Deno.test("LearningRateRange of runs has their medians and spread", () => {
  const { settings } = range();
  const runs = [-3.2, -3, -2.7].map((middle) => ({
    losses: curve({ middle }).slice(0, 75),
    metrics: {},
    stopReason: "diverged" as const,
  }));
  const found = LearningRateRange.fromRuns(runs, {
    ...settings,
    startLr: 1e-5,
    endLr: 1,
    iterations: RATES.length,
    repeats: 3,
  });
  const bases = found.runs.map((run) => run.baseLr!);
  assertAlmostEquals(found.baseLr! / bases[1], 1, 0.12);
  assertEquals(found.spread!.baseLr, [bases[0], bases[2]]);
  // At each rate the median, which is the middle curve's here.
  assertEquals(found.losses.slice(0, 60), runs[1].losses.slice(0, 60));
  assertStringIncludes(found.summary, "Medians of 3 runs");
});

Deno.test("LearningRateRange.fromCurve() cuts at a loss that is not finite", () => {
  const found = LearningRateRange.fromCurve(
    RATES,
    [...curve().slice(0, 70), NaN, 1, 2],
  );
  assertEquals(found.losses.length, 70);
  assertEquals(found.stopReason, "non-finite");
  assertEquals(found.stoppedAt, RATES[70]);
});

Deno.test("LearningRateRange leaves out the points of a metric that are not finite, and says so", () => {
  const losses = curve({ noise: 0.01 });
  const rising = losses.map((loss) => 1 - loss / 2.5);
  const read = (precision: number[]) =>
    LearningRateRange.fromCurve(RATES, losses, {
      metrics: { precision },
      metric: "precision",
    });
  const whole = read(rising);
  const holes = read(rising.map((value, i) => i < 3 || i === 50 ? NaN : value));
  assertEquals(holes.verdict, "good");
  const { base, max } = holes.evidence;
  // The points nearest to the bounds, which lie between two.
  for (const { index, learningRate } of [base!, max!]) {
    assert(Math.abs(Math.log10(RATES[index] / learningRate)) < 0.05);
  }
  assert(Math.abs(Math.log10(holes.baseLr! / whole.baseLr!)) <= 0.1);
  assert(Math.abs(Math.log10(holes.maxLr! / whole.maxLr!)) <= 0.15);
  assertStringIncludes(
    holes.summary,
    "Left out: 4 rates at which the precision is not a finite number.",
  );
  assert(!/NaN/.test(`${holes}`), `${holes}`);
  const again = LearningRateRange.fromJSON(JSON.stringify(holes));
  assertEquals(again.metrics, holes.metrics);
  assertEquals(again.toCSV(), holes.toCSV());
  assertMatch(
    again.toCSV(),
    /^lr,loss,smoothed_loss,precision\r\n[^,]+,[^,]+,[^,]+,\r\n/,
  );
  assertEquals(`${again}`, `${holes}`);

  const few = read(rising.map((value, i) => i < 95 ? NaN : value));
  assertEquals(few.verdict, "too-short");
  assertStringIncludes(
    few.advice,
    `"precision" is a finite number at 6 of 101 rates: name another metric`,
  );
  assert(!/NaN/.test(`${few}`), `${few}`);
  // Where nobody named it, it is not read.
  const unnamed = LearningRateRange.fromCurve(RATES, losses, {
    metrics: { precision: rising.map((value, i) => i === 3 ? NaN : value) },
  });
  assertEquals(unnamed.evidence.curve, "loss");
});

Deno.test("LearningRateRange.fromCurve() tells linear rates, also from 0", () => {
  for (const first of [0, 0.001]) {
    const rates = Array.from({ length: 40 }, (_, i) => first + i * 0.001);
    const losses = rates.map((rate) => 2 - 1 / (1 + (0.01 / rate) ** 4));
    const found = LearningRateRange.fromCurve(rates, losses);
    assertEquals(found.settings.growth, "linear");
    // It levels off, and no rate was too high.
    assertEquals(found.verdict, "converged");
    assertEquals(found.thumb, "maxLr");
    assertAlmostEquals(found.maxLr! / found.baseLr!, 3, 0.4);
    const dots = `${found}`.split("\n").filter((line) => line.includes("•"));
    assert(dots.length > 5, `${found}`);
  }
  assertEquals(range().settings.growth, "exponential");
  assertThrows(
    () =>
      LearningRateRange.fromCurve([0, 1], [1, 2], { growth: "exponential" }),
    RangeError,
    `set growth to "linear"`,
  );
});

Deno.test("LearningRateRange advises a lower endLr where a linear test starts at once too high", () => {
  const rates = Array.from({ length: 30 }, (_, i) => i * 100);
  const found = LearningRateRange.fromCurve(rates, [2, 3, 9, 40, 1e6], {
    stopReason: "diverged",
  });
  assertEquals(found.verdict, "diverged-at-once");
  assertStringIncludes(found.advice, "lower endLr, to 29 say");
});

Deno.test("LearningRateRange.fromCurve() refuses rates that do not increase", () => {
  assertThrows(
    () => LearningRateRange.fromCurve([], []),
    RangeError,
    "0 rates, 0 losses",
  );
  assertThrows(
    () => LearningRateRange.fromCurve([NaN, 1], [1, 2]),
    RangeError,
    "2 rates from NaN",
  );
  assertThrows(
    () => LearningRateRange.fromCurve([1, 1], [1, 2]),
    RangeError,
    "increasing, finite rates",
  );
  assertThrows(
    () => LearningRateRange.fromCurve([1, Infinity], [1, 2]),
    RangeError,
    "increasing, finite rates",
  );
  assertThrows(
    () => LearningRateRange.fromCurve([1], [1, 2]),
    RangeError,
    "1 rates from 1, 2 losses",
  );
});

/** Written by the version before `curve`, `finding` and `remedies`. */
const VERSION_1: { [situation: string]: object } = JSON.parse(
  await Deno.readTextFile(
    new URL("./fixtures/ranges_of_version_1.json", import.meta.url),
  ),
);

const FINDINGS: { readonly [situation: string]: FindingKind } = {
  "good, from the loss": "both-bounds",
  "good, from a metric of one's own that is not finite everywhere":
    "both-bounds",
  "good, of three runs": "both-bounds",
  "never-diverged": "still-improving",
  "flat, diverged": "no-improvement-before-divergence",
  "flat": "no-improvement",
  "diverged-at-once": "diverged-before-improving",
  "diverged-at-once, first loss": "first-loss-not-finite",
  "noisy": "bounds-hidden-by-noise",
  "too-short, stopped before": "stopped-before-improving",
  "too-short, stopped while": "stopped-while-improving",
  "too-short, few rates": "too-few-rates",
  "too-short, few finite": "too-few-finite",
};

Deno.test("LearningRateRange.fromJSON() reads what version 1 wrote", async (t) => {
  for (const [situation, json] of Object.entries(VERSION_1)) {
    await t.step(situation, () => {
      const old = json as LearningRateRangeData;
      const range = LearningRateRange.fromJSON(JSON.stringify(old));
      assertEquals(
        [range.baseLr, range.maxLr, range.verdict, range.advice],
        [old.baseLr, old.maxLr, old.verdict, old.advice],
      );
      assertEquals(range.evidence, old.evidence);
      assertEquals(range.curve.name, old.evidence.curve);
      assertEquals(range.finding.kind, FINDINGS[situation]);
      assertEquals(
        range.curve.values,
        old.evidence.curve === "loss"
          ? range.losses
          : range.metrics[old.evidence.curve],
      );
      assertEquals(range.curve.trend.length, range.learningRates.length);
      const text = JSON.stringify(range);
      assertEquals(JSON.stringify(LearningRateRange.fromJSON(text)), text);
    });
  }
});

Deno.test("LearningRateRange.fromJSON() keeps what else the data hold, and takes no method from them", () => {
  const found = range();
  const more = {
    origin: { module: "m.ts" },
    summary: "",
    format: 1,
    toJSON: 2,
  };
  const json = JSON.stringify({ ...found.toJSON(), ...more });
  const again = LearningRateRange.fromJSON(json);
  assertEquals(`${again}`, `${found}`);
  assertEquals(again.summary, found.summary);
  assertEquals("origin" in again, false);
  assertEquals(JSON.stringify(again), json);
});

Deno.test("LearningRateRange of a search has no maximum where no short training held", () => {
  const losses = curve({ noise: 0.02, seed: 1 }).slice(0, 75);
  const { settings } = range();
  const runs = [{ losses, metrics: {}, stopReason: "diverged" as const }];
  const found = (held: { gained?: number; maxLr?: number }) => {
    const { gained, maxLr } = held;
    return LearningRateRange.fromRuns(runs, settings, {
      search: {
        grid: RATES,
        runs: runs.map((run) => ({ ...run, trained: 75, evaluated: 0 })),
        trials: [{
          learningRate: 0.003,
          losses: new Array<number>(40).fill(2),
          ...(gained === undefined ? {} : { gained }),
        }],
        baseLr: 0.001,
        ...(maxLr === undefined ? {} : { maxLr }),
        halfWidths: { baseLr: 0.1, maxLr: 0.1 },
      },
      // Far above what always predicting the same gives.
      circumstances: {
        isShuffled: true,
        sameTargets: false,
        sameInputs: false,
        baseline: { loss: 1, floor: 0 },
      },
    });
  };
  const none = found({});
  assertEquals([none.verdict, none.maxLr], ["too-short", undefined]);
  assertEquals(none.baseLr, 0.001);
  assert(!none.remedies.some(({ kind }) => kind === "train"));
  const one = found({ gained: 1, maxLr: 0.0047 });
  assertEquals([one.verdict, one.maxLr], ["too-short", 0.0047]);
});

Deno.test("format() keeps the names of bounds apart where these are close", () => {
  const rates = Array.from({ length: 160 }, (_, i) => 1e-8 * 10 ** (i / 20));
  const losses = rates.map((rate) =>
    2.3 - 0.8 / (1 + (1e-3 / rate) ** 2) + (rate / 0.02) ** 4
  );
  const range = LearningRateRange.fromCurve(rates, losses);
  assertEquals(range.verdict, "good");
  for (let width = 40; width <= 90; width++) {
    const lines = range.format({ width }).split("\n");
    const names = lines.find((line) => line.includes("max"))!;
    assertMatch(names, /^ *base +max$/, `${width}`);
    assert(lines.every((line) => line.length <= width), `${width}`);
  }
});

Deno.test("LearningRateRange.fromCurve() looks lower where the loss rises from the first rate on, and never higher where it ends higher", () => {
  const random = seededRandom(7);
  const noisy = (of: (i: number) => number) =>
    RATES.map((_, i) => of(i) + 0.02 * normal(random));
  const advised = (losses: readonly number[], stopReason: "end" | "diverged") =>
    LearningRateRange.fromCurve(RATES, losses, { stopReason }).remedies
      .map((one) =>
        one.kind === "set-option" ? `${one.option} to ${one.to}` : one.kind
      );
  const rising = noisy((i) => 2 + 0.05 * i);
  assertEquals(advised(rising, "end"), ["startLr to 1e-7", "check-labels"]);
  assertEquals(advised(rising, "diverged").slice(0, 2), [
    "startLr to 1e-7",
    "check-labels",
  ]);
  const late = noisy((i) => 2 + Math.max(0, 0.1 * (i - 60)));
  assertEquals(advised(late, "end"), ["check-labels"]);
  const flat = noisy(() => 2);
  assertEquals(advised(flat, "end"), ["endLr to 100", "check-labels"]);
});
