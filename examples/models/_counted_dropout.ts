import * as tf from "@tensorflow/tfjs";

/** Options of {@linkcode CountedDropout}. */
export type CountedDropoutArgs =
  & ConstructorParameters<typeof tf.layers.Layer>[0]
  & {
    /** The part of the values that becomes 0. */
    rate: number;
    /** The seed of the masks. */
    seed: number;
  };

/**
 * Dropout whose masks follow from a seed and the number of training steps
 * before. tfjs's own is either not seeded or, seeded, drops the same places in
 * every step.
 */
export class CountedDropout extends tf.layers.Layer {
  /** The name that saved models know the layer by. */
  static className = "CountedDropout";
  /** Masks drawn so far; a run that resumes sets it. */
  steps = 0;
  readonly #rate: number;
  readonly #seed: number;

  constructor(args: CountedDropoutArgs) {
    super(args);
    this.#rate = args.rate;
    this.#seed = args.seed;
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
    // A product with a large odd number keeps the seeds of layers apart.
    const seed = (Math.imul(this.#seed, 0x9e3779b1) + this.steps++) >>> 0;
    return tf.tidy(() => tf.dropout(x, this.#rate, undefined, seed));
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), rate: this.#rate, seed: this.#seed };
  }
}

tf.serialization.registerClass(CountedDropout);
