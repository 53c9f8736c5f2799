import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { describe, flatCosine, fromDescription } from "@clr/clr/schedules";

/** fast.ai's `combined_cos(pct, lr, lr, lr / div_final)` at a part of the way. */
function fastai(
  position: number,
  { pct, lr, divFinal }: {
    readonly pct: number;
    readonly lr: number;
    readonly divFinal: number;
  },
) {
  if (position < pct) return lr;
  const end = lr / divFinal;
  const part = (position - pct) / (1 - pct);
  return lr + (1 + Math.cos(Math.PI * (1 - part))) * (end - lr) / 2;
}

Deno.test("flatCosine() is fast.ai's fit_flat_cos", () => {
  for (const pctStart of [0, 0.3, 0.75, 0.9]) {
    const rate = flatCosine({ maxLr: 0.4, iterations: 1000, pctStart });
    for (let t = 0; t <= 1000; t++) {
      assertAlmostEquals(
        rate(t),
        fastai(t / 1000, { pct: pctStart, lr: 0.4, divFinal: 1e5 }),
        1e-15,
      );
    }
    assertEquals(rate(5000), 0.4 / 1e5);
  }
});

Deno.test("flatCosine() goes through JSON", () => {
  const rate = flatCosine({ maxLr: 0.4, iterations: 70, finalDivFactor: 10 });
  const again = fromDescription(JSON.parse(JSON.stringify(describe(rate))));
  for (let t = 0; t < 100; t++) assertEquals(again(t), rate(t));
});

Deno.test("flatCosine() refuses bad options by name", () => {
  const good = { maxLr: 1, iterations: 10 };
  for (
    const [bad, message] of [
      [{ maxLr: -1 }, "maxLr must be a finite number >= 0"],
      [{ iterations: 0 }, "iterations must be a finite number > 0"],
      [{ pctStart: 1 }, "pctStart must be >= 0 and < 1"],
      [{ finalDivFactor: 0.5 }, "finalDivFactor must be a finite number >= 1"],
    ] as const
  ) {
    assertThrows(() => flatCosine({ ...good, ...bad }), RangeError, message);
  }
});
