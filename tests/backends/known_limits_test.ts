/** Every limit that is listed holds, on the backend that it is listed for. */

import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type BackendName,
  knownLimits,
  selectBackend,
} from "@clr/clr/backends";
import { BACKENDS, onDevice, testOn } from "./_every_backend.ts";

const numbers = (x: tf.Tensor) => [...x.dataSync()];

/** Refused by name, with a way out. */
function assertRefused(compute: () => tf.Tensor): void {
  const { message } = assertThrows(() => tf.tidy(compute), Error);
  assert(/^Cannot run \w+ on the \w+ backend/.test(message), message);
  assert(message.includes("selectBackend({ backend: "), message);
}

/** The mean squared error of steps of which all but the first are masked. */
function lossOfMasked(): number {
  const model = tf.sequential({
    layers: [
      tf.layers.masking({ maskValue: 0, inputShape: [3, 1] }),
      tf.layers.dense({ units: 1, kernelInitializer: "ones" }),
    ],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const [x, y] = [tf.tensor3d([[[1], [0], [0]]]), tf.ones([1, 3, 1])];
  const loss = model.evaluate(x, y) as tf.Scalar;
  const [value] = loss.dataSync();
  tf.dispose([x, y, loss]);
  model.dispose();
  return value;
}

/** Pixels of which all is NaN, of a convolution of an image with one NaN. */
function spoilt(): number {
  return tf.tidy(() => {
    const image = tf.buffer([4, 24, 24, 16]);
    image.set(NaN, 0, 5, 5, 0);
    const filter = tf.ones([3, 3, 16, 16]) as tf.Tensor4D;
    const y = tf.conv2d(image.toTensor() as tf.Tensor4D, filter, 1, "same");
    return tf.sum(tf.cast(tf.isNaN(y), "int32")).dataSync()[0] / 16;
  });
}

const words = () => tf.tensor1d(["a", "b", "a"]);
const complex = () => tf.complex([1, 2], [3, 4]);

const CHECKS: Record<string, () => void | Promise<unknown>> = {
  "A fused product of one matrix with several has no gradient in TensorFlow.js, which refuses it.":
    () => {
      const product = (b: tf.Tensor) =>
        tf.fused.matMul({ a: tf.ones([2, 3, 4]), b: b as tf.Tensor2D });
      assertThrows(
        () => tf.tidy(() => tf.grad(product)(tf.ones([4, 2]))),
        Error,
        "does not match the shape of the input",
      );
    },
  "Losses and metrics count the steps that a mask left out, too.": () =>
    // Of its own step alone it would be 0.
    assertEquals(lossOfMasked(), Math.fround(2 / 3)),
  "Tensors of strings are stored, cut and joined; all else with them is refused.":
    () => {
      const joined = tf.concat([words(), tf.slice(words(), 1)]);
      assertEquals(numbers(joined).map(String), ["a", "b", "a", "b", "a"]);
      assertRefused(() => tf.tile(words(), [2]));
    },
  "Complex numbers, and so Fourier transforms, have no kernels: they are refused at the first use.":
    () => {
      assertRefused(complex);
      assertRefused(() => tf.spectral.rfft(tf.ones([4])));
    },
  "With Winograd's convolutions, a NaN reaches the results of neighbouring windows too.":
    async () => {
      assert(spoilt() > 9);
      await selectBackend({ backend: "wasm", winograd: false });
      try {
        assertEquals(spoilt(), 9);
      } finally {
        await selectBackend({ backend: "wasm" });
      }
    },
  "Complex numbers are added, multiplied, joined and transformed; all else with them is refused.":
    () => {
      const parts = (
        x: tf.Tensor,
      ) => [numbers(tf.real(x)), numbers(tf.imag(x))];
      assertEquals(parts(tf.add(complex(), complex())), [[2, 4], [6, 8]]);
      assertEquals(parts(tf.mul(complex(), complex())), [[-8, -12], [6, 16]]);
      const joined = tf.concat([complex(), complex()]);
      assertEquals(parts(joined), [[1, 2, 1, 2], [3, 4, 3, 4]]);
      const transformed = parts(tf.fft(complex()));
      assertEquals(transformed.map((part) => part.map(Math.round)), [
        [3, -1],
        [7, -1],
      ]);
      assertRefused(() => tf.div(complex(), complex()));
      assertRefused(() => tf.neg(complex()));
    },
  "Indices that the GPU computed are not refused out of range: floats become NaN there, whole numbers read 0 and are not written.":
    () => {
      const index = tf.neg(tf.tensor1d([-1, -3], "int32"));
      const at = tf.reshape(index, [2, 1]);
      const whole = tf.tensor1d([1, 2], "int32");
      assertEquals(numbers(tf.gather(tf.tensor1d([1, 2]), index)), [2, NaN]);
      assertEquals(numbers(tf.gather(whole, index)), [2, 0]);
      assertEquals(numbers(tf.scatterND(at, whole, [2])), [0, 1]);
    },
  "What is not a number may be lost where the driver's shaders cut values off.":
    () => {
      const [cut] = numbers(tf.clipByValue(tf.tensor1d([NaN]), 0, 1));
      assert([NaN, 0, 1].includes(cut), `it is ${cut}`);
    },
};

for (const backend of BACKENDS) {
  for (const limit of knownLimits(backend)) {
    testOn(backend, `it is so that "${limit}"`, () => onDevice(CHECKS[limit]));
  }
}

Deno.test("every check is of a limit that is listed", () => {
  const all: BackendName[] = ["cpu", "wasm", "webgpu"];
  const listed = new Set(all.flatMap((backend) => [...knownLimits(backend)]));
  assertEquals(Object.keys(CHECKS).sort(), [...listed].sort());
});
