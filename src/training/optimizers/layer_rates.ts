import { checkModel } from "../../tfjs/check_model.ts";
import * as tf from "@tensorflow/tfjs";
import { checkData, record, show } from "../../runtime/check_data.ts";
import { applyScaled } from "../../tfjs/scaled_steps.ts";
import { layersWithin } from "../../tfjs/layers_within.ts";
import type { LayersModel, Optimizer, Tensor } from "../../tfjs/types.ts";
import { namePattern } from "./_name_pattern.ts";
import { variableOf } from "../../tfjs/trained_weights.ts";

/** A trainable weight and what its learning rate is multiplied by. */
export interface LayerRate {
  /** The weight's name, such as `"conv2d_1/kernel"`. */
  readonly weight: string;
  /** What the learning rate is multiplied by. */
  readonly factor: number;
}

/** Layer rates in force, until they are disposed. */
export interface LayerRates extends Disposable {
  /** Every trainable weight with its factor, in the model's order. */
  readonly rates: readonly LayerRate[];
  /** Gives every weight the optimizer's own learning rate again. */
  [Symbol.dispose](): void;
}

interface Scaled {
  readonly variable: tf.Variable;
  readonly factor: number;
}

type Gradients = Parameters<Optimizer["applyGradients"]>[0];

const ACTION = "set layer rates";

/** Optimizers with layer rates in force. */
const ACTIVE = new WeakSet<Optimizer>();

/**
 * Of each trainable weight, the names of the layers that it is within, from the
 * outermost, each followed by `layer/weight`, and by the weight's whole name where
 * a wrapper such as `bidirectional` has two of one name.
 */
function namesOf(model: LayersModel): Map<tf.Variable, string[]> {
  const names = new Map<tf.Variable, string[]>();
  for (const layer of layersWithin(model)) {
    for (const weight of layer.trainableWeights) {
      const parts = weight.originalName.split("/");
      const within = parts.slice(Math.min(1, parts.length - 1)).join("/");
      const variable = variableOf(weight);
      const known = names.get(variable) ?? [];
      names.set(variable, [
        ...known,
        layer.name,
        `${layer.name}/${parts.at(-1)}`,
        `${layer.name}/${within}`,
      ]);
    }
  }
  return names;
}

/**
 * Discriminative learning rates: each layer, or weight, learns at the optimizer's
 * rate times a factor of its own. It holds for every optimizer and beside every
 * schedule, which goes on setting the one rate that the factors multiply.
 *
 * What a step of any of tfjs's optimizers adds to a weight is proportional to the
 * learning rate, so the factor is applied to what was added. A factor of 0 freezes
 * a weight to the bit, and one of 1 changes no bit. It costs no memory beyond the
 * step.
 *
 * The factors are tied to the optimizer that the model has now: after another
 * `compile`, call this again.
 *
 * Source: Howard and Ruder, "Universal Language Model Fine-tuning" (2018),
 * section 3.2, {@link https://arxiv.org/abs/1801.06146}.
 *
 * @param model A compiled model.
 * @param factors Factors by pattern: the name of a layer, `"dense_1"`, or of a
 * layer's weight, `"dense_1/bias"`, in which `*` stands for any text. The name of
 * a model within the model stands for all of its layers. The first
 * pattern that matches a weight decides; one that none matches learns at the
 * optimizer's rate.
 * @throws {TypeError} If the model is not compiled, or has layer rates already.
 * @throws {RangeError} If a factor is negative or not finite, or a pattern
 * matches no trainable weight.
 *
 * @example Caffe's habit of letting biases learn at twice the rate
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { layerRates } from "@clr/clr/training";
 *
 * const model = tf.sequential({
 *   layers: [
 *     tf.layers.dense({ name: "body", units: 4, inputShape: [2] }),
 *     tf.layers.dense({ name: "head", units: 1 }),
 *   ],
 * });
 * model.compile({ optimizer: "adam", loss: "meanSquaredError" });
 *
 * using layers = layerRates(model, { "body": 0.1, "*bias": 2 });
 * console.log(layers.rates.map(({ factor }) => factor)); // [0.1, 0.1, 1, 2]
 * ```
 */
export function layerRates(
  model: LayersModel,
  factors: { readonly [pattern: string]: number },
): LayerRates {
  checkModel(ACTION, model);
  const optimizer = model.optimizer;
  if (optimizer === undefined) {
    throw new TypeError(
      `Cannot ${ACTION} as the model must be compiled: call model.compile first`,
    );
  }
  checkData(ACTION, { factors }, record({ factors: record({}) }));
  if (ACTIVE.has(optimizer)) {
    throw new TypeError(
      `Cannot ${ACTION} as the optimizer must have none yet: dispose the others first`,
    );
  }
  const patterns = Object.entries(factors).map(([pattern, factor]) => {
    if (!(Number.isFinite(factor) && factor >= 0)) {
      throw new RangeError(
        `Cannot ${ACTION} as the factor of "${pattern}" must be a finite number >= 0: current value is ${
          show(factor)
        }`,
      );
    }
    return { pattern, factor, expression: namePattern(pattern), used: false };
  });
  const scaled: Scaled[] = [];
  const rates: LayerRate[] = [];
  for (const [variable, names] of namesOf(model)) {
    let factor = 1;
    let decided = false;
    for (const candidate of patterns) {
      if (!names.some((name) => candidate.expression.test(name))) continue;
      candidate.used = true;
      if (!decided) factor = candidate.factor;
      decided = true;
    }
    rates.push({ weight: names.at(-1)!, factor });
    if (factor !== 1) scaled.push({ variable, factor });
  }
  const unused = patterns.find(({ used }) => !used);
  if (unused !== undefined) {
    throw new RangeError(
      `Cannot ${ACTION} as "${unused.pattern}" must match a layer or a weight of ${
        rates.map(({ weight }) => weight).join(", ")
      }`,
    );
  }

  const original = optimizer.applyGradients;
  // One that clips gradients first, say.
  const wrapped = Object.getOwnPropertyDescriptor(optimizer, "applyGradients");
  let isActive = true;
  const stepFactors = new Map(
    scaled.map(({ variable, factor }) => [variable.name, factor]),
  );
  const apply = (gradients: Gradients) => {
    if (!isActive) return original.call(optimizer, gradients);
    if (!wrapped && applyScaled(optimizer, gradients, stepFactors)) return;
    // Clones share their data until the optimizer replaces it.
    const before = scaled.map(({ variable }) => tf.keep(variable.clone()));
    try {
      original.call(optimizer, gradients);
      scaled.forEach(({ variable, factor }, i) =>
        scaleStep(variable, before[i], factor)
      );
    } finally {
      tf.dispose(before);
    }
  };
  optimizer.applyGradients = apply;
  ACTIVE.add(optimizer);
  return {
    rates,
    [Symbol.dispose]() {
      if (!isActive) return;
      isActive = false;
      ACTIVE.delete(optimizer);
      // What was put around it since stays, and calls what was there before.
      if (optimizer.applyGradients !== apply) return;
      // The method of the optimizer's class is back in sight.
      delete (optimizer as Partial<Optimizer>).applyGradients;
      if (wrapped) Object.defineProperty(optimizer, "applyGradients", wrapped);
    },
  };
}

function scaleStep(variable: tf.Variable, before: Tensor, factor: number) {
  tf.tidy(() =>
    variable.assign(
      // Not 0 · step, which would let a NaN through.
      factor === 0
        ? before.clone()
        : before.add(variable.sub(before).mul(factor)),
    )
  );
}
