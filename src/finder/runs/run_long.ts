import { outputLosses } from "../../tfjs/output_losses.ts";
import { holdOut } from "../data/held_out.ts";
import { isTensorPair } from "../data/tensor_tree.ts";
import { testBaseline } from "./_test_baseline.ts";
import type { TestRuns } from "./test_runs.ts";
import type { LongRun } from "./search_setup.ts";

/** Trains at one rate, and then goes on at a rate of 0 with batches held out. */
export async function runLong(
  runs: TestRuns,
  { learningRate, steps }: {
    readonly learningRate: number;
    readonly steps: number;
  },
): Promise<LongRun | undefined> {
  const { setup } = runs;
  const { source, options: { signal }, settings, trainer } = setup;
  const { accumulate = 1 } = settings;
  const held = await holdOut(source, {
    batches: steps * accumulate,
    ...(signal && { signal }),
  });
  if (!held) return undefined;
  try {
    const { batches, first } = held;
    const unseen = Math.ceil(batches.length / accumulate);
    const rates = [
      ...new Array<number>(steps).fill(learningRate),
      ...new Array<number>(unseen).fill(0),
    ];
    const run = await runs.run(rates, {
      count: rates.length,
      repeat: 1,
      source: held.source,
    });
    const outputs = trainer.model ? outputLosses(trainer.model) : [];
    const known = [...batches, ...first];
    const targets = known.flatMap((batch) =>
      isTensorPair(batch) ? [batch.ys] : []
    );
    const baseline = await testBaseline(setup, { outputs, others: targets });
    if (baseline?.losses.length !== known.length || accumulate > 1) {
      return { run };
    }
    return {
      run,
      baselines: baseline.losses.slice(0, batches.length),
      firstBaselines: baseline.losses.slice(batches.length),
    };
  } finally {
    held.dispose();
  }
}
