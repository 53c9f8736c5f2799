import * as tf from "@tensorflow/tfjs";
import { mean } from "../../metrics/mean.ts";
import { outputLosses } from "../../tfjs/output_losses.ts";
import { targetsOf } from "./_test_baseline.ts";
import type { TestRuns } from "./test_runs.ts";
import { LEARNED } from "../verdict/against_baseline.ts";
import { baselineLoss, targetOf } from "../circumstances/baseline.ts";
import type { UnlearnedOutput } from "../circumstances/circumstances.ts";
import { weightsOfOutputs } from "../data/class_weight.ts";

/**
 * The outputs of a model of which nothing was seen to be learned: no short
 * training came below the loss of always predicting the same. Their sum may, for
 * the others' sake.
 */
export async function unlearnedOutputs(
  runs: TestRuns,
): Promise<readonly UnlearnedOutput[]> {
  const { trainer: { model }, validation, options } = runs.setup;
  const outputs = model ? outputLosses(model) : [];
  // Of validation data nobody knows what training itself came to.
  if (outputs.length < 2 || validation) return [];
  const { classWeight } = options;
  const classWeights = classWeight && weightsOfOutputs(
    classWeight,
    outputs.map(({ output }) => output),
  );
  const batches = targetsOf(runs.setup);
  const unlearned: UnlearnedOutput[] = [];
  for (const [index, output] of outputs.entries()) {
    const targets = batches.map((ys) =>
      targetOf(ys, { output: output.output, index })
    ).filter((one) => one instanceof tf.Tensor);
    const baseline = await baselineLoss([output], targets, {
      ...(classWeights && { classWeights: [classWeights[index]] }),
    });
    // The losses of the outputs are the first metrics of a step.
    const ends = runs.trialMetrics.map((metrics) =>
      Object.values(metrics)[index]
    ).map((losses) => mean(losses.slice(-Math.ceil(losses.length / 3))));
    if (!baseline || ends.length === 0) continue;
    const { loss: expected, floor } = baseline;
    const loss = Math.min(...ends);
    if (expected - loss < LEARNED * (expected - floor)) {
      unlearned.push({ output: output.output, loss, expected });
    }
  }
  return unlearned;
}
