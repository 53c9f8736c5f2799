/**
 * tfjs's optimizers as one pass over all weights.
 *
 * tfjs updates weight by weight, each with some ten small operations that read
 * and write whole tensors. Where the current backend has a kernel for an
 * optimizer's rule, the optimizer's `applyGradients` here runs that kernel once
 * for all its weights; on other backends it does what tfjs does. The optimizer's
 * slots, counts and hyperparameters stay where tfjs keeps them, so that
 * whatever reads or restores them sees no difference.
 */

import * as tf from "@tensorflow/tfjs";
import {
  offerScaledStep,
  type ScaledStep,
  type StepFactors,
} from "../../tfjs/scaled_steps.ts";
import { alignSlotsToGradients } from "../../tfjs/slots.ts";
import { hasKernel, runKernel } from "../_engine.ts";
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  type Fields,
  momentum,
  rmsprop,
  type Rule,
  sgd,
  type SlotField,
} from "./_optimizer_rules.ts";

/** One weight of a fused update. */
export interface UpdatedWeight {
  readonly value: tf.Variable;
  readonly gradient: tf.Tensor;
  /** Such as the moments of Adam, in the order in which its rule names them. */
  readonly slots: readonly tf.Variable[];
  /** What the change of the value is multiplied by. */
  readonly factor?: number | undefined;
}

/** What an optimizer does in a step, for all its weights at once. */
export interface OptimizerUpdate {
  /** The kernel's name in tfjs's registry, such as `"AdamUpdate"`. */
  readonly kernel: string;
  /** Scalars that live on the backend, as each rule names them. */
  readonly scalars: readonly tf.Tensor[];
  /** Numbers, which tfjs would turn into float32 scalars. */
  readonly constants: readonly number[];
  readonly weights: readonly UpdatedWeight[];
}

/**
 * The attributes of an update kernel. Its inputs are a list: the scalars, then
 * for each weight its value, its gradient and its slots. Its outputs are, for
 * each weight, the new value and the new slots; a kernel may reuse the memory of
 * a value or slot that nothing else refers to.
 */
export interface UpdateKernelAttrs {
  readonly scalars: number;
  /** The slots of each weight. */
  readonly slots: number;
  readonly constants: readonly number[];
  /** What the change of each weight is multiplied by, if any is. */
  readonly factors?: readonly number[];
}

/** Backends whose kernels know factors. */
const WITH_FACTORS: readonly string[] = ["webgpu"];

/**
 * Updates weights and slots by a kernel of the current backend.
 *
 * @returns False, with nothing done, where the backend has no such kernel or a
 * weight is not one that it takes: the caller then computes with tfjs's own
 * operations.
 */
export function runUpdate(update: OptimizerUpdate): boolean {
  const { kernel, scalars, constants, weights } = update;
  if (!hasKernel(kernel) || !weights.every(isPlain)) return false;
  const isScaled = weights.some(({ factor = 1 }) => factor !== 1);
  if (isScaled && !WITH_FACTORS.includes(tf.getBackend())) return false;
  if (weights.length === 0) return true;
  const inputs = [
    ...scalars,
    ...weights.flatMap(({ value, gradient, slots }) => [
      value,
      gradient,
      ...slots,
    ]),
  ];
  const attrs: UpdateKernelAttrs = {
    scalars: scalars.length,
    slots: weights[0].slots.length,
    constants,
    ...isScaled && { factors: weights.map(({ factor = 1 }) => factor) },
  };
  tf.tidy(() => {
    const outputs = runKernel<tf.Tensor[]>(kernel, inputs, attrs);
    let next = 0;
    for (const { value, slots } of weights) {
      value.assign(outputs[next++]);
      for (const slot of slots) slot.assign(outputs[next++]);
    }
  });
  return true;
}

function isPlain({ value, gradient, slots }: UpdatedWeight): boolean {
  return [gradient, ...slots].every((tensor) =>
    tensor.dtype === "float32" && tf.util.arraysEqual(tensor.shape, value.shape)
  ) && value.dtype === "float32";
}

/** The weight's slots, made where they are missing, as tfjs would make them. */
function slotsOf<Own>(
  optimizer: Own,
  fields: readonly SlotField<Own>[],
  weight: { readonly name: string; readonly index: number },
): tf.Variable[] {
  const { name, index } = weight;
  const { shape } = tf.engine().registeredVariables[name];
  return fields.map(({ slots, suffix, initial }) => {
    const own = slots(optimizer);
    own[index] ??= {
      originalName: `${name}/${suffix}`,
      variable: tf.tidy(() =>
        tf.fill(shape, initial?.(optimizer) ?? 0).variable(false)
      ),
    };
    return own[index].variable;
  });
}

type ApplyGradients = tf.Optimizer["applyGradients"];
type Gradients = Parameters<ApplyGradients>[0];

function fuse<Own extends Fields>(rule: Rule<Own>): void {
  const { prototype } = rule.optimizer;
  const original: ApplyGradients = prototype.applyGradients;
  function attempt(
    optimizer: tf.Optimizer & Own,
    gradients: Gradients,
    factors?: StepFactors,
  ): boolean {
    alignSlotsToGradients(optimizer, gradients);
    const kernel = rule.kernel(optimizer);
    if (!hasKernel(kernel)) return false;
    const named = Array.isArray(gradients)
      ? gradients
      : Object.entries(gradients).map(([name, tensor]) => ({ name, tensor }));
    const isDone = tf.tidy(() => {
      const fields = rule.slots(optimizer);
      const weights = named.flatMap(({ name, tensor }, i) => {
        // A weight that this step does not move gets its slots all the same.
        const slots = slotsOf(optimizer, fields, { name, index: i });
        const value = tf.engine().registeredVariables[name];
        const factor = factors?.get(name);
        return tensor == null
          ? []
          : [{ value, gradient: tensor, slots, factor }];
      });
      const update = {
        kernel,
        scalars: rule.scalars?.(optimizer) ?? [],
        constants: rule.constants?.(optimizer) ?? [],
        weights,
      };
      if (!runUpdate(update)) return false;
      rule.finish?.(optimizer);
      return true;
    });
    if (isDone) optimizer.incrementIterations();
    return isDone;
  }
  function applyGradients(this: tf.Optimizer & Own, gradients: Gradients) {
    if (!attempt(this, gradients)) original.call(this, gradients);
  }
  prototype.applyGradients = applyGradients;
  offerScaledStep(applyGradients, attempt as ScaledStep);
}

let fused = false;

/**
 * Lets all of tfjs's optimizers, those that exist already too, update their
 * weights by a kernel wherever the current backend has one for their rule.
 */
export function fuseOptimizers(): void {
  if (fused) return;
  fused = true;
  fuse(sgd);
  fuse(momentum);
  fuse(adagrad);
  fuse(adadelta);
  fuse(adam);
  fuse(adamax);
  fuse(rmsprop);
}
