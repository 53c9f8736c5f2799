import { assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import * as fc from "fast-check";
import { suggestLearningRates } from "../../../src/finder/curves/suggestions.ts";

/** The curve that fastai's suggesters were run on. */
const RATES = Array.from({ length: 100 }, (_, i) => 1e-7 * 1e8 ** (i / 100));
const LOSSES = RATES.map((rate) => {
  const x = Math.log10(rate);
  return 2.3 - 1.5 / (1 + Math.exp(-2.5 * (x + 2.5))) +
    Math.exp(4 * (x + 0.3));
});

Deno.test("suggestLearningRates() gives fastai's four rates", () => {
  const { valley, slide, steepest, minimum, reasons } = suggestLearningRates(
    RATES,
    LOSSES,
  );
  assertAlmostEquals(valley!, 1.5849e-4, 5e-9);
  assertAlmostEquals(slide!, 1.0e-3, 5e-8);
  assertAlmostEquals(steepest!, 3.01995e-3, 5e-9);
  assertAlmostEquals(minimum!, 6.9183e-3, 5e-8);
  assertEquals(reasons, {});
});

Deno.test("suggestLearningRates() keeps valley, steepest and minimum when losses are shifted and scaled", () => {
  const { valley, steepest, minimum } = suggestLearningRates(RATES, LOSSES);
  for (const [scale, shift] of [[1e-3, 0], [1e3, 0], [1, 100], [1e3, -5e3]]) {
    const changed = suggestLearningRates(
      RATES,
      LOSSES.map((loss) => scale * loss + shift),
    );
    assertEquals(
      [changed.valley, changed.steepest, changed.minimum],
      [valley, steepest, minimum],
    );
  }
});

Deno.test("suggestLearningRates() cuts the curve at the first loss that is not finite", () => {
  const cut = LOSSES.map((loss, i) => i < 70 ? loss : NaN);
  // What is left from a tenth of 100 points to the 70th.
  const { minimum } = suggestLearningRates(RATES, cut);
  assertEquals(minimum, RATES[69] / 10);
});

Deno.test("suggestLearningRates() says why where there are too few points", () => {
  const none = suggestLearningRates([0.1, 0.2], [2, 1]);
  assertEquals(
    [none.valley, none.steepest, none.slide, none.minimum],
    [undefined, undefined, undefined, undefined],
  );
  assertMatch(none.reasons.slide!, /needs 16 points .* has 0/);
  const some = suggestLearningRates(RATES.slice(0, 12), LOSSES.slice(0, 12));
  assertEquals(Object.keys(some.reasons), ["slide"]);
});

Deno.test("suggestLearningRates() finds the valley that brute force finds", () => {
  /** Longest strictly decreasing subsequence by the quadratic recurrence. */
  function bruteForce(losses: number[]): number {
    const longest: number[] = losses.map(() => 1);
    for (let i = 0; i < losses.length; i++) {
      for (let j = 0; j < i; j++) {
        if (losses[j] > losses[i]) {
          longest[i] = Math.max(longest[i], longest[j] + 1);
        }
      }
    }
    const most = Math.max(...longest);
    if (most === 1) return 0;
    const end = longest.indexOf(most);
    const section = most / 3;
    return Math.max(
      0,
      end - most + Math.trunc(section) + Math.trunc(section / 2),
    );
  }
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 8, maxLength: 60 }),
    (losses) => {
      const rates = losses.map((_, i) => i + 1);
      const kept = losses.slice(Math.floor(losses.length / 10), -5);
      const offset = Math.floor(losses.length / 10);
      assertEquals(
        suggestLearningRates(rates, losses).valley,
        rates[offset + bruteForce(kept)],
      );
    },
  ));
});
