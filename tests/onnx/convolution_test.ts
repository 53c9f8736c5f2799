import { assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { toOnnx } from "../../src/onnx/mod.ts";
import { chain, testAgreement } from "./_agreement.ts";

const { layers } = tf;

const channelsFirst = "channelsFirst" as const;
const cases: Record<string, () => tf.LayersModel> = {
  "conv1d without bias": () =>
    chain([9, 3], layers.conv1d({ filters: 4, kernelSize: 3, useBias: false })),
  "conv1d, dilated": () =>
    chain(
      [11, 3],
      layers.conv1d({
        filters: 4,
        kernelSize: 3,
        dilationRate: 2,
        padding: "same",
        activation: "relu",
      }),
    ),
  "conv2d on channels first": () =>
    chain(
      [3, 7, 6],
      layers.conv2d({
        filters: 4,
        kernelSize: [3, 2],
        strides: [2, 1],
        padding: "same",
        dataFormat: channelsFirst,
      }),
    ),
  "conv2d, dilated, valid": () =>
    chain(
      [9, 8, 3],
      layers.conv2d({ filters: 2, kernelSize: 3, dilationRate: [2, 3] }),
    ),
  "conv2d, dilated, same": () =>
    chain(
      [9, 8, 3],
      layers.conv2d({
        filters: 2,
        kernelSize: [3, 2],
        dilationRate: [2, 3],
        padding: "same",
        useBias: false,
      }),
    ),
  "two conv2d, one after the other": () =>
    chain(
      [8, 8, 2],
      layers.conv2d({ filters: 3, kernelSize: 3, activation: "elu" }),
      layers.conv2d({ filters: 4, kernelSize: 3, strides: 2 }),
    ),
  "conv3d": () =>
    chain(
      [5, 6, 7, 2],
      layers.conv3d({
        filters: 3,
        kernelSize: [2, 3, 3],
        strides: [1, 2, 1],
        padding: "same",
      }),
    ),
  "conv3d on channels first": () =>
    chain(
      [2, 5, 4, 3],
      layers.conv3d({
        filters: 3,
        kernelSize: 2,
        dataFormat: channelsFirst,
        activation: "relu",
      }),
    ),
  "conv3dTranspose": () =>
    chain(
      [3, 4, 2, 2],
      layers.conv3dTranspose({
        filters: 3,
        kernelSize: 3,
        strides: 2,
        padding: "same",
      }),
    ),
  "conv2dTranspose on channels first": () =>
    chain(
      [2, 4, 5],
      layers.conv2dTranspose({
        filters: 3,
        kernelSize: 3,
        strides: 2,
        dataFormat: channelsFirst,
        useBias: false,
      }),
    ),
  "depthwiseConv2d on channels first": () =>
    chain(
      [3, 6, 5],
      layers.depthwiseConv2d({
        kernelSize: 3,
        depthMultiplier: 2,
        padding: "same",
        dataFormat: channelsFirst,
      }),
    ),
  "separableConv2d, dilated": () =>
    chain(
      [9, 9, 2],
      layers.separableConv2d({
        filters: 3,
        kernelSize: 3,
        dilationRate: 2,
        padding: "same",
        activation: "tanh",
      }),
    ),
  "separableConv2d on channels first, without bias": () =>
    chain(
      [2, 6, 7],
      layers.separableConv2d({
        filters: 3,
        kernelSize: 3,
        dataFormat: channelsFirst,
        useBias: false,
      }),
    ),
};
for (const padding of ["valid", "same"] as const) {
  for (const kernelSize of [1, 2, 3, 4]) {
    for (const strides of [1, 2, 3]) {
      const what =
        `${padding} padding, kernel ${kernelSize}, stride ${strides}`;
      cases[`conv1d, ${what}`] = () =>
        chain(
          [8, 2],
          layers.conv1d({ filters: 3, kernelSize, strides, padding }),
        );
      // Heights and widths of both remainders: "same" pads them differently.
      cases[`conv2d, ${what}`] = () =>
        chain(
          [8, 9, 2],
          layers.conv2d({ filters: 3, kernelSize, strides, padding }),
        );
      cases[`depthwiseConv2d, ${what}`] = () =>
        chain(
          [8, 9, 3],
          layers.depthwiseConv2d({
            kernelSize,
            strides,
            padding,
            depthMultiplier: 2,
          }),
        );
      cases[`separableConv2d, ${what}`] = () =>
        chain(
          [8, 9, 2],
          layers.separableConv2d({
            filters: 3,
            kernelSize,
            strides,
            padding,
            depthMultiplier: 2,
          }),
        );
      cases[`conv2dTranspose, ${what}`] = () =>
        chain(
          [4, 5, 2],
          layers.conv2dTranspose({ filters: 3, kernelSize, strides, padding }),
        );
    }
  }
}
testAgreement(cases);
testAgreement({
  "conv2d on images of unknown size": [
    () =>
      chain(
        [null, null, 2],
        layers.conv2d({
          filters: 3,
          kernelSize: 4,
          strides: 3,
          padding: "same",
        }),
      ),
    { unknown: [10, 8] },
  ],
  "dilated conv1d on sequences of unknown length": [
    () =>
      chain(
        [null, 2],
        layers.conv1d({
          filters: 3,
          kernelSize: 4,
          dilationRate: 3,
          padding: "same",
        }),
      ),
    { unknown: [7] },
  ],
  "dilated conv2d on images of unknown size": [
    () =>
      chain(
        [null, null, 2],
        layers.conv2d({
          filters: 3,
          kernelSize: [3, 2],
          dilationRate: [2, 3],
          padding: "same",
        }),
      ),
    { unknown: [7, 5] },
  ],
  "dilated conv2d on images of unknown height, channels first": [
    () =>
      chain(
        [2, null, 6],
        layers.conv2d({
          filters: 3,
          kernelSize: 3,
          dilationRate: 2,
          padding: "same",
          dataFormat: channelsFirst,
        }),
      ),
    { unknown: [5] },
  ],
  "dilated separableConv2d on images of unknown size": [
    () =>
      chain(
        [null, null, 2],
        layers.separableConv2d({
          filters: 3,
          kernelSize: 3,
          dilationRate: 2,
          padding: "same",
        }),
      ),
    { unknown: [7, 5] },
  ],
  "strided depthwiseConv2d and pooling on images of unknown size": [
    () =>
      chain(
        [null, null, 2],
        layers.depthwiseConv2d({ kernelSize: 3, strides: 2, padding: "same" }),
        layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" }),
        layers.averagePooling2d({ poolSize: 2, strides: 1, padding: "same" }),
      ),
    { unknown: [15, 10] },
  ],
  "conv2d with images given channels first": [
    () => chain([7, 6, 3], layers.conv2d({ filters: 4, kernelSize: 3 })),
    { inputLayout: "NCHW" },
  ],
});

Deno.test("toOnnx() refuses a padding that depends on an unknown size and a dilation", async () => {
  const model = chain(
    [null, null, 2],
    layers.conv2d({
      filters: 2,
      kernelSize: 3,
      strides: 2,
      dilationRate: 2,
      padding: "same",
      name: "wide",
    }),
  );
  await assertRejects(
    () => toOnnx(model),
    TypeError,
    'layer "wide" (Conv2D) must have a known input size, padding "valid", ' +
      'strides of 1 or no dilation: current value is {"strides":[2,2],"dilationRate":[2,2]}',
  );
});

Deno.test("toOnnx() refuses convolutions that tfjs by itself cannot compute", async () => {
  await assertRejects(
    () =>
      toOnnx(chain(
        [8, 2],
        layers.conv1d({
          filters: 2,
          kernelSize: 3,
          padding: "causal",
          name: "past",
        }),
      )),
    TypeError,
    'layer "past" (Conv1D) must have padding "valid" or "same": current value is "causal"',
  );
  await assertRejects(
    () =>
      toOnnx(chain(
        [8, 8, 2],
        layers.depthwiseConv2d({
          kernelSize: 3,
          dilationRate: 2,
          name: "spread",
        }),
      )),
    TypeError,
    'layer "spread" (DepthwiseConv2D) must have dilationRate 1',
  );
  await assertRejects(
    () =>
      toOnnx(chain(
        [2, 8],
        layers.conv1d({
          filters: 2,
          kernelSize: 3,
          dataFormat: channelsFirst,
          name: "turned",
        }),
      )),
    TypeError,
    'layer "turned" (Conv1D) must have dataFormat "channelsLast"',
  );
  await assertRejects(
    () =>
      toOnnx(chain(
        [2, 8, 8],
        layers.separableConv2d({
          filters: 2,
          kernelSize: 3,
          dataFormat: channelsFirst,
          name: "apart",
        }),
      )),
    TypeError,
    'layer "apart" (SeparableConv2D) must have dataFormat "channelsLast" or no bias',
  );
});
