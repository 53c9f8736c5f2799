import * as tf from "@tensorflow/tfjs";
import type { OutputLoss } from "../../tfjs/output_losses.ts";
import { constants } from "./_constants.ts";
import { type ClassWeight, exampleWeights } from "../data/class_weight.ts";
import { mean } from "../../metrics/mean.ts";
import { tensorsOf } from "../data/tensor_tree.ts";
import type { TensorTree } from "../data/training_data.ts";

/** The tensor of one output among a batch's targets. */
export function targetOf(
  targets: TensorTree,
  { output, index }: { readonly output: string; readonly index: number },
): tf.Tensor | undefined {
  return targets instanceof tf.Tensor || Array.isArray(targets)
    ? tensorsOf(targets)[index]
    : (targets as { readonly [name: string]: tf.Tensor })[output];
}

/** Whether every output's loss is one of its targets: functions may do without. */
export async function areOfTargets(
  outputs: readonly OutputLoss[],
  targets: TensorTree,
): Promise<boolean> {
  for (const [index, { output, name, shape, of }] of outputs.entries()) {
    if (name !== undefined) continue;
    const own = targetOf(targets, { output, index });
    if (!own || shape.slice(1).some((size) => size === null)) return false;
    const change = tf.tidy(() => {
      const outputs = tf.fill(
        [own.shape[0]!, ...shape.slice(1) as number[]],
        0.5,
      );
      const shaped = shapedFor(own, outputs).toFloat();
      return of(shaped.add(1), outputs).sub(of(shaped, outputs)).abs().max();
    });
    const [value] = await change.data();
    change.dispose();
    if (value === 0) return false;
  }
  return true;
}

/** Targets as a model takes them, which may come as one number each. */
function shapedFor(targets: tf.Tensor, outputs: tf.Tensor): tf.Tensor {
  return targets.rank === 1 && outputs.rank === 2
    ? targets.expandDims(1)
    : targets;
}

/** The mean loss of outputs, by the examples' weights where they have some. */
function meanLoss(
  { of }: OutputLoss,
  options: {
    readonly targets: tf.Tensor;
    readonly outputs: tf.Tensor;
    readonly weights: tf.Tensor | undefined;
  },
): tf.Tensor {
  const { targets, outputs, weights } = options;
  const losses = of(shapedFor(targets, outputs), outputs);
  return (weights ? losses.mul(weights) : losses).mean();
}

/** The mean loss of each batch where every example has the same outputs. */
function lossesOf(
  constant: tf.Tensor,
  output: OutputLoss,
  { batches, weights }: {
    readonly batches: readonly tf.Tensor[];
    readonly weights: readonly tf.Tensor[] | undefined;
  },
): tf.Tensor1D {
  return tf.stack(batches.map((targets, i) => {
    const [examples] = targets.shape;
    const outputs = constant.expandDims(0).tile([
      examples!,
      ...constant.shape.map(() => 1),
    ]);
    return meanLoss(output, { targets, outputs, weights: weights?.[i] });
  })) as tf.Tensor1D;
}

/** The mean loss where outputs are their targets; 0 of what takes other forms. */
function floorOf(
  output: OutputLoss,
  { batches, weights }: {
    readonly batches: readonly tf.Tensor[];
    readonly weights: readonly tf.Tensor[] | undefined;
  },
): tf.Tensor {
  const { name, shape } = output;
  if (name === undefined || name === "sparseCategoricalCrossentropy") {
    return tf.scalar(0);
  }
  const own = shape.slice(1) as number[];
  return tf.stack(batches.map((targets, i) => {
    const outputs = targets.toFloat().reshape([-1, ...own]);
    return meanLoss(output, { targets, outputs, weights: weights?.[i] });
  })).mean();
}

/** What a model comes to that learns nothing from its inputs. */
export interface Baseline {
  /** The mean loss. */
  readonly loss: number;
  /** The mean loss of one that misses nothing. */
  readonly floor: number;
  /** The losses of the batches that were asked for. */
  readonly losses: readonly number[];
}

/** Some batches' targets of an output, and the weights of their examples. */
interface OutputTargets {
  readonly batches: readonly tf.Tensor[];
  readonly weights: readonly tf.Tensor[] | undefined;
}

/** The targets of each output; none where some have none. */
async function targetsOf(
  outputs: readonly OutputLoss[],
  batches: readonly TensorTree[],
  classWeights: readonly (ClassWeight | null)[] = [],
): Promise<OutputTargets[] | undefined> {
  const found = outputs.map(({ output }, index) =>
    batches.map((ys) => targetOf(ys, { output, index }))
  );
  const isWhole = (
    targets: readonly (tf.Tensor | undefined)[],
  ): targets is tf.Tensor[] => targets.every((one) => one !== undefined);
  const each: OutputTargets[] = [];
  for (const [index, targets] of found.entries()) {
    if (!isWhole(targets)) return undefined;
    const weight = classWeights[index];
    const weights = weight
      ? await exampleWeights(targets, targets.map(() => weight))
      : undefined;
    each.push({
      batches: targets,
      weights: weights as tf.Tensor[] | undefined,
    });
  }
  return each;
}

/**
 * The loss of always predicting the same, whatever the inputs, at its best: what
 * a network reaches that learns nothing from them. It is the sum over the outputs,
 * as a model's loss is, and without penalties on weights. Undefined where it says
 * nothing.
 *
 * @param batches The targets of some batches, which the best is found for.
 */
export async function baselineLoss(
  outputs: readonly OutputLoss[],
  batches: readonly TensorTree[],
  options: {
    /** The targets of other batches, whose losses are to be known. */
    readonly others?: readonly TensorTree[];
    /** The weights of classes in the loss of each output. */
    readonly classWeights?: readonly (ClassWeight | null)[];
  } = {},
): Promise<Baseline | undefined> {
  const { others = [], classWeights } = options;
  if (outputs.length === 0 || batches.length === 0) return undefined;
  const isSized = outputs.every(({ shape }) => !shape.slice(1).includes(null));
  if (!isSized) return undefined;
  const all = [...batches, ...others];
  const targets = await targetsOf(outputs, all, classWeights);
  if (!targets) return undefined;
  const count = batches.length;
  const found = tf.tidy(() =>
    outputs.map((output, index) => {
      const { batches, weights } = targets[index];
      const first = {
        batches: batches.slice(0, count),
        weights: weights?.slice(0, count),
      };
      const candidates = constants(
        first.batches,
        output,
        first.weights && tf.concat(first.weights),
      ).map((constant) => lossesOf(constant, output, targets[index]));
      return candidates.length > 0
        ? { candidates, floor: floorOf(output, first) }
        : undefined;
    })
  );
  tf.dispose(targets.flatMap(({ weights }) => weights ?? []));
  if (!found.every((one) => one !== undefined)) {
    tf.dispose(found as tf.TensorContainer);
    return undefined;
  }
  const best = await Promise.all(found.map(async ({ candidates }) => {
    const losses = await Promise.all(
      candidates.map(async (one) => Array.from(await one.data())),
    );
    const level = (one: readonly number[]) => mean(one.slice(0, count));
    return losses.filter((one) => one.every(Number.isFinite))
      .sort((a, b) => level(a) - level(b)).at(0);
  }));
  const floors = await Promise.all(
    found.map(async ({ floor }) => (await floor.data())[0]),
  );
  tf.dispose(found as unknown as tf.TensorContainer);
  if (!best.every((one) => one !== undefined)) return undefined;
  const total = all.map((_, i) =>
    best.reduce((sum, losses) => sum + losses[i], 0)
  );
  const loss = mean(total.slice(0, count));
  const floor = floors.reduce((sum, one) => sum + one, 0);
  // Where nothing is to be gained, and of functions that may be negative, there is
  // no share to speak of.
  return loss > floor && Number.isFinite(floor)
    ? { loss, floor, losses: total.slice(count) }
    : undefined;
}
