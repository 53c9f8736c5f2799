import * as tf from "@tensorflow/tfjs";
import {
  AdamBase,
  type Gradients,
  type OptimizerConfig,
} from "../../tfjs/optimizer_bases.ts";
import {
  checkNotNegative,
  checkShare,
  configWithDecay,
  describeOptimizer,
  fromConfigWithDecay,
  prepareStep,
  weightDecayOf,
  type WeightDecayOptions,
} from "./weight_decay.ts";
import { checkNames } from "../../runtime/check_names.ts";
import { showInConsole } from "../../runtime/console.ts";

const NAMES = Object.keys(
  {
    beta1: 0,
    beta2: 0,
    epsilon: 0,
    weightDecay: 0,
    exclude: 0,
  } satisfies Record<keyof AdamWOptions, 0>,
);

/** Options of {@linkcode AdamW}. */
export interface AdamWOptions extends WeightDecayOptions {
  /** Decay of the mean of gradients, which `momentum` cycles. @default {0.9} */
  beta1?: number;
  /** Decay of the mean of their squares. @default {0.999} */
  beta2?: number;
  /** Added to the root that a step is divided by. @default {1e-8} */
  epsilon?: number;
}

/**
 * Adam with decoupled weight decay: a step first multiplies each weight by
 * 1 − rate · λ and then takes Adam's own step, which knows nothing of the decay.
 * An L2 penalty on the loss, which Adam divides by the size of the gradients as
 * everything else, decays weights with large gradients less than others.
 *
 * The rule of PyTorch's and Keras's optimizers of this name; tfjs keeps the powers
 * of beta in float32, so that weights come within some 1e-6 of PyTorch's over 50
 * steps at rates of a few thousandths. The decay follows the learning rate, and so
 * its schedule; `weightDecay` can be set between steps.
 *
 * Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2017),
 * {@link https://arxiv.org/abs/1711.05101}.
 *
 * @throws {RangeError} If the rate, `epsilon` or `weightDecay` is negative or not
 * finite, or `beta1` or `beta2` not within [0, 1).
 * @throws {TypeError} If `exclude` is no array of names.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { AdamW } from "@clr/clr/training";
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
 * });
 * model.compile({
 *   optimizer: new AdamW(0.001, { weightDecay: 0.05, exclude: ["*bias"] }),
 *   loss: "meanSquaredError",
 * });
 * const xs = tf.randomNormal([64, 2]);
 * await model.fit(xs, xs.sum(1, true), { epochs: 2, verbose: 0 });
 * ```
 */
export class AdamW extends AdamBase {
  /** The decay λ of the next step. */
  weightDecay: number;
  /** Names of variables that do not decay. */
  readonly exclude: readonly string[];

  /** Creates an optimizer with no step taken. */
  constructor(learningRate = 0.001, options: AdamWOptions = {}) {
    checkNames("create AdamW", options, NAMES);
    const {
      beta1 = 0.9,
      beta2 = 0.999,
      epsilon = 1e-8,
    } = options;
    checkNotNegative("create AdamW", { learningRate, epsilon });
    checkShare("create AdamW", { beta1, beta2 });
    const { weightDecay, exclude } = weightDecayOf(options);
    super(learningRate, beta1, beta2, epsilon);
    this.weightDecay = weightDecay;
    this.exclude = exclude;
  }

  /** The name by which tfjs saves it. */
  static get className(): string {
    return "AdamW";
  }

  /** Called by tfjs with the gradients of a batch. */
  override applyGradients(gradients: Gradients): void {
    prepareStep(this, gradients);
    super.applyGradients(gradients);
  }

  /** What tfjs saves of it. */
  override getConfig(): OptimizerConfig {
    return configWithDecay(super.getConfig(), this);
  }

  /** Its settings and how far it is, in a line, which `console.log` shows. */
  override toString(): string {
    return describeOptimizer(this);
  }

  /** Called by tfjs with what `getConfig` gave. */
  static fromConfig<T>(
    cls: new (learningRate: number, options: AdamWOptions) => T,
    config: AdamWOptions & { learningRate: number },
  ): T {
    return fromConfigWithDecay(cls, config, NAMES);
  }
}

showInConsole(AdamW);
tf.serialization.registerClass(AdamW as never);
