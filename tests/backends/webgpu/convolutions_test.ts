/**
 * Convolutions and their gradients against the CPU backend's.
 */

import { assert } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import type { TrainingBackend } from "../../../src/backends/webgpu/_training_backend.ts";
import type { Tile } from "../../../src/backends/webgpu/_tile.ts";
import {
  convolveTiled,
  TILES,
} from "../../../src/backends/webgpu/_tiled_convolution.ts";
import { ignore, onWebGPU, relativeError } from "./_on_webgpu.ts";

interface Convolution {
  readonly batch: number;
  readonly size: [number, number];
  readonly window: [number, number];
  readonly strides: [number, number];
  readonly channels: number;
  /** Output channels, or outputs of each channel where it is depthwise. */
  readonly outputs: number;
  readonly pad: "same" | "valid";
}

const convolutions = (most: number) =>
  fc.record({
    batch: fc.integer({ min: 1, max: 3 }),
    size: fc.tuple(
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 7 }),
    ),
    window: fc.tuple(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 5 }),
    ),
    strides: fc.tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
    ),
    channels: fc.oneof(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 10, max: 70 }),
      fc.integer({ min: 1, max: 20 }).map((fours) => 4 * fours),
    ),
    outputs: fc.oneof(
      fc.integer({ min: 1, max: Math.min(most, 9) }),
      fc.integer({ min: 1, max: most }),
      fc.integer({ min: 1, max: Math.ceil(most / 4) })
        .map((fours) => Math.min(most, 4 * fours)),
    ),
    pad: fc.constantFrom("same" as const, "valid" as const),
  }).filter(({ pad, size, window }) =>
    pad === "same" || size.every((length, i) => length >= window[i])
  );

type Compute = (given: Convolution, seed: number) => tf.Tensor;

const random = (shape: number[], seed: number) =>
  tf.randomNormal(shape as tf.Tensor4D["shape"], 0, 1, "float32", seed);

function outputShape(
  { batch, size, window, strides, channels, outputs, pad }: Convolution,
  isDepthwise: boolean,
): [number, number, number, number] {
  return tf.backend_util.computeConv2DInfo(
    [batch, ...size, channels],
    [...window, channels, outputs],
    strides,
    1,
    pad,
    undefined,
    isDepthwise,
  ).outShape;
}

function gradient(kernel: string, isDepthwise: boolean): Compute {
  return (given, seed) => {
    const { batch, size, window, strides, channels, outputs, pad } = given;
    const filterShape = [...window, channels, outputs];
    const inputShape = [batch, ...size, channels];
    const x = random(inputShape, seed);
    const filter = random(filterShape, seed + 1);
    const dy = random(outputShape(given, isDepthwise), seed + 2);
    const attrs = {
      strides,
      pad,
      dilations: [1, 1],
      dataFormat: "NHWC",
      filterShape,
      inputShape,
    };
    const inputs = /Filter$/.test(kernel) ? { x, dy } : { dy, filter };
    return tf.engine().runKernel(
      kernel,
      inputs as unknown as tf.NamedTensorMap,
      attrs,
    ) as tf.Tensor;
  };
}

/** A convolution, and by `isFused` with a bias; dilated where it can be. */
function forward(isFused: boolean): Compute {
  return (given, seed) => {
    const { batch, size, window, strides, channels, outputs, pad } = given;
    const x = random([batch, ...size, channels], seed) as tf.Tensor4D;
    const filter = random(
      [...window, channels, outputs],
      seed + 1,
    ) as tf.Tensor4D;
    const dilations: [number, number] =
      strides[0] === 1 && strides[1] === 1 && pad === "same"
        ? [1 + seed % 2, 1 + seed % 3]
        : [1, 1];
    if (!isFused) {
      return tf.conv2d(x, filter, strides, pad, "NHWC", dilations);
    }
    return tf.fused.conv2d({
      ...{ x, filter, strides, pad, dilations },
      bias: random([outputs], seed + 2),
    });
  };
}

/** A convolution and an input gradient by a tile, or else by tfjs's kernels. */
function byTile(tile: Tile, isTransposed: boolean): Compute {
  return (_, seed) => {
    const [batch, inChannels, outChannels] = [2, 20, 72];
    const x = random([batch, 9, 7, inChannels], seed) as tf.Tensor4D;
    const filter = random(
      isTransposed
        ? [3, 4, outChannels, inChannels]
        : [3, 4, inChannels, outChannels],
      seed + 1,
    ) as tf.Tensor4D;
    const outSize = isTransposed ? [9, 7] as const : [4, 4] as const;
    if (tf.getBackend() !== "webgpu") {
      return isTransposed
        ? tf.conv2dTranspose(
          x,
          filter,
          [batch, ...outSize, outChannels],
          1,
          "same",
        )
        : tf.conv2d(x, filter, [2, 1], "valid");
    }
    const info = convolveTiled(
      tf.backend() as unknown as TrainingBackend,
      { x, filter },
      {
        ...{ batch, inChannels, outChannels, outSize, isTransposed },
        ...{ inSize: [9, 7], window: [3, 4] },
        ...isTransposed
          ? { strides: [1, 1], steps: [-1, -1], start: [1, 1] }
          : { strides: [2, 1], steps: [1, 1], start: [0, 0] },
      },
      tile,
    );
    return tf.engine().makeTensorFromTensorInfo(info);
  };
}

for (const tile of TILES) {
  Deno.test({
    name: `a tile of ${tile.invocations} by ${tile.block} convolves right`,
    ignore,
    async fn() {
      const given = {} as Convolution;
      await compare(byTile(tile, false), [given]);
      await compare(byTile(tile, true), [given]);
    },
  });
}

for (const isFused of [false, true]) {
  Deno.test({
    name: `${
      isFused ? "FusedConv2D" : "Conv2D"
    } on WebGPU is the CPU's over random shapes`,
    ignore,
    async fn() {
      const cases = fc.sample(convolutions(70), { numRuns: 300, seed: 17 });
      await compare(forward(isFused), cases);
    },
  });
}

/** Computes on CPU and on WebGPU, and says where they differ. */
async function compare(
  compute: Compute,
  cases: readonly Convolution[],
): Promise<void> {
  const run = async () => {
    const results = [];
    for (const [seed, given] of cases.entries()) {
      const result = tf.tidy(() => compute(given, 3 * seed + 1));
      results.push((await result.data()).slice());
      result.dispose();
    }
    return results;
  };
  await tf.setBackend("cpu");
  const expected = await run();
  await onWebGPU(async () => {
    const actual = await run();
    const tensors = tf.memory().numTensors;
    cases.forEach((given, i) => {
      const error = relativeError(actual[i], expected[i]);
      assert(error < 1e-5, `${error} for ${JSON.stringify(given)}`);
    });
    assert(tf.memory().numTensors === tensors);
  });
}

for (
  const [kernel, isDepthwise] of [
    ["Conv2DBackpropFilter", false],
    ["Conv2DBackpropInput", false],
    ["DepthwiseConv2dNativeBackpropFilter", true],
  ] as const
) {
  Deno.test({
    name: `${kernel} on WebGPU is the CPU's over random shapes`,
    ignore,
    async fn() {
      const cases = fc.sample(convolutions(isDepthwise ? 3 : 70), {
        numRuns: 300,
        seed: 16,
      });
      await compare(gradient(kernel, isDepthwise), cases);
    },
  });

  Deno.test({
    name: `${kernel} on WebGPU is the CPU's where its sum is split`,
    ignore,
    async fn() {
      const given = { batch: 3, window: [3, 3], strides: [1, 1] } as const;
      await compare(gradient(kernel, isDepthwise), [
        { ...given, size: [40, 40], channels: 3, outputs: 2, pad: "same" },
        { ...given, size: [65, 33], channels: 1, outputs: 1, pad: "valid" },
        ...isDepthwise ? [] : [
          { ...given, size: [33, 40], channels: 8, outputs: 12, pad: "valid" },
          { ...given, size: [12, 9], channels: 60, outputs: 36, pad: "same" },
        ],
      ] as Convolution[]);
    },
  });
}
