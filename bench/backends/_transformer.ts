import * as tf from "@tensorflow/tfjs";

const TOKENS = 64;
const WIDTH = 256;
const HEADS = 4;
const HIDDEN = 1024;
const CLASSES = 10;

interface Weights {
  readonly [name: string]: tf.Variable;
}

function createWeights(): Weights {
  const matrix = (rows: number, columns: number) =>
    tf.variable(tf.randomNormal([rows, columns], 0, 1 / Math.sqrt(rows)));
  const constant = (size: number, value: number) =>
    tf.variable(tf.fill([size], value));
  return {
    projection: matrix(WIDTH, 3 * WIDTH),
    projectionBias: constant(3 * WIDTH, 0),
    output: matrix(WIDTH, WIDTH),
    outputBias: constant(WIDTH, 0),
    scale1: constant(WIDTH, 1),
    shift1: constant(WIDTH, 0),
    expand: matrix(WIDTH, HIDDEN),
    expandBias: constant(HIDDEN, 0),
    reduce: matrix(HIDDEN, WIDTH),
    reduceBias: constant(WIDTH, 0),
    scale2: constant(WIDTH, 1),
    shift2: constant(WIDTH, 0),
    classes: matrix(WIDTH, CLASSES),
    classesBias: constant(CLASSES, 0),
  };
}

function dense(
  x: tf.Tensor2D,
  { weights, bias, activation = "linear" }: {
    readonly weights: tf.Variable;
    readonly bias: tf.Variable;
    readonly activation?: "linear" | "relu";
  },
): tf.Tensor2D {
  const b = weights as unknown as tf.Tensor2D;
  return tf.fused.matMul({ a: x, b, bias, activation }) as tf.Tensor2D;
}

function layerNorm(
  x: tf.Tensor2D,
  scale: tf.Variable,
  shift: tf.Variable,
): tf.Tensor2D {
  const { mean, variance } = tf.moments(x, -1, true);
  const normalized = x.sub(mean).mul(variance.add(1e-5).rsqrt());
  return normalized.mul(scale).add(shift) as tf.Tensor2D;
}

function attention(x: tf.Tensor2D, w: Weights): tf.Tensor2D {
  const perHead = WIDTH / HEADS;
  const [query, key, value] = tf.split(
    dense(x, { weights: w.projection, bias: w.projectionBias }),
    3,
    1,
  ).map((part) =>
    part.reshape([-1, TOKENS, HEADS, perHead]).transpose([0, 2, 1, 3])
  );
  const scores = tf.matMul(query, key, false, true).mul(perHead ** -0.5);
  const mixed = tf.matMul(tf.softmax(scores), value).transpose([0, 2, 1, 3])
    .reshape([-1, WIDTH]) as tf.Tensor2D;
  return dense(mixed, { weights: w.output, bias: w.outputBias });
}

/**
 * One encoder block (A. Vaswani et al., "Attention Is All You Need", 2017) over
 * 64 tokens of width 256, with 4 heads and 1,024 hidden units, the mean over the
 * tokens and ten classes; Adam.
 */
export function createTransformerStep(
  batchSize: number,
): () => Promise<unknown> {
  const w = createWeights();
  const optimizer = tf.train.adam(0.001);
  const tokens = tf.randomNormal([batchSize * TOKENS, WIDTH]) as tf.Tensor2D;
  const labels = tf.oneHot(
    tf.randomUniform([batchSize], 0, CLASSES, "int32"),
    CLASSES,
  ) as tf.Tensor2D;
  const loss = () => {
    const x = layerNorm(tokens.add(attention(tokens, w)), w.scale1, w.shift1);
    const hidden = dense(x, {
      weights: w.expand,
      bias: w.expandBias,
      activation: "relu",
    });
    const y = layerNorm(
      x.add(
        dense(hidden, { weights: w.reduce, bias: w.reduceBias }),
      ) as tf.Tensor2D,
      w.scale2,
      w.shift2,
    );
    const pooled = y.reshape([batchSize, TOKENS, WIDTH]).mean(1) as tf.Tensor2D;
    const logits = dense(pooled, { weights: w.classes, bias: w.classesBias });
    return tf.losses.softmaxCrossEntropy(labels, logits) as tf.Scalar;
  };
  return async () => {
    const value = optimizer.minimize(loss, true)!;
    await value.data();
    value.dispose();
  };
}
