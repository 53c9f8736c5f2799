/**
 * The WASM training kernels beside what tfjs ships, for the shapes of the
 * CIFAR-10 quick network (batch 100) and of a ResNet bottleneck block (batch
 * 16).
 *
 *     deno bench -A bench/backends/wasm_kernels_bench.ts
 *
 * The baseline is the WASM backend's own kernel, which runs on one thread.
 * Where it has none, the baseline is tfjs's CPU backend on a single image of the
 * batch, as its name says.
 */

import * as tf from "@tensorflow/tfjs";
import { selectBackend } from "@clr/clr/backends";
import {
  type BackendWasm,
  callKernel,
  type TensorInfo,
} from "../../src/backends/wasm/_wasm_kernel.ts";

const { backend, device } = await selectBackend({ backend: "wasm" });
console.log(`tfjs ${tf.version.tfjs}, ${backend} on ${device}`);

type Inputs = Record<string, number[]>;
type Attrs = Record<string, unknown>;

function random(inputs: Inputs): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(inputs).map((
      [name, shape],
      i,
    ) => [name, tf.randomUniform(shape, -1, 1, "float32", i + 1)]),
  );
}

/** Reads one value, as some kernels wait to be read. */
function finish(output: TensorInfo): void {
  const wasm = tf.backend() as unknown as BackendWasm;
  wasm.dataIdMap.get(output.dataId);
  wasm.disposeData(output.dataId);
}

function compare(
  title: string,
  kernelName: string,
  { inputs, attrs }: { readonly inputs: Inputs; readonly attrs: Attrs },
): void {
  const group = `${kernelName}: ${title}`;
  const tensors = random(inputs);
  const wasm = tf.backend() as unknown as BackendWasm;
  const kernel = tf.getKernel(kernelName, "wasm")!.kernelFunc;
  Deno.bench({
    name: "WASM as tfjs ships it, 1 thread",
    group,
    baseline: true,
    n: 5,
    warmup: 1,
    fn: () => finish(callKernel(wasm, kernelName, { inputs: tensors, attrs })),
  });
  Deno.bench({
    name: device,
    group,
    n: 20,
    fn: () =>
      finish(
        kernel({
          inputs: tensors,
          attrs: attrs as tf.NamedAttrMap,
          backend: wasm,
        }) as TensorInfo,
      ),
  });
}

async function compareWithCpu(
  title: string,
  { kernelName, inputs, attrs, images }: {
    readonly kernelName: string;
    readonly inputs: (images: number) => Inputs;
    readonly attrs: Attrs;
    readonly images: number;
  },
): Promise<void> {
  const group = `${kernelName}: ${title}`;
  const run = (tensors: Record<string, tf.Tensor>) =>
    tf.engine().runKernel(
      kernelName,
      tensors,
      attrs as tf.NamedAttrMap,
    ) as tf.Tensor;
  await tf.setBackend("cpu");
  const one = random(inputs(1));
  await tf.setBackend("wasm");
  const all = random(inputs(images));
  Deno.bench({
    name: "CPU backend, 1 image",
    group,
    baseline: true,
    n: 2,
    warmup: 1,
    fn: async () => {
      await tf.setBackend("cpu");
      run(one).dispose();
    },
  });
  Deno.bench({
    name: `${device}, ${images} images`,
    group,
    n: 20,
    fn: async () => {
      await tf.setBackend("wasm");
      run(all).dispose();
    },
  });
}

const convolution = {
  strides: 1,
  pad: "same",
  dataFormat: "NHWC",
  dilations: 1,
  dimRoundingMode: undefined,
};

const layers: [
  title: string,
  images: number,
  size: number,
  filter: [number, number, number, number],
][] = [
  ["quick conv1", 100, 32, [5, 5, 3, 32]],
  ["quick conv2", 100, 16, [5, 5, 32, 32]],
  ["quick conv3", 100, 8, [5, 5, 32, 64]],
  ["ResNet 1×1, narrowing", 16, 14, [1, 1, 256, 64]],
  ["ResNet 3×3", 16, 14, [3, 3, 64, 64]],
  ["ResNet 1×1, widening", 16, 14, [1, 1, 64, 256]],
];

for (const [title, images, size, filter] of layers) {
  const x = (count: number) => [count, size, size, filter[2]];
  const dy = (count: number) => [count, size, size, filter[3]];
  compare(title, "Conv2D", {
    inputs: { x: x(images), filter },
    attrs: convolution,
  });
  compare(title, "Conv2DBackpropInput", {
    inputs: { dy: dy(images), filter },
    attrs: {
      ...convolution,
      inputShape: x(images),
    },
  });
  await compareWithCpu(title, {
    kernelName: "Conv2DBackpropFilter",
    inputs: (count) => ({ x: x(count), dy: dy(count) }),
    attrs: { ...convolution, filterShape: filter },
    images,
  });
}

const pooling = { filterSize: 3, strides: 2, pad: "same" };
compare("quick pool1", "MaxPoolGrad", {
  inputs: {
    dy: [100, 16, 16, 32],
    input: [100, 32, 32, 32],
    output: [100, 16, 16, 32],
  },
  attrs: pooling,
});
compare("quick pool2", "AvgPoolGrad", {
  inputs: {
    dy: [100, 8, 8, 32],
    input: [100, 16, 16, 32],
  },
  attrs: pooling,
});
compare("quick bias of conv1", "Sum", {
  inputs: { x: [100, 32, 32, 32] },
  attrs: {
    axis: [0, 1, 2],
  },
});

for (
  const [title, a, b, transposeA, transposeB] of [
    ["quick dense, forward", [1, 100, 1024], [1, 1024, 64], false, false],
    ["quick dense, weights", [1, 100, 1024], [1, 100, 64], true, false],
    ["quick dense, input", [1, 100, 64], [1, 1024, 64], false, true],
    ["512³", [1, 512, 512], [1, 512, 512], false, false],
    ["512³, a transposed", [1, 512, 512], [1, 512, 512], true, false],
    ["512³, b transposed", [1, 512, 512], [1, 512, 512], false, true],
  ] as const
) {
  compare(title, "BatchMatMul", {
    inputs: { a: [...a], b: [...b] },
    attrs: {
      transposeA,
      transposeB,
    },
  });
}

// What stands between the products: moves, functions of a value, reductions.
const activations = [64, 32, 32, 16];
const others: [title: string, kernelName: string, inputs: Inputs, Attrs][] = [
  ["a channel's factor", "Tile", { x: [1, 1, 1, 16] }, {
    reps: [64, 32, 32, 1],
  }],
  ["every other pixel", "StridedSlice", { x: activations }, {
    begin: [0, 0, 0, 0],
    end: activations,
    strides: [1, 2, 2, 1],
    beginMask: 0,
    endMask: 0,
    ellipsisMask: 0,
    newAxisMask: 0,
    shrinkAxisMask: 0,
  }],
  ["half of the channels", "Slice", { x: activations }, {
    begin: [0, 0, 0, 0],
    size: [64, 32, 32, 8],
  }],
  ["mirrored images", "Reverse", { x: activations }, { dims: [2] }],
  ["activations", "FusedBatchNorm", {
    x: activations,
    mean: [16],
    variance: [16],
    offset: [16],
    scale: [16],
  }, { varianceEpsilon: 2 }],
  ["over a batch's pixels", "Mean", { x: activations }, { axis: [0, 1, 2] }],
  ["over an image's pixels", "Mean", { x: activations }, { axis: [1, 2] }],
  ["of attention", "Softmax", { logits: [32, 4, 64, 64] }, { dim: 3 }],
  ["by channels", "Multiply", { a: activations, b: [16] }, {}],
  ["with a number", "Maximum", { a: activations, b: [] }, {}],
  ...["Add", "Sub", "RealDiv"].map((name): typeof others[number] => [
    "of two tensors",
    name,
    { a: activations, b: activations },
    {},
  ]),
  ...["Relu", "Exp", "Tanh", "Sigmoid", "Softplus"].map((
    name,
  ): typeof others[number] => ["activations", name, { x: activations }, {}]),
];
for (const [title, kernelName, inputs, attrs] of others) {
  compare(title, kernelName, { inputs, attrs });
}
