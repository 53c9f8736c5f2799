/**
 * What each of tfjs's optimizers does in a step: its kernel, its slots and its
 * numbers, by the fields that tfjs's types keep to themselves. With g the
 * gradient, w the weight, and c the scalars and constants in their order:
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
 *   √(max(s − μ², 0) + c₄)
 *
 * Each operation is rounded to float32, as it is in tfjs. The last rule alone is
 * another than tfjs's (4.22), which takes its ε away: √(s − μ² − ε), NaN as soon
 * as a gradient is near 0 or stays as it is.
 */

import * as tf from "@tensorflow/tfjs";

/** A slot as tfjs keeps it, by the weight's place among all weights. */
type Slots = { originalName: string; variable: tf.Variable }[];

/** What every optimizer has. */
export interface Fields {
  readonly learningRate: number;
  incrementIterations(): void;
}

/** A slot of each weight. */
export interface SlotField<Own> {
  slots(optimizer: Own): Slots;
  /** What tfjs appends to the weight's name. */
  readonly suffix: string;
  initial?(optimizer: Own): number;
}

/** What an optimizer does in a step. */
export interface Rule<Own extends Fields> {
  readonly optimizer: { prototype: tf.Optimizer };
  kernel(optimizer: Own): string;
  /** The slots of a weight, in the kernel's order. */
  slots(optimizer: Own): readonly SlotField<Own>[];
  scalars?(optimizer: Own): tf.Tensor[];
  constants?(optimizer: Own): number[];
  /** What changes once a step rather than once a weight. */
  finish?(optimizer: Own): void;
}

interface SgdFields extends Fields {
  /** Minus the rate. */
  readonly c: tf.Tensor;
}

interface MomentumFields extends SgdFields {
  readonly m: tf.Tensor;
  readonly useNesterov: boolean;
  readonly accumulations: Slots;
}

interface AdagradFields extends Fields {
  readonly initialAccumulatorValue: number;
  readonly accumulatedGrads: Slots;
}

interface AdadeltaFields extends Fields {
  readonly rho: number;
  readonly epsilon: number;
  readonly accumulatedGrads: Slots;
  readonly accumulatedUpdates: Slots;
}

interface BetaFields extends Fields {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** The power of beta1 of the next step. */
  readonly accBeta1: tf.Variable;
  readonly accumulatedFirstMoment: Slots;
}

interface AdamFields extends BetaFields {
  readonly accBeta2: tf.Variable;
  readonly accumulatedSecondMoment: Slots;
}

interface AdamaxFields extends BetaFields {
  readonly decay: number;
  readonly iteration: tf.Variable;
  readonly accumulatedWeightedInfNorm: Slots;
}

interface RmspropFields extends Fields {
  readonly decay: number;
  readonly momentum: number;
  readonly epsilon: number;
  readonly centered: boolean;
  readonly accumulatedMeanSquares: Slots;
  readonly accumulatedMoments: Slots;
  readonly accumulatedMeanGrads: Slots;
}

const firstMoment: SlotField<BetaFields> = {
  slots: ({ accumulatedFirstMoment }) => accumulatedFirstMoment,
  suffix: "m",
};

function multiplyBy(variable: tf.Variable, factor: number): void {
  variable.assign(tf.mul(variable, factor));
}

/** The rule of `tf.SGDOptimizer`. */
export const sgd: Rule<SgdFields> = {
  optimizer: tf.SGDOptimizer,
  kernel: () => "SgdUpdate",
  slots: () => [],
  scalars: ({ c }) => [c],
};

/** The rule of `tf.MomentumOptimizer`. */
export const momentum: Rule<MomentumFields> = {
  optimizer: tf.MomentumOptimizer,
  kernel: ({ useNesterov }) =>
    useNesterov ? "NesterovUpdate" : "MomentumUpdate",
  slots:
    () => [{ slots: ({ accumulations }) => accumulations, suffix: "momentum" }],
  scalars: ({ c, m }) => [c, m],
};

/** The rule of `tf.AdagradOptimizer`. */
export const adagrad: Rule<AdagradFields> = {
  optimizer: tf.AdagradOptimizer,
  kernel: () => "AdagradUpdate",
  slots: () => [{
    slots: ({ accumulatedGrads }) => accumulatedGrads,
    suffix: "accumulator",
    initial: ({ initialAccumulatorValue }) => initialAccumulatorValue,
  }],
  constants: ({ learningRate }) => [tf.backend().epsilon(), -learningRate],
};

/** The rule of `tf.AdadeltaOptimizer`. */
export const adadelta: Rule<AdadeltaFields> = {
  optimizer: tf.AdadeltaOptimizer,
  kernel: () => "AdadeltaUpdate",
  slots: () => [
    { slots: ({ accumulatedGrads }) => accumulatedGrads, suffix: "accum_grad" },
    {
      slots: ({ accumulatedUpdates }) => accumulatedUpdates,
      suffix: "accum_var",
    },
  ],
  constants: ({ rho, epsilon, learningRate }) => [
    rho,
    1 - rho,
    epsilon,
    -learningRate,
  ],
};

/** The rule of `tf.AdamOptimizer`. */
export const adam: Rule<AdamFields> = {
  optimizer: tf.AdamOptimizer,
  kernel: () => "AdamUpdate",
  slots: () => [
    firstMoment,
    {
      slots: ({ accumulatedSecondMoment }) => accumulatedSecondMoment,
      suffix: "v",
    },
  ],
  scalars: ({ accBeta1, accBeta2 }) => [
    tf.sub(1, accBeta1),
    tf.sub(1, accBeta2),
  ],
  constants: ({ beta1, beta2, epsilon, learningRate }) => [
    beta1,
    1 - beta1,
    beta2,
    1 - beta2,
    epsilon,
    -learningRate,
  ],
  finish: ({ accBeta1, accBeta2, beta1, beta2 }) => {
    multiplyBy(accBeta1, beta1);
    multiplyBy(accBeta2, beta2);
  },
};

/** The rule of `tf.AdamaxOptimizer`. */
export const adamax: Rule<AdamaxFields> = {
  optimizer: tf.AdamaxOptimizer,
  kernel: () => "AdamaxUpdate",
  slots: () => [
    firstMoment,
    {
      slots: ({ accumulatedWeightedInfNorm }) => accumulatedWeightedInfNorm,
      suffix: "v",
    },
  ],
  scalars: ({ learningRate, iteration, decay, accBeta1 }) => {
    const decayed = tf.mul(iteration, decay);
    const rate = tf.div(-learningRate, tf.add(decayed, 1));
    return [tf.div(rate, tf.sub(1, accBeta1))];
  },
  constants: ({ beta1, beta2, epsilon }) => [
    beta1,
    1 - beta1,
    beta2,
    epsilon,
  ],
  finish: ({ iteration, accBeta1, beta1 }) => {
    iteration.assign(tf.add(iteration, 1));
    multiplyBy(accBeta1, beta1);
  },
};

const meanOfGradients: SlotField<RmspropFields> = {
  slots: ({ accumulatedMeanGrads }) => accumulatedMeanGrads,
  suffix: "mg",
};

/** The rule of `tf.RMSPropOptimizer`. */
export const rmsprop: Rule<RmspropFields> = {
  optimizer: tf.RMSPropOptimizer,
  kernel: ({ centered }) =>
    centered ? "CenteredRmspropUpdate" : "RmspropUpdate",
  slots: ({ centered }) => [
    {
      slots: ({ accumulatedMeanSquares }) => accumulatedMeanSquares,
      suffix: "rms",
    },
    {
      slots: ({ accumulatedMoments }) => accumulatedMoments,
      suffix: "momentum",
    },
    ...centered ? [meanOfGradients] : [],
  ],
  constants: ({ decay, momentum, learningRate, epsilon, centered }) => [
    decay,
    1 - decay,
    momentum,
    learningRate,
    // With a minus tfjs's own adds it: whoever gives one means this rule.
    centered ? Math.abs(epsilon) : epsilon,
  ],
};
