import * as tf from "@tensorflow/tfjs";
import { assertAsOnCpu, values } from "./_compare.ts";

interface Case {
  x: [number, number, number, number];
  filter: [number, number, number, number];
  strides: number | [number, number];
  pad: "same" | "valid" | number;
}

const cases: Case[] = [
  { x: [2, 7, 6, 4], filter: [3, 3, 4, 1], strides: 1, pad: "same" },
  { x: [2, 8, 9, 3], filter: [3, 2, 3, 1], strides: 2, pad: "valid" },
  { x: [1, 9, 7, 5], filter: [2, 3, 5, 2], strides: [2, 1], pad: "same" },
  { x: [3, 6, 6, 1], filter: [5, 5, 1, 3], strides: 1, pad: 2 },
  { x: [1, 5, 5, 17], filter: [1, 1, 17, 1], strides: 3, pad: "valid" },
];

for (const { x, filter, strides, pad } of cases) {
  const name = `x [${x}], filter [${filter}], strides ${strides}, pad ${pad}`;
  Deno.test(`depthwiseConv2d() has the CPU backend's gradients: ${name}`, async () => {
    await assertAsOnCpu(() => {
      const conv = (x: tf.Tensor, filter: tf.Tensor) =>
        tf.depthwiseConv2d(
          x as tf.Tensor4D,
          filter as tf.Tensor4D,
          strides,
          pad,
        );
      const xs = values(x, 1);
      const filters = values(filter, 2);
      const y = conv(xs, filters);
      return [y, ...tf.grads(conv)([xs, filters], values(y.shape, 3))];
    }, name);
  });
}
