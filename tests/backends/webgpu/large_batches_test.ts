/** Batches of more examples than a GPU starts workgroups along a dimension. */

import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { values } from "../wasm/_compare.ts";
import { test } from "./_on_webgpu.ts";

const BATCH = 70;
const image = () => values([BATCH, 3, 2, 2], 1) as tf.Tensor4D;
const filter = () => values([2, 2, 2, 3], 2) as tf.Tensor4D;
const left = () => values([BATCH, 2, 3], 3);
const right = () => values([BATCH, 3, 2], 4);

const COMPUTED: Readonly<Record<string, () => tf.Tensor | tf.Tensor[]>> = {
  matMul: () => tf.matMul(left(), right()),
  "matMul of one on a side": () => tf.matMul(left(), values([1, 3, 2], 4)),
  "matMul of two dimensions": () =>
    tf.matMul(values([5, 7, 2, 2], 5), values([7, 2, 2], 6), true),
  "gradients of matMul": () =>
    tf.grads((a, b) => tf.square(tf.matMul(a, b)))([left(), right()]),
  conv2d: () => tf.conv2d(image(), filter(), 1, "same"),
  "fused conv2d": () =>
    tf.fused.conv2d({
      ...{ x: image(), filter: filter(), strides: 2, pad: "same" },
      ...{ bias: values([3], 7) as tf.Tensor1D, activation: "relu" },
    }),
  "gradients of conv2d": () =>
    tf.grads((x, w) =>
      tf.square(tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "valid"))
    )([image(), filter()]),
  conv2dTranspose: () =>
    tf.conv2dTranspose(
      image(),
      values([2, 2, 3, 2], 8) as tf.Tensor4D,
      [BATCH, 6, 4, 3],
      2,
      "same",
    ),
  localResponseNormalization: () => tf.localResponseNormalization(image()),
  "gradient of localResponseNormalization": () =>
    tf.grad((x) => tf.localResponseNormalization(x as tf.Tensor4D))(image()),
};

/** A device that starts no more workgroups along a dimension than this. */
function limit(device: GPUDevice, most: number): Disposable {
  const limits = {
    maxComputeWorkgroupsPerDimension: most,
    maxStorageBuffersPerShaderStage: 8,
  };
  Object.defineProperty(device, "limits", {
    value: limits,
    configurable: true,
  });
  return {
    [Symbol.dispose]: () => {
      delete (device as { limits?: GPUSupportedLimits }).limits;
    },
  };
}

test("more examples than workgroups along a dimension are computed part by part", async (backend) => {
  tf.env().set("WEBGPU_CPU_FORWARD", false);
  for (const [name, compute] of Object.entries(COMPUTED)) {
    const read = async () => {
      const before = tf.memory().numTensors;
      const made = [tf.tidy(compute)].flat();
      const data = await Promise.all(made.map((tensor) => tensor.data()));
      const shapes = made.map(({ shape }) => shape);
      tf.dispose(made);
      assertEquals(tf.memory().numTensors, before);
      return { data: data.map((values) => [...values]), shapes };
    };
    const whole = await read();
    using _ = limit(backend.device, 32);
    const parts = await read();
    assertEquals(parts.shapes, whole.shapes, name);
    parts.data.forEach((values, k) =>
      values.forEach((value, i) =>
        assert(Math.abs(value - whole.data[k][i]) < 1e-5, name)
      )
    );
  }
  tf.env().set("WEBGPU_CPU_FORWARD", true);
});
