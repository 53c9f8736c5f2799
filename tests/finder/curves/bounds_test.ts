import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import {
  type CurveEvidence,
  findBounds,
} from "../../../src/finder/curves/bounds.ts";
import { curve, RATES } from "../_curves.ts";

/** The evidence of a loss, or of an accuracy. */
function boundsOf(
  values: readonly number[],
  name: "loss" | "acc" = "loss",
): CurveEvidence {
  const better = name === "loss" ? "lower" : "higher";
  return findBounds(RATES, { name, better, values });
}

/** The distance of two rates, in decades. */
function decades(a: number, b: number): number {
  return Math.abs(Math.log10(a) - Math.log10(b));
}

Deno.test("findBounds() starts where a third of a logistic fall is made", () => {
  for (const middle of [-3.5, -3, -2.5]) {
    for (const width of [0.1, 0.2, 0.3]) {
      const { base } = boundsOf(curve({ middle, width, blowUp: -0.5 }));
      // ln 2 widths before the middle: 1 / (1 + e^(ln 2)) = 1/3.
      const expected = 10 ** (middle - Math.LN2 * width);
      assert(decades(base!.learningRate, expected) < 0.12, `${base}`);
    }
  }
});

Deno.test("findBounds() ends where a logistic fall has levelled off", () => {
  const { max } = boundsOf(curve({ middle: -3.5, width: 0.2, blowUp: 1 }));
  assertEquals(max!.reason, "slows");
  // t1 and t2 are ln 2 widths from the middle, the end 7 ln 2.
  const expected = 10 ** (-3.5 + 7 * Math.LN2 * 0.2);
  // The smoothing widens the fall a little.
  assert(decades(max!.learningRate, expected) < 0.3, `${max!.learningRate}`);
});

Deno.test("findBounds() ends before the curve rises", () => {
  // The sum of both terms: risen by a third of 0.8 at about 10^(−1.6).
  const { max } = boundsOf(curve({ middle: -2.5, width: 0.25, blowUp: -1.5 }));
  assertEquals(max!.reason, "rises");
  const rate = Math.log10(max!.learningRate);
  assert(rate > -2.4 && rate < -1.6, `${rate}`);
});

Deno.test("findBounds() reads a metric that is better when higher as its mirror image", () => {
  const losses = curve({ noise: 0.02 });
  const loss = boundsOf(losses);
  const accuracy = boundsOf(losses.map((loss) => 1 - loss), "acc");
  assertEquals(accuracy.base!.index, loss.base!.index);
  assertEquals(accuracy.max!.index, loss.max!.index);
  assertAlmostEquals(accuracy.start, 1 - loss.start, 1e-12);
  assertAlmostEquals(accuracy.base!.slope, -loss.base!.slope, 1e-9);
});

Deno.test("findBounds() stays the same when the curve is shifted and scaled", () => {
  fc.assert(fc.property(
    fc.record({
      seed: fc.integer({ min: 0, max: 1e6 }),
      scale: fc.constantFrom(1e-3, 0.5, 1e3),
      shift: fc.constantFrom(-1000, -2.3, 0, 1, 100),
      noise: fc.constantFrom(0, 0.01, 0.05, 0.15),
    }),
    ({ seed, scale, shift, noise }) => {
      const losses = curve({ seed, noise });
      const before = boundsOf(losses);
      const after = boundsOf(losses.map((loss) => scale * (loss + shift)));
      assertEquals(after.base?.index, before.base?.index);
      assertEquals(after.lost?.index, before.lost?.index);
      assertEquals(after.max?.reason, before.max?.reason);
    },
  ));
});

Deno.test("findBounds() moves little with noise of a fifth of the improvement", () => {
  const clean = boundsOf(curve());
  let [worstBase, worstMax, hiddenOnes] = [0, 0, 0];
  for (let seed = 0; seed < 200; seed++) {
    const { base, max, hidden } = boundsOf(curve({ seed, noise: 0.16 }));
    if (hidden) {
      hiddenOnes++;
      continue;
    }
    assert(base && max, `no bounds with seed ${seed}`);
    worstBase = Math.max(
      worstBase,
      decades(base.learningRate, clean.base!.learningRate),
    );
    worstMax = Math.max(
      worstMax,
      decades(max.learningRate, clean.max!.learningRate),
    );
  }
  assert(worstBase < 0.5, `${worstBase} decades`);
  assert(worstMax < 1, `${worstMax} decades`);
  assert(hiddenOnes <= 20, `${hiddenOnes} of 200`);
});

Deno.test("findBounds() finds nothing in noise", () => {
  let found = 0;
  for (let seed = 0; seed < 200; seed++) {
    const noise = curve({ seed, noise: 0.1, improvement: 0, blowUp: 10 });
    if (boundsOf(noise).base) found++;
  }
  // Five standard deviations, of the lowest of a dozen independent values.
  assert(found <= 10, `${found} of 200`);
});

Deno.test("findBounds() finds nothing in a constant", () => {
  const { base, clarity } = boundsOf(RATES.map(() => 2.3));
  assertEquals(base, undefined);
  assertEquals(clarity, 0);
});
