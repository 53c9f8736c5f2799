import type { OutputLoss } from "../../tfjs/output_losses.ts";
import { tensorsOf } from "../data/tensor_tree.ts";
import type { TestSetup } from "./test_runs.ts";
import { type Baseline, baselineLoss } from "../circumstances/baseline.ts";
import { weightsOfOutputs } from "../data/class_weight.ts";
import type { TensorTree } from "../data/training_data.ts";

/** Target numbers of a whole set up to which all of them are looked at. */
const MOST_TARGETS = 2 ** 22;

/** All targets of a test, where they are at hand, or those of some batches. */
export function targetsOf(
  { source: { all }, survey }: TestSetup,
): readonly TensorTree[] {
  const size = all
    ? tensorsOf(all.ys).reduce((sum, tensor) => sum + tensor.size, 0)
    : Infinity;
  return size <= MOST_TARGETS ? [all!.ys] : survey.targets;
}

/**
 * The loss of always predicting the same, where the losses of a test can be held
 * against it.
 */
export async function testBaseline(
  setup: TestSetup,
  { outputs, others }: {
    readonly outputs: readonly OutputLoss[];
    /** Targets of single batches, for the loss of each. */
    readonly others: readonly TensorTree[];
  },
): Promise<Baseline | undefined> {
  const { validation, validationSurvey, options: { classWeight } } = setup;
  if (validation) {
    const { targets } = validationSurvey;
    const isWhole = targets.length === validation.batches;
    return isWhole ? await baselineLoss(outputs, targets) : undefined;
  }
  return await baselineLoss(outputs, targetsOf(setup), {
    others,
    ...(classWeight === undefined ? {} : {
      classWeights: weightsOfOutputs(
        classWeight,
        outputs.map(({ output }) => output),
      ),
    }),
  });
}
