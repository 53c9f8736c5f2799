import * as tf from "@tensorflow/tfjs";

/**
 * A tensor of values N(0, stddev²) from a seed, for networks of tens of
 * millions of weights: tfjs's own generator is several times slower.
 */
export function gaussianTensor(
  shape: number[],
  stddev: number,
  seed: number,
): tf.Tensor {
  const values = new Float32Array(tf.util.sizeFromShape(shape));
  let bits = (Math.imul(seed, 0x9e3779b1) ^ 0x2545f491) | 1;
  const uniform = () => {
    bits ^= bits << 13;
    bits ^= bits >>> 17;
    bits ^= bits << 5;
    return ((bits >>> 0) + 0.5) / 2 ** 32;
  };
  // The first numbers of similar seeds are similar.
  for (let i = 0; i < 16; i++) uniform();
  // Box and Muller: two uniform numbers give two normal ones.
  for (let i = 0; i < values.length; i += 2) {
    const radius = stddev * Math.sqrt(-2 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    values[i] = radius * Math.cos(angle);
    values[i + 1] = radius * Math.sin(angle);
  }
  return tf.tensor(values, shape);
}
