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
import { hasKernel, runKernel } from "./_engine.ts";

/** One weight of a fused update. */
export interface UpdatedWeight {
  readonly value: tf.Variable;
  readonly gradient: tf.Tensor;
  /** Such as the moments of Adam, in the order in which its rule names them. */
  readonly slots: readonly tf.Variable[];
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
}

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

/** The fields of tfjs's optimizers that its types keep to themselves. */
interface Fields {
  learningRate: number;
  epsilon: number;
  incrementIterations(): void;
  [field: string]: unknown;
}

interface SlotField {
  readonly field: string;
  /** What tfjs appends to the weight's name. */
  readonly suffix: string;
  readonly initial?: (optimizer: Fields) => number;
}

interface Rule {
  readonly optimizer: { prototype: tf.Optimizer };
  kernel(optimizer: Fields): string;
  /** The slots of a weight, in the kernel's order. */
  slots(optimizer: Fields): readonly SlotField[];
  scalars?(optimizer: Fields): tf.Tensor[];
  constants?(optimizer: Fields): number[];
  /** What changes once a step rather than once a weight. */
  finish?(optimizer: Fields): void;
}

const firstMoment = { field: "accumulatedFirstMoment", suffix: "m" };

function oneMinus(tensor: unknown): tf.Tensor {
  return tf.sub(1, tensor as tf.Tensor);
}

function multiplyBy(variable: unknown, factor: unknown): void {
  const scaled = variable as tf.Variable;
  scaled.assign(tf.mul(scaled, factor as number));
}

/**
 * The rules, and what their kernels are given. With g the gradient, w the
 * weight, and c the scalars and constants in their order:
 *
 * - `SgdUpdate`: w ← c₀·g + w
 * - `MomentumUpdate`: a ← c₁·a + g, w ← c₀·a + w
 * - `NesterovUpdate`: a ← c₁·a + g, w ← c₀·(g + a·c₁) + w
 * - `AdagradUpdate`: a ← a + g², w ← g / √(a + c₀) · c₁ + w
 * - `AdadeltaUpdate`: d = √(u + c₂) / √(a + c₂) · g, a ← a·c₀ + g²·c₁,
 *   u ← u·c₀ + d²·c₁, w ← d·c₃ + w
 * - `AdamUpdate`: m ← m·c₂ + g·c₃, v ← v·c₄ + g²·c₅,
 *   w ← (m / c₀) / (√(v / c₁) + c₆) · c₇ + w
 * - `AdamaxUpdate`: m ← m·c₁ + g·c₂, u ← max(u·c₃, |g|),
 *   w ← c₀ · (m / (u + c₄)) + w
 * - `RmspropUpdate`: s ← s·c₀ + g²·c₁, a ← a·c₂ + g·c₃ / √(s + c₄), w ← w − a
 * - `CenteredRmspropUpdate`: the same with a third slot, μ ← μ·c₀ + g·c₁, and
 *   √(s − (μ² + c₄))
 *
 * Each operation is rounded to float32, as it is in tfjs.
 */
const rules: readonly Rule[] = [
  {
    optimizer: tf.SGDOptimizer,
    kernel: () => "SgdUpdate",
    slots: () => [],
    scalars: ({ c }) => [c as tf.Tensor],
  },
  {
    optimizer: tf.MomentumOptimizer,
    kernel: ({ useNesterov }) =>
      useNesterov ? "NesterovUpdate" : "MomentumUpdate",
    slots: () => [{ field: "accumulations", suffix: "momentum" }],
    scalars: ({ c, m }) => [c as tf.Tensor, m as tf.Tensor],
  },
  {
    optimizer: tf.AdagradOptimizer,
    kernel: () => "AdagradUpdate",
    slots: () => [{
      field: "accumulatedGrads",
      suffix: "accumulator",
      initial: ({ initialAccumulatorValue }) =>
        initialAccumulatorValue as number,
    }],
    constants: ({ learningRate }) => [tf.backend().epsilon(), -learningRate],
  },
  {
    optimizer: tf.AdadeltaOptimizer,
    kernel: () => "AdadeltaUpdate",
    slots: () => [
      { field: "accumulatedGrads", suffix: "accum_grad" },
      { field: "accumulatedUpdates", suffix: "accum_var" },
    ],
    constants: ({ rho, epsilon, learningRate }) => [
      rho as number,
      1 - (rho as number),
      epsilon,
      -learningRate,
    ],
  },
  {
    optimizer: tf.AdamOptimizer,
    kernel: () => "AdamUpdate",
    slots: () => [
      firstMoment,
      { field: "accumulatedSecondMoment", suffix: "v" },
    ],
    scalars: ({ accBeta1, accBeta2 }) => [
      oneMinus(accBeta1),
      oneMinus(accBeta2),
    ],
    constants: ({ beta1, beta2, epsilon, learningRate }) => [
      beta1 as number,
      1 - (beta1 as number),
      beta2 as number,
      1 - (beta2 as number),
      epsilon,
      -learningRate,
    ],
    finish: ({ accBeta1, accBeta2, beta1, beta2 }) => {
      multiplyBy(accBeta1, beta1);
      multiplyBy(accBeta2, beta2);
    },
  },
  {
    optimizer: tf.AdamaxOptimizer,
    kernel: () => "AdamaxUpdate",
    slots: () => [
      firstMoment,
      { field: "accumulatedWeightedInfNorm", suffix: "v" },
    ],
    scalars: ({ learningRate, iteration, decay, accBeta1 }) => {
      const decayed = tf.mul(iteration as tf.Tensor, decay as number);
      const rate = tf.div(-learningRate, tf.add(decayed, 1));
      return [tf.div(rate, oneMinus(accBeta1))];
    },
    constants: ({ beta1, beta2, epsilon }) => [
      beta1 as number,
      1 - (beta1 as number),
      beta2 as number,
      epsilon,
    ],
    finish: ({ iteration, accBeta1, beta1 }) => {
      const count = iteration as tf.Variable;
      count.assign(tf.add(count, 1));
      multiplyBy(accBeta1, beta1);
    },
  },
  {
    optimizer: tf.RMSPropOptimizer,
    kernel: ({ centered }) =>
      centered ? "CenteredRmspropUpdate" : "RmspropUpdate",
    slots: ({ centered }) => [
      { field: "accumulatedMeanSquares", suffix: "rms" },
      { field: "accumulatedMoments", suffix: "momentum" },
      ...centered ? [{ field: "accumulatedMeanGrads", suffix: "mg" }] : [],
    ],
    constants: ({ decay, momentum, learningRate, epsilon }) => [
      decay as number,
      1 - (decay as number),
      momentum as number,
      learningRate,
      epsilon,
    ],
  },
];

/** A slot as tfjs keeps it, by the weight's place among all weights. */
type Slots = { originalName: string; variable: tf.Variable }[];

/** The weight's slots, made where they are missing, as tfjs would make them. */
function slotsOf(
  optimizer: Fields,
  fields: readonly SlotField[],
  name: string,
  index: number,
): tf.Variable[] {
  const { shape } = tf.engine().registeredVariables[name];
  return fields.map(({ field, suffix, initial }) => {
    const slots = optimizer[field] as Slots;
    slots[index] ??= {
      originalName: `${name}/${suffix}`,
      variable: tf.tidy(() =>
        tf.fill(shape, initial?.(optimizer) ?? 0).variable(false)
      ),
    };
    return slots[index].variable;
  });
}

type ApplyGradients = tf.Optimizer["applyGradients"];

function fuse(rule: Rule): void {
  const { prototype } = rule.optimizer;
  const original: ApplyGradients = prototype.applyGradients;
  function applyGradients(
    this: tf.Optimizer,
    gradients: Parameters<ApplyGradients>[0],
  ): void {
    const optimizer = this as unknown as Fields;
    if (!hasKernel(rule.kernel(optimizer))) {
      return original.call(this, gradients);
    }
    const named = Array.isArray(gradients)
      ? gradients
      : Object.entries(gradients).map(([name, tensor]) => ({ name, tensor }));
    const fused = tf.tidy(() => {
      const fields = rule.slots(optimizer);
      const weights = named.flatMap(({ name, tensor }, i) => {
        // A weight that this step does not move gets its slots all the same.
        const slots = slotsOf(optimizer, fields, name, i);
        const value = tf.engine().registeredVariables[name];
        return tensor == null ? [] : [{ value, gradient: tensor, slots }];
      });
      const update = {
        kernel: rule.kernel(optimizer),
        scalars: rule.scalars?.(optimizer) ?? [],
        constants: rule.constants?.(optimizer) ?? [],
        weights,
      };
      if (!runUpdate(update)) return false;
      rule.finish?.(optimizer);
      return true;
    });
    if (!fused) return original.call(this, gradients);
    optimizer.incrementIterations();
  }
  prototype.applyGradients = applyGradients;
}

let fused = false;

/**
 * Lets all of tfjs's optimizers, those that exist already too, update their
 * weights by a kernel wherever the current backend has one for their rule.
 */
export function fuseOptimizers(): void {
  if (fused) return;
  fused = true;
  rules.forEach(fuse);
}
