import * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { selectBackend } from "@clr/clr/backends";
import { values } from "../wasm/_compare.ts";

const RATE = 2;
const WINDOW = 3;
const REACH = (WINDOW - 1) * RATE + 1;

interface Settings {
  readonly padding: "same" | "valid";
  readonly dataFormat: "channelsFirst" | "channelsLast";
  readonly activation?: "elu" | "relu" | "tanh";
}

/** The kernel's values `RATE` apart, zeros between them. */
function spread(kernel: tf.Tensor4D): tf.Tensor4D {
  const [, , channels, filters] = kernel.shape;
  const buffer = tf.buffer([REACH, REACH, channels, filters]);
  const from = kernel.bufferSync();
  for (let i = 0; i < WINDOW; i++) {
    for (let j = 0; j < WINDOW; j++) {
      for (let c = 0; c < channels; c++) {
        for (let f = 0; f < filters; f++) {
          buffer.set(from.get(i, j, c, f), i * RATE, j * RATE, c, f);
        }
      }
    }
  }
  return buffer.toTensor() as tf.Tensor4D;
}

const layersOf = {
  conv2d: tf.layers.conv2d,
  depthwiseConv2d: tf.layers.depthwiseConv2d,
};

/** The output of a layer, and the gradients of its input, kernel and bias. */
function trained(
  name: keyof typeof layersOf,
  settings: Settings & { kernelSize: number; dilationRate: number },
  kernel: tf.Tensor4D,
): tf.Tensor[] {
  const shape = settings.dataFormat === "channelsFirst"
    ? [2, 3, 9, 8]
    : [2, 9, 8, 3];
  const layer = layersOf[name]({ filters: 4, depthMultiplier: 4, ...settings });
  layer.build(shape);
  const biases = name === "conv2d" ? 4 : 12;
  layer.setWeights([kernel, values([biases], 3)]);
  const x = values(shape, 1);
  const y = (x: tf.Tensor) => layer.apply(x, { training: true }) as tf.Tensor;
  const output = y(x);
  assertEquals(layer.computeOutputShape(shape), output.shape);
  const mixture = (x: tf.Tensor) =>
    tf.sum(tf.mul(y(x), values(output.shape, 5))) as tf.Scalar;
  const { grads } = tf.variableGrads(
    () => mixture(x),
    layer.trainableWeights.map((weight) => weight.read() as tf.Variable),
  );
  const gradients = [output, tf.grad(mixture)(x), ...Object.values(grads)];
  layer.weights.forEach((weight) => weight.dispose());
  return gradients;
}

const cases = (["cpu", "wasm"] as const).flatMap((backend) =>
  (["conv2d", "depthwiseConv2d"] as const).map((name) => ({ backend, name }))
);

for (const { backend, name } of cases) {
  Deno.test(`a dilated ${name}() layer trains as one of a spread kernel on ${backend}`, async () => {
    await selectBackend({ backend });
    const before = tf.memory().numTensors;
    for (const padding of ["same", "valid"] as const) {
      for (const dataFormat of ["channelsLast", "channelsFirst"] as const) {
        for (const activation of [undefined, "elu", "relu", "tanh"] as const) {
          const settings = { padding, dataFormat, activation };
          tf.tidy(() => {
            const kernel = values([WINDOW, WINDOW, 3, 4], 2) as tf.Tensor4D;
            const dilated = trained(
              name,
              { ...settings, kernelSize: WINDOW, dilationRate: RATE },
              kernel,
            );
            const plain = trained(
              name,
              { ...settings, kernelSize: REACH, dilationRate: 1 },
              spread(kernel),
            );
            // Of the spread kernel's gradient, what lies on the kernel.
            const at = [0, 2, 4];
            plain[2] = tf.gather(tf.gather(plain[2], at, 0), at, 1);
            dilated.forEach((tensor, i) => {
              assertEquals(tensor.shape, plain[i].shape);
              const expected = plain[i].dataSync();
              tensor.dataSync().forEach((value, k) =>
                assertAlmostEquals(value, expected[k], 2e-5)
              );
            });
          });
        }
      }
    }
    assertEquals(tf.memory().numTensors, before);
  });
}
