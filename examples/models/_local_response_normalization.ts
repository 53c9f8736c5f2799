import * as tf from "@tensorflow/tfjs";

/** Options of {@linkcode WithinChannelNormalization}. */
export type WithinChannelNormalizationArgs =
  & ConstructorParameters<typeof tf.layers.Layer>[0]
  & {
    /** The side of the square window. @default {3} */
    size?: number;
    /** What the mean square is multiplied by. @default {5e-5} */
    alpha?: number;
  };

/**
 * Caffe's local response normalization within a channel (Krizhevsky's "rnorm"):
 * `x / (1 + alpha · m)^0.75`, where m is the mean square over a window around
 * the place, the window's places outside the map counting as zeros.
 *
 * Only the exponent 0.75 is there: it is two square roots, which every backend
 * has fast, where a general power is slow.
 */
export class WithinChannelNormalization extends tf.layers.Layer {
  /** The name that saved models know the layer by. */
  static className = "WithinChannelNormalization";
  readonly #size: number;
  readonly #alpha: number;

  constructor(args: WithinChannelNormalizationArgs = {}) {
    super(args);
    this.#size = args.size ?? 3;
    this.#alpha = args.alpha ?? 5e-5;
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return inputShape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor4D;
    const border = (this.#size - 1) / 2;
    return tf.tidy(() => {
      const pad: [number, number] = [border, border];
      const squares = tf.pad(tf.square(x), [[0, 0], pad, pad, [0, 0]]);
      const mean = tf.avgPool(squares as tf.Tensor4D, this.#size, 1, "valid");
      const root = tf.rsqrt(tf.add(tf.mul(mean, this.#alpha), 1));
      return tf.mul(x, tf.mul(root, tf.sqrt(root)));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), size: this.#size, alpha: this.#alpha };
  }
}

/** Options of {@linkcode AcrossChannelsNormalization}. */
export type AcrossChannelsNormalizationArgs =
  & ConstructorParameters<typeof tf.layers.Layer>[0]
  & {
    /** How many neighbouring channels, the own one in the middle. @default {5} */
    size?: number;
    /** What the mean square is multiplied by. @default {1e-4} */
    alpha?: number;
  };

/**
 * Caffe's local response normalization across channels, as AlexNet and
 * GoogLeNet have it: `x / (1 + alpha · m)^0.75`, where m is the mean square
 * over neighbouring channels at the same place, those that are not there
 * counting as zeros.
 */
export class AcrossChannelsNormalization extends tf.layers.Layer {
  /** The name that saved models know the layer by. */
  static className = "AcrossChannelsNormalization";
  readonly #size: number;
  readonly #alpha: number;

  constructor(args: AcrossChannelsNormalizationArgs = {}) {
    super(args);
    this.#size = args.size ?? 5;
    this.#alpha = args.alpha ?? 1e-4;
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return inputShape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor4D;
    const channels = x.shape[3];
    return tf.tidy(() => {
      // A convolution with a band of ones sums neighbours on every backend,
      // where tfjs's own operation has no WASM kernel.
      const band = tf.tidy(() =>
        tf.linalg.bandPart(
          tf.ones([channels, channels]),
          (this.#size - 1) / 2,
          (this.#size - 1) / 2,
        ).reshape([1, 1, channels, channels])
      );
      const sum = tf.conv2d(tf.square(x), band as tf.Tensor4D, 1, "same");
      const root = tf.rsqrt(tf.add(tf.mul(sum, this.#alpha / this.#size), 1));
      return tf.mul(x, tf.mul(root, tf.sqrt(root)));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), size: this.#size, alpha: this.#alpha };
  }
}

tf.serialization.registerClass(WithinChannelNormalization);
tf.serialization.registerClass(AcrossChannelsNormalization);
