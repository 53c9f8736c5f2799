import * as tf from "@tensorflow/tfjs";

/** Options of {@linkcode CountedLayer}. */
export type CountedLayerArgs =
  & ConstructorParameters<typeof tf.layers.Layer>[0]
  & {
    /** The seed of what is drawn. */
    seed: number;
  };

/**
 * A layer that draws something in each training step, as a function of a seed
 * and the number of steps before. tfjs's own dropout is either not seeded or,
 * seeded, draws the same in every step.
 */
export abstract class CountedLayer extends tf.layers.Layer {
  /** Training steps so far; a run that resumes sets it. */
  steps = 0;
  readonly #seed: number;

  constructor(args: CountedLayerArgs) {
    super(args);
    this.#seed = args.seed;
  }

  /** The seed of the next step, different in each step and each layer. */
  protected nextSeed(): number {
    // A product with a large odd number keeps the seeds of layers apart.
    return (Math.imul(this.#seed, 0x9e3779b1) + this.steps++) >>> 0;
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), seed: this.#seed };
  }
}

/** Makes a model's counted layers draw as after `steps` training steps. */
export function setSteps(model: tf.LayersModel, steps: number): void {
  for (const layer of model.layers) {
    if (layer instanceof CountedLayer) layer.steps = steps;
  }
}

/** Dropout whose masks a run that resumes sees again. */
export class CountedDropout extends CountedLayer {
  /** The name that saved models know the layer by. */
  static className = "CountedDropout";
  readonly #rate: number;

  /** `rate` is the part of the values that becomes 0. */
  constructor(args: CountedLayerArgs & { rate: number }) {
    super(args);
    this.#rate = args.rate;
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return inputShape;
  }

  override call(
    inputs: tf.Tensor | tf.Tensor[],
    kwargs: { training?: boolean },
  ): tf.Tensor {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    if (!kwargs.training) return x;
    const seed = this.nextSeed();
    return tf.tidy(() => tf.dropout(x, this.#rate, undefined, seed));
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), rate: this.#rate };
  }
}

/**
 * The sum of a shortcut and a residual branch, which in training is left out
 * for a whole batch with the probability 1 − `survival` and otherwise weighs
 * `survival` (G. Huang et al., "Deep Networks with Stochastic Depth", 2016).
 */
export class StochasticDepthAdd extends CountedLayer {
  /** The name that saved models know the layer by. */
  static className = "StochasticDepthAdd";
  readonly #survival: number;

  /** `survival` is the probability that the residual branch stays. */
  constructor(args: CountedLayerArgs & { survival: number }) {
    super(args);
    this.#survival = args.survival;
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    return (inputShape as tf.Shape[])[0];
  }

  override call(
    inputs: tf.Tensor | tf.Tensor[],
    kwargs: { training?: boolean },
  ): tf.Tensor {
    const [shortcut, residual] = inputs as tf.Tensor[];
    return tf.tidy(() => {
      if (!kwargs.training) {
        return tf.add(shortcut, tf.mul(residual, this.#survival));
      }
      const draw = tf.randomUniform([], 0, 1, "float32", this.nextSeed());
      const gate = tf.cast(tf.less(draw, this.#survival), "float32");
      return tf.add(shortcut, tf.mul(residual, gate));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), survival: this.#survival };
  }
}

tf.serialization.registerClass(CountedDropout);
tf.serialization.registerClass(StochasticDepthAdd);
