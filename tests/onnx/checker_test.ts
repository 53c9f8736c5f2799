import { assertEquals } from "@std/assert";
import { basename, fromFileUrl, join } from "@std/path";
import * as tf from "@tensorflow/tfjs";
import { createCifar10Quick } from "../../examples/models/cifar10_quick.ts";
import { toOnnx, type ToOnnxOptions } from "../../src/onnx/mod.ts";
import { chain } from "./_agreement.ts";

const { layers } = tf;

const models: Record<string, () => tf.LayersModel> = {
  quick: () => createCifar10Quick(),
  convolutions: () =>
    chain(
      [12, 10, 3],
      layers.separableConv2d({ filters: 4, kernelSize: 3, padding: "same" }),
      layers.depthwiseConv2d({ kernelSize: 2, depthMultiplier: 2 }),
      layers.batchNormalization({}),
      layers.conv2dTranspose({ filters: 3, kernelSize: 2, strides: 3 }),
      layers.batchNormalization({ axis: 1 }),
      layers.prelu({ sharedAxes: [1, 2] }),
      layers.upSampling2d({ interpolation: "bilinear" }),
      layers.zeroPadding2d({ padding: 2 }),
      layers.cropping2D({ cropping: [[1, 0], [0, 3]] }),
      layers.conv2d({
        filters: 2,
        kernelSize: 3,
        activation: "gelu" as "relu",
      }),
      layers.reshape({ targetShape: [-1, 2] }),
    ),
  sequence: () =>
    chain(
      [null],
      layers.embedding({ inputDim: 9, outputDim: 4 }),
      layers.conv1d({ filters: 3, kernelSize: 2, padding: "same", strides: 2 }),
      layers.bidirectional({
        layer: layers.lstm({ units: 3, returnSequences: true }) as tf.RNN,
        mergeMode: "concat",
      }),
      layers.timeDistributed({ layer: layers.dense({ units: 2 }) }),
      layers.gru({ units: 3, goBackwards: true, returnSequences: true }),
      layers.layerNormalization({}),
      layers.simpleRNN({ units: 2 }),
      layers.repeatVector({ n: 2 }),
      layers.permute({ dims: [2, 1] }),
      layers.softmax({ axis: [1, 2] }),
    ),
  masks: () =>
    chain(
      [null],
      layers.embedding({ inputDim: 9, outputDim: 4, maskZero: true }),
      layers.bidirectional({
        layer: layers.lstm({ units: 3, returnSequences: true }) as tf.RNN,
        mergeMode: "concat",
      }),
      layers.masking(),
      layers.gru({ units: 3, goBackwards: true, returnSequences: true }),
      layers.simpleRNN({ units: 2 }),
    ),
  merging: () => {
    const [a, b] = [tf.input({ shape: [4, 3] }), tf.input({ shape: [4, 3] })];
    const merged = [
      layers.add(),
      layers.multiply(),
      layers.average(),
      layers.maximum(),
      layers.minimum(),
      layers.concatenate(),
      layers.dot({ axes: 2, normalize: true }),
    ].map((layer) => layer.apply([a, b]) as tf.SymbolicTensor);
    return tf.model({ inputs: [a, b], outputs: merged });
  },
};

async function check(paths: readonly string[]) {
  const script = fromFileUrl(new URL("_check_models.py", import.meta.url));
  for (const python of ["/usr/bin/python3", "python3"]) {
    try {
      const { success, stdout } = await new Deno.Command(python, {
        args: [script, ...paths],
        stderr: "null",
      }).output();
      if (!success) continue;
      const [opset, ...lines] = new TextDecoder().decode(stdout).trim()
        .split("\n");
      return { opset: Number(opset), lines };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

Deno.test("toOnnx() writes what ONNX's own checker accepts", async () => {
  const known = await check([]);
  if (known === undefined) {
    console.log("skipped: there is no Python with the package onnx");
    return;
  }
  const folder = await Deno.makeTempDir();
  try {
    const paths: string[] = [];
    const options: ToOnnxOptions[] = [
      { opset: 13 },
      { opset: 17, inputLayout: "NCHW" },
      { opset: 21 },
    ];
    for (const [name, make] of Object.entries(models)) {
      const model = make();
      for (const option of options) {
        if (option.opset! > known.opset) continue;
        const path = join(folder, `${name}-${option.opset}.onnx`);
        await Deno.writeFile(path, await toOnnx(model, option));
        paths.push(path);
      }
      model.dispose();
    }
    const { lines } = (await check(paths))!;
    assertEquals(
      lines.map((line) => basename(line.replace(folder, ""))),
      paths.map((path) => `${basename(path)} ok`),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
