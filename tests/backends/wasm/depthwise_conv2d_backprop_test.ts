import * as tf from "@tensorflow/tfjs";
import { assertAsOnCpu, values } from "./_compare.ts";

interface Case {
  x: [number, number, number, number];
  filter: [number, number, number, number];
  strides: number | [number, number];
  pad: "same" | "valid" | number;
  dilations?: number | [number, number];
}

const cases: Case[] = [
  { x: [2, 7, 6, 4], filter: [3, 3, 4, 1], strides: 1, pad: "same" },
  { x: [2, 8, 9, 3], filter: [3, 2, 3, 1], strides: 2, pad: "valid" },
  { x: [1, 9, 7, 5], filter: [2, 3, 5, 2], strides: [2, 1], pad: "same" },
  { x: [3, 6, 6, 1], filter: [5, 5, 1, 3], strides: 1, pad: 2 },
  { x: [1, 5, 5, 17], filter: [1, 1, 17, 1], strides: 3, pad: "valid" },
  {
    x: [2, 9, 8, 6],
    filter: [3, 3, 6, 1],
    strides: 1,
    pad: "same",
    dilations: 2,
  },
  {
    x: [1, 10, 11, 2],
    filter: [3, 2, 2, 2],
    strides: 1,
    pad: "valid",
    dilations: [2, 3],
  },
];

for (const { x, filter, strides, pad, dilations = 1 } of cases) {
  const name = `x [${x}], filter [${filter}], strides ${strides}, pad ${pad}` +
    `, dilations ${dilations}`;
  Deno.test(`depthwiseConv2d() has the CPU backend's gradients: ${name}`, async () => {
    await assertAsOnCpu(() => {
      const xs = values(x, 1) as tf.Tensor4D;
      const filters = values(filter, 2) as tf.Tensor4D;
      const y = tf.depthwiseConv2d(
        xs,
        filters,
        strides,
        pad,
        "NHWC",
        dilations,
      );
      const dy = values(y.shape, 3);
      // Called by name, as tfjs's own gradient refuses dilations.
      const attrs = { strides, pad, dilations, dimRoundingMode: undefined };
      return [
        y,
        tf.engine().runKernel(
          "DepthwiseConv2dNativeBackpropInput",
          {
            dy,
            filter: filters,
          },
          { ...attrs, inputShape: x } as unknown as tf.NamedAttrMap,
        ) as tf.Tensor,
        tf.engine().runKernel(
          "DepthwiseConv2dNativeBackpropFilter",
          {
            x: xs,
            dy,
          },
          { ...attrs, filterShape: filter } as unknown as tf.NamedAttrMap,
        ) as tf.Tensor,
      ];
    }, name);
  });
}
