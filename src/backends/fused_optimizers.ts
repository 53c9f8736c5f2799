/**
 * An optimizer's update of a variable as one kernel, for the backends that have
 * it. tfjs makes of each update five to fifteen small operations, and a tensor of
 * each; a kernel reads and writes everything once.
 *
 * A backend joins in by registering the kernel {@linkcode OPTIMIZER_UPDATE}. On
 * one that has none, the optimizers do what they always did. Everything about
 * them stays: their fields, the slots with their names and order, and the rate
 * and momentum in force, which tfjs caches in tensors for some.
 */

import * as tf from "@tensorflow/tfjs";

/** The name of the kernel that updates a variable and its slots. */
export const OPTIMIZER_UPDATE = "OptimizerUpdate";

/**
 * How a value `w` with the gradient `g` and the slots `a`, `b`, `c` changes, in
 * this order, with the numbers `n0`, `n1`, … of the attributes, which are double
 * precision: in single, `1 - 0.999` is off by 1e-5.
 *
 * - `sgd`: `w += n0 g`
 * - `momentum`: `a = n1 a + g; w += n0 a`
 * - `nesterov`: `a = n1 a + g; w += n0 (g + n1 a)`
 * - `adagrad`: `a += g²; w += n0 g / √(a + n1)`
 * - `adadelta`: `u = √(b + n2) / √(a + n2) g; a = n1 a + (1 - n1) g²;
 *   b = n1 b + (1 - n1) u²; w += n0 u`
 * - `adam`: `a = n1 a + (1 - n1) g; b = n2 b + (1 - n2) g²;
 *   w += n0 (a / n4) / (√(b / n5) + n3)`
 * - `adamax`: `a = n1 a + (1 - n1) g; b = max(n2 b, |g|); w += n0 a / (b + n3)`
 * - `rmsprop`: `a = n1 a + (1 - n1) g²; b = n2 b + n0 g / √(a + n3); w -= b`
 * - `rmsprop-centered`: `a` as before; `c = n1 c + (1 - n1) g;
 *   b = n2 b + n0 g / √(a - (c² + n3)); w -= b`
 */
export type OptimizerRule =
  | "sgd"
  | "momentum"
  | "nesterov"
  | "adagrad"
  | "adadelta"
  | "adam"
  | "adamax"
  | "rmsprop"
  | "rmsprop-centered";

/** What the kernel is told beside the tensors. */
export interface OptimizerUpdateAttributes {
  /** The rule. */
  readonly rule: OptimizerRule;
  /** Its numbers, in the order of the rule. */
  readonly numbers: readonly number[];
}

/**
 * What the kernel is given: the variable, its gradient, and its slots by the
 * letters of {@linkcode OptimizerRule}. It returns the new value and the new
 * slots, in this order. As each is put in the place of the old one at once, it
 * may write over the data of those that nothing else shares.
 */
export interface OptimizerUpdateInputs {
  /** The variable's value. */
  readonly value: tf.TensorInfo;
  /** The gradient of the loss with respect to it. */
  readonly gradient: tf.TensorInfo;
  /** The first slot. */
  readonly a?: tf.TensorInfo;
  /** The second slot. */
  readonly b?: tf.TensorInfo;
  /** The third slot. */
  readonly c?: tf.TensorInfo;
}

type Gradients = Parameters<tf.Optimizer["applyGradients"]>[0];

/** What tfjs keeps of a variable in an optimizer's list. */
interface Slot {
  originalName: string;
  variable: tf.Variable;
}

/** An optimizer's protected fields. */
// deno-lint-ignore no-explicit-any -- they differ from class to class
type Fields = any;

/** Where a rule keeps one of its slots. */
interface SlotPlace {
  readonly list: string;
  readonly suffix: string;
  /** What it starts with, if not with 0. */
  readonly initial?: (optimizer: Fields) => number;
}

/** How an optimizer of tfjs maps to the kernel. */
interface Mapping {
  readonly prototype: object;
  readonly rule: (optimizer: Fields) => OptimizerRule;
  readonly slots: (optimizer: Fields) => readonly SlotPlace[];
  readonly numbers: (optimizer: Fields) => number[];
  /** What happens once a step, after all variables. */
  readonly after?: (optimizer: Fields) => void;
}

const moments: readonly SlotPlace[] = [
  { list: "accumulatedFirstMoment", suffix: "m" },
  { list: "accumulatedSecondMoment", suffix: "v" },
];

const mappings: readonly Mapping[] = [
  {
    prototype: tf.SGDOptimizer.prototype,
    rule: () => "sgd",
    slots: () => [],
    numbers: ({ c }) => [numberIn(c)],
  },
  {
    prototype: tf.MomentumOptimizer.prototype,
    rule: ({ useNesterov }) => useNesterov ? "nesterov" : "momentum",
    slots: () => [{ list: "accumulations", suffix: "momentum" }],
    numbers: ({ c, m }) => [numberIn(c), numberIn(m)],
  },
  {
    prototype: tf.AdagradOptimizer.prototype,
    rule: () => "adagrad",
    slots: () => [{
      list: "accumulatedGrads",
      suffix: "accumulator",
      initial: ({ initialAccumulatorValue }) => initialAccumulatorValue,
    }],
    numbers: ({ learningRate }) => [-learningRate, tf.backend().epsilon()],
  },
  {
    prototype: tf.AdadeltaOptimizer.prototype,
    rule: () => "adadelta",
    slots: () => [
      { list: "accumulatedGrads", suffix: "accum_grad" },
      { list: "accumulatedUpdates", suffix: "accum_var" },
    ],
    numbers: ({ learningRate, rho, epsilon }) => [-learningRate, rho, epsilon],
  },
  {
    prototype: tf.AdamOptimizer.prototype,
    rule: () => "adam",
    slots: () => moments,
    numbers: ({ learningRate, beta1, beta2, epsilon, accBeta1, accBeta2 }) => [
      -learningRate,
      beta1,
      beta2,
      epsilon,
      Math.fround(1 - numberIn(accBeta1)),
      Math.fround(1 - numberIn(accBeta2)),
    ],
    after({ beta1, beta2, accBeta1, accBeta2 }) {
      accBeta1.assign(tf.mul(accBeta1, beta1));
      accBeta2.assign(tf.mul(accBeta2, beta2));
    },
  },
  {
    prototype: tf.AdamaxOptimizer.prototype,
    rule: () => "adamax",
    slots: () => [
      moments[0],
      { list: "accumulatedWeightedInfNorm", suffix: "v" },
    ],
    numbers(optimizer) {
      const { learningRate, beta1, beta2, epsilon, decay } = optimizer;
      const rate = -learningRate / (1 + numberIn(optimizer.iteration) * decay);
      const correction = Math.fround(1 - numberIn(optimizer.accBeta1));
      return [rate / correction, beta1, beta2, epsilon];
    },
    after({ iteration, accBeta1, beta1 }) {
      iteration.assign(tf.add(iteration, 1));
      accBeta1.assign(tf.mul(accBeta1, beta1));
    },
  },
  {
    prototype: tf.RMSPropOptimizer.prototype,
    rule: ({ centered }) => centered ? "rmsprop-centered" : "rmsprop",
    slots: ({ centered }) => [
      { list: "accumulatedMeanSquares", suffix: "rms" },
      { list: "accumulatedMoments", suffix: "momentum" },
      ...centered ? [{ list: "accumulatedMeanGrads", suffix: "mg" }] : [],
    ],
    numbers: ({ learningRate, decay, momentum, epsilon }) => [
      learningRate,
      decay,
      momentum,
      epsilon,
    ],
  },
];

/** Numbers that were read from tensors, by the data that hold them. */
const known = new WeakMap<object, number>();

/**
 * The number in a scalar. tfjs caches rates in tensors; where one is on the GPU,
 * it is read once, as tensors never change.
 */
function numberIn(scalar: tf.Tensor): number {
  let number = known.get(scalar.dataId);
  if (number === undefined) {
    known.set(scalar.dataId, number = scalar.dataSync()[0]);
  }
  return number;
}

let installed = false;

/**
 * Lets tfjs's seven optimizers use {@linkcode OPTIMIZER_UPDATE} on backends that
 * register it. Calling it again changes nothing.
 */
export function installFusedOptimizers(): void {
  if (installed) return;
  installed = true;
  for (const mapping of mappings) {
    const prototype = mapping.prototype as tf.Optimizer;
    const stock = prototype.applyGradients;
    prototype.applyGradients = function (gradients: Gradients) {
      const updates = fusable(gradients);
      if (updates) applyFused(this, mapping, updates);
      else stock.call(this, gradients);
    };
  }
}

/** A variable with its gradient, where it has one. */
interface Update {
  readonly name: string;
  readonly value: tf.Variable;
  readonly gradient: tf.Tensor | null | undefined;
}

/** What to update, if the backend's kernel can do all of it. */
function fusable(gradients: Gradients): Update[] | undefined {
  if (tf.getKernel(OPTIMIZER_UPDATE, tf.getBackend()) === undefined) {
    return undefined;
  }
  const variables = tf.engine().registeredVariables;
  const updates = Array.isArray(gradients)
    ? gradients.map(({ name, tensor }) => ({
      name,
      value: variables[name],
      gradient: tensor,
    }))
    : Object.entries(gradients).map(([name, gradient]) => ({
      name,
      value: variables[name],
      gradient,
    }));
  const isPlain = ({ value, gradient }: Update) =>
    gradient == null ||
    value.dtype === "float32" && gradient.dtype === "float32" &&
      tf.util.arraysEqual(value.shape, gradient.shape);
  return updates.every(isPlain) ? updates : undefined;
}

function applyFused(
  optimizer: tf.Optimizer,
  { rule, slots, numbers, after }: Mapping,
  updates: readonly Update[],
): void {
  const places = slots(optimizer);
  const attributes: OptimizerUpdateAttributes = {
    rule: rule(optimizer),
    numbers: numbers(optimizer),
  };
  updates.forEach(({ name, value, gradient }, i) => {
    const variables = places.map((place) =>
      slotOf(optimizer, place, { name, value, index: i })
    );
    if (gradient == null) return;
    const [a, b, c] = variables;
    tf.tidy(() => {
      const updated = tf.engine().runKernel(
        OPTIMIZER_UPDATE,
        {
          value,
          gradient,
          ...a && { a },
          ...b && { b },
          ...c && { c },
        } as unknown as tf.NamedTensorMap,
        attributes as unknown as tf.NamedAttrMap,
      ) as tf.Tensor[];
      [value, ...variables].forEach((variable, j) =>
        variable.assign(updated[j])
      );
    });
  });
  if (after) tf.tidy(() => after(optimizer));
  (optimizer as Fields).incrementIterations();
  // A step ends here: a backend that gathers its commands hands them on.
  (tf.backend() as Partial<{ flush(): void }>).flush?.();
}

/** A variable's slot, made where it is the first step, as tfjs makes it. */
function slotOf(
  optimizer: Fields,
  { list, suffix, initial }: SlotPlace,
  { name, value, index }: { name: string; value: tf.Variable; index: number },
): tf.Variable {
  const slots: Slot[] = optimizer[list];
  slots[index] ??= {
    originalName: `${name}/${suffix}`,
    variable: tf.tidy(() => {
      const start = initial
        ? tf.fill(value.shape, initial(optimizer))
        : tf.zerosLike(value);
      return start.variable(false);
    }),
  };
  return slots[index].variable;
}
