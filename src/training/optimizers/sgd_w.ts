import * as tf from "@tensorflow/tfjs";
import {
  type Gradients,
  MomentumBase,
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
import { checkOptions, flag } from "../../runtime/check_data.ts";
import { checkNames } from "../../runtime/check_names.ts";
import { showInConsole } from "../../runtime/console.ts";

const NAMES = Object.keys(
  {
    momentum: 0,
    useNesterov: 0,
    weightDecay: 0,
    exclude: 0,
  } satisfies Record<keyof SGDWOptions, 0>,
);

/** Options of {@linkcode SGDW}. */
export interface SGDWOptions extends WeightDecayOptions {
  /** What of the last step goes into the next, in [0, 1). @default {0.9} */
  momentum?: number;
  /** Whether the gradient is taken as of one step ahead. @default {false} */
  useNesterov?: boolean;
}

/**
 * Stochastic gradient descent with momentum and decoupled weight decay: a step
 * first multiplies each weight by 1 − rate · λ and then takes Momentum's own
 * step. An L2 penalty goes through the momentum instead, which delays it.
 *
 * With `m` the accumulated gradients: `w ← w · (1 − rate · λ)`, `m ← momentum · m
 * + g`, `w ← w − rate · m`, or with Nesterov `w − rate · (g + momentum · m)`.
 *
 * Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2017),
 * {@link https://arxiv.org/abs/1711.05101}.
 *
 * @throws {RangeError} If the rate or `weightDecay` is negative or not finite, or
 * `momentum` not within [0, 1).
 * @throws {TypeError} If `exclude` is no array of names.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { CyclicLR } from "@clr/clr";
 * import { SGDW } from "@clr/clr/training";
 *
 * const w = tf.variable(tf.scalar(1));
 * const optimizer = new SGDW(0.1, { weightDecay: 0.05 });
 * const clr = new CyclicLR({ baseLr: 0.01, maxLr: 0.1, stepSize: 4 })
 *   .attach(optimizer);
 * for (let batch = 0; batch < 8; batch++) {
 *   optimizer.minimize(() => w.sub(3).square().asScalar());
 *   clr.step();
 * }
 * ```
 */
export class SGDW extends MomentumBase {
  /** The decay λ of the next step. */
  weightDecay: number;
  /** Names of variables that do not decay. */
  readonly exclude: readonly string[];

  /** Creates an optimizer with no step taken. */
  constructor(learningRate = 0.01, options: SGDWOptions = {}) {
    checkNames("create SGDW", options, NAMES);
    checkOptions("create SGDW", options, { useNesterov: flag });
    const {
      momentum = 0.9,
      useNesterov = false,
    } = options;
    checkNotNegative("create SGDW", { learningRate });
    checkShare("create SGDW", { momentum });
    const { weightDecay, exclude } = weightDecayOf(options);
    super(learningRate, momentum, useNesterov);
    this.weightDecay = weightDecay;
    this.exclude = exclude;
  }

  /** The name by which tfjs saves it. */
  static get className(): string {
    return "SGDW";
  }

  /** Called by tfjs with the gradients of a batch. */
  override applyGradients(gradients: Gradients): void {
    prepareStep(this, gradients);
    super.applyGradients(gradients);
  }

  /** Frees its tensors. */
  override dispose(): void {
    super.dispose();
    // Momentum's own dispose forgets the tensor that caches the rate.
    tf.SGDOptimizer.prototype.dispose.call(this);
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
    cls: new (learningRate: number, options: SGDWOptions) => T,
    config: SGDWOptions & { learningRate: number },
  ): T {
    return fromConfigWithDecay(cls, config, NAMES);
  }
}

showInConsole(SGDW);
tf.serialization.registerClass(SGDW as never);
