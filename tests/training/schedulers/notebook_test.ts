/** What a notebook shows of a scheduler before it has trained anything. */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { CyclicLR, LearningRateScheduler } from "@clr/clr";
import { cosine, toKeras, toOptax, toPyTorch } from "@clr/clr/schedules";
import { OneCycleLR } from "@clr/clr/training";

const CHART = "application/vnd.vegalite.v5+json";

async function shown(
  scheduler: object,
): Promise<{ readonly [type: string]: unknown }> {
  const display = Symbol.for("Jupyter.display");
  // deno-lint-ignore no-explicit-any
  return await (scheduler as any)[display]();
}

Deno.test("A notebook draws a schedule whose end is known", async () => {
  const decay = cosine({ startLr: 0.1, iterations: 100 });
  for (
    const scheduler of [
      new LearningRateScheduler(decay),
      new OneCycleLR({ maxLr: 0.1, iterations: 100 }),
      new CyclicLR({ stepSize: 100 }),
    ]
  ) {
    assertEquals(Object.keys(await shown(scheduler)), ["text/plain", CHART]);
  }
});

Deno.test("A notebook says in a line what is not known yet, or never ends", async () => {
  for (
    const scheduler of [
      new LearningRateScheduler(() => 0.1),
      new OneCycleLR({ maxLr: 0.1 }),
      new CyclicLR({ stepSizeEpochs: 2 }),
    ]
  ) {
    assertEquals(await shown(scheduler), { "text/plain": `${scheduler}` });
  }
});

Deno.test("toPyTorch(), toKeras() and toOptax() say that epochs are not known yet", () => {
  for (const write of [toPyTorch, toKeras, toOptax]) {
    for (
      const waiting of [
        new OneCycleLR({ maxLr: 0.1 }),
        new CyclicLR({ stepSizeEpochs: 2 }),
      ]
    ) {
      assertThrows(
        () => write(waiting),
        RangeError,
        "as the batches of an epoch must be known",
      );
    }
    const known = new OneCycleLR({ maxLr: 0.1, epochs: 2, batchesPerEpoch: 9 });
    assertStringIncludes(write(known), "0.1");
  }
});
