import * as tf from "@tensorflow/tfjs";

/**
 * `x · (1 + strength · m)^−0.75`, where m = mean(x²) for a linear and symmetric
 * `mean` over a neighbourhood of each place.
 *
 * Only the exponent 0.75 is there: it is two square roots, which every backend
 * has fast, where a general power is slow. The gradient is given in closed form,
 * `dy · f − 1.5 · strength · x · mean(dy · f · x / (1 + strength · m))` with
 * `f = (1 + strength · m)^−0.75`: tfjs's own goes through such a power.
 */
function normalize(
  x: tf.Tensor4D,
  strength: number,
  mean: (values: tf.Tensor4D) => tf.Tensor4D,
): tf.Tensor4D {
  const operation = tf.customGrad((input, save) => {
    const x = input as tf.Tensor4D;
    const root = tf.rsqrt(tf.add(tf.mul(mean(tf.square(x)), strength), 1));
    const factor = tf.mul(root, tf.sqrt(root));
    (save as tf.GradSaveFunc)([x, root, factor]);
    return {
      value: tf.mul(x, factor),
      gradFunc: (dy, saved) => {
        const [x, root, factor] = saved as tf.Tensor4D[];
        const through = tf.mul(dy as tf.Tensor4D, factor);
        const shared = mean(tf.mul(tf.mul(through, x), tf.square(root)));
        return tf.sub(through, tf.mul(tf.mul(x, 1.5 * strength), shared));
      },
    };
  });
  return tf.tidy(() => operation(x) as tf.Tensor4D);
}

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
    const pad: [number, number] = [border, border];
    return normalize(x, this.#alpha, (values) =>
      tf.avgPool(
        tf.pad(values, [[0, 0], pad, pad, [0, 0]]) as tf.Tensor4D,
        this.#size,
        1,
        "valid",
      ));
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
    // A convolution with a band takes the mean of neighbours on every backend,
    // where tfjs's own operation has no WASM kernel.
    return normalize(x, this.#alpha, (values) => {
      const band = tf.linalg.bandPart(
        tf.fill([channels, channels], 1 / this.#size),
        (this.#size - 1) / 2,
        (this.#size - 1) / 2,
      ).reshape([1, 1, channels, channels]) as tf.Tensor4D;
      return tf.conv2d(values, band, 1, "same");
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), size: this.#size, alpha: this.#alpha };
  }
}

tf.serialization.registerClass(WithinChannelNormalization);
tf.serialization.registerClass(AcrossChannelsNormalization);
