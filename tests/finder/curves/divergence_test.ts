import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import {
  DivergenceDetector,
  noiseLevel,
} from "../../../src/finder/curves/divergence.ts";
import { seededRandom } from "../../../src/runtime/random.ts";
import { curve } from "../_curves.ts";
import { normal } from "../_normal.ts";

/** The index of the loss at which training is said to have diverged, or −1. */
function divergesAt(losses: readonly number[]): number {
  const detector = new DivergenceDetector();
  return losses.findIndex((loss) => detector.add(loss));
}

Deno.test("DivergenceDetector stops within five losses of a blow-up", () => {
  for (let seed = 0; seed < 50; seed++) {
    const losses = curve({ seed, noise: 0.05, blowUp: 9 });
    const at = divergesAt(
      losses.map((loss, i) => i < 70 ? loss : loss + 10 * 2 ** (i - 70)),
    );
    assert(at >= 70 && at <= 74, `seed ${seed}: ${at}`);
  }
});

Deno.test("DivergenceDetector sees a network die at the loss it started from", () => {
  for (let seed = 0; seed < 50; seed++) {
    // As on CIFAR-10: from ln 10 to 2.05, noisy, and dead again at ln 10.
    const losses = curve({
      seed,
      start: Math.LN10,
      improvement: 0.25,
      noise: 0.03,
      blowUp: 9,
    }).map((loss, i) => i < 70 ? loss : Math.LN10);
    const at = divergesAt(losses);
    assert(at >= 70 && at <= 82, `seed ${seed}: ${at}`);
  }
});

Deno.test("DivergenceDetector stops as soon for losses below 0, scaled or shifted", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 1e6 }),
    fc.constantFrom(1e-3, 1, 1e3),
    fc.constantFrom(-100, -2.3, 0, 100),
    (seed, scale, shift) => {
      const losses = curve({ seed, noise: 0.05, blowUp: -2 });
      const at = divergesAt(losses);
      assert(at > 0);
      assertEquals(divergesAt(losses.map((l) => scale * (l + shift))), at);
    },
  ));
});

Deno.test("DivergenceDetector is not moved by one spike, or two", () => {
  const losses = curve({ noise: 0.02, blowUp: 9 });
  losses[60] += 1e6;
  losses[80] += 5;
  losses[81] += 5;
  assertEquals(divergesAt(losses), -1);
});

Deno.test("DivergenceDetector finds nothing in constants and in noise", () => {
  assertEquals(divergesAt(new Array(500).fill(2.302585)), -1);
  const random = seededRandom(1);
  const rounding = Array.from(
    { length: 500 },
    () => Math.fround(2.302585 + (random() < 0.1 ? 2e-7 : 0)),
  );
  assertEquals(divergesAt(rounding), -1);
  for (let seed = 0; seed < 200; seed++) {
    assertEquals(
      divergesAt(curve({ seed, noise: 0.1, improvement: 0, blowUp: 9 })),
      -1,
      `seed ${seed}`,
    );
  }
});

Deno.test("DivergenceDetector is not misled by noise that grows as training starts", () => {
  for (let seed = 0; seed < 100; seed++) {
    const noise = curve({
      seed,
      noise: 1,
      improvement: 0,
      start: 0,
      blowUp: 9,
    });
    const clean = curve({ blowUp: 9, improvement: 0.25 });
    // From 1e-4 to 1e-1 over the first sixty losses, as on CIFAR-10.
    const losses = clean.map((loss, i) =>
      loss + noise[i] * 1e-4 * 10 ** Math.min(2.5, i / 20)
    );
    assertEquals(divergesAt(losses), -1, `seed ${seed}`);
  }
});

Deno.test("DivergenceDetector stops a loss that explodes from the first step", () => {
  const at = divergesAt(Array.from({ length: 60 }, (_, i) => 2 * 1.5 ** i));
  assert(at > 0 && at < 15, `${at}`);
});

Deno.test("noiseLevel() is the standard deviation of the noise on a trend", () => {
  const noise = curve({ noise: 0.1, improvement: 0, blowUp: 9, seed: 3 });
  const level = noiseLevel(noise.map((value, i) => value + i / 500));
  assert(level > 0.08 && level < 0.12, `${level}`);
});

Deno.test("DivergenceDetector takes what a loop draws at random for no divergence", () => {
  /** Of so many tests of thirty losses, whose batches gave others at first. */
  const stopped = (options: { mayDraw?: boolean }, rise: number) => {
    const random = seededRandom(8);
    return Array.from({ length: 400 }, () => {
      const detector = new DivergenceDetector(options);
      return Array.from(
        { length: 30 },
        (_, i) =>
          detector.add(
            1 + rise ** i + 0.3 * normal(random),
            2 + 0.3 * normal(random),
          ),
      ).includes(true);
    }).filter(Boolean).length;
  };
  assert(stopped({}, 1) > 40);
  assert(
    stopped({ mayDraw: true }, 1) < 20,
    `${stopped({ mayDraw: true }, 1)}`,
  );
  // What explodes is told all the same.
  assertEquals(stopped({ mayDraw: true }, 5), 400);
});
