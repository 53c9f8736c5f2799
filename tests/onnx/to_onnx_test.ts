import { fromBinary } from "@bufbuild/protobuf";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import manifest from "../../deno.json" with { type: "json" };
import {
  createSession,
  type LayerConverter,
  toOnnx,
} from "../../src/onnx/mod.ts";
import { type ModelProto, ModelProtoSchema } from "../../src/onnx/onnx_pb.ts";
import {
  assertAgrees,
  chain,
  random,
  randomizeWeights,
  testAgreement,
} from "./_agreement.ts";

const { layers } = tf;

type Symbolic = tf.SymbolicTensor;

function operators(bytes: Uint8Array): string[] {
  return fromBinary(ModelProtoSchema, bytes).graph!.node.map((node) =>
    node.opType
  );
}

/** A network in the manner of Caffe's CIFAR-10 quick one, made small. */
function quickNetwork(size = 12): tf.LayersModel {
  const convolution = (filters: number, activation?: "relu") =>
    layers.conv2d({ filters, kernelSize: 5, padding: "same", activation });
  return chain(
    [size, size, 3],
    convolution(4),
    layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" }),
    layers.reLU({}),
    convolution(4, "relu"),
    layers.averagePooling2d({ poolSize: 3, strides: 2, padding: "same" }),
    convolution(6, "relu"),
    layers.averagePooling2d({ poolSize: 3, strides: 2, padding: "same" }),
    layers.flatten(),
    layers.dense({ units: 8 }),
    layers.dense({ units: 10, activation: "softmax" }),
  );
}

testAgreement({
  "a network like CIFAR-10 quick": () => quickNetwork(),
  "a sequential model that was never used": () =>
    tf.sequential({
      layers: [
        layers.dense({ units: 4, inputShape: [3], activation: "relu" }),
        layers.dense({ units: 2 }),
      ],
    }),
  "several inputs and outputs": () => {
    const image = tf.input({ shape: [6, 6, 2], name: "image" });
    const vector = tf.input({ shape: [3], name: "vector" });
    const features = layers.flatten().apply(
      layers.conv2d({ filters: 2, kernelSize: 3 }).apply(image),
    ) as Symbolic;
    const joined = layers.concatenate().apply([features, vector]) as Symbolic;
    return tf.model({
      inputs: [vector, image],
      outputs: [
        layers.dense({ units: 2, name: "class" }).apply(joined) as Symbolic,
        features,
        layers.dense({ units: 1, name: "value" }).apply(vector) as Symbolic,
      ],
    });
  },
  "a shared layer": () => {
    const [a, b] = [tf.input({ shape: [4] }), tf.input({ shape: [4] })];
    const shared = layers.dense({ units: 3, activation: "tanh" });
    return tf.model({
      inputs: [a, b],
      outputs: layers.add().apply([
        shared.apply(a) as Symbolic,
        shared.apply(b) as Symbolic,
      ]) as Symbolic,
    });
  },
  "a model within a model, used twice": () => {
    const inner = chain(
      [6, 6, 2],
      layers.conv2d({ filters: 3, kernelSize: 3, name: "same_name" }),
      layers.batchNormalization({}),
      layers.globalAveragePooling2d({}),
    );
    const [a, b] = [
      tf.input({ shape: [6, 6, 2] }),
      tf.input({ shape: [6, 6, 2] }),
    ];
    const joined = layers.concatenate().apply([
      inner.apply(a) as Symbolic,
      inner.apply(b) as Symbolic,
    ]);
    return tf.model({
      inputs: [a, b],
      outputs: layers.dense({ units: 2, name: "same_name" })
        .apply(joined) as Symbolic,
    });
  },
  "a sequential model within a sequential model": () => {
    const inner = tf.sequential({
      layers: [
        layers.conv2d({ filters: 2, kernelSize: 2, inputShape: [5, 5, 2] }),
        layers.flatten(),
      ],
    });
    return tf.sequential({ layers: [inner, layers.dense({ units: 3 })] });
  },
  "outputs that are an input or each other": () => {
    const input = tf.input({ shape: [3] });
    const dropped = (x: Symbolic) =>
      layers.dropout({ rate: 0.5 }).apply(x) as Symbolic;
    const output = layers.dense({ units: 2 }).apply(input) as Symbolic;
    return tf.model({
      inputs: input,
      outputs: [dropped(input), output, dropped(output)],
    });
  },
  "a fixed batch": () => {
    const input = tf.input({ batchShape: [3, 4, 2] });
    const output = layers.reshape({ targetShape: [8] })
      .apply(input) as Symbolic;
    return tf.model({ inputs: input, outputs: output });
  },
  "timeDistributed dense": () =>
    chain(
      [4, 3],
      layers.timeDistributed({ layer: layers.dense({ units: 2 }) }),
    ),
  "timeDistributed convolution": () =>
    chain(
      [3, 5, 5, 2],
      layers.timeDistributed({
        layer: layers.conv2d({ filters: 2, kernelSize: 3 }),
      }),
      layers.timeDistributed({ layer: layers.flatten() }),
      layers.lstm({ units: 2 }),
    ),
});
testAgreement({
  "timeDistributed over an unknown number of steps": [
    () =>
      chain(
        [null, 4, 3],
        layers.timeDistributed({
          layer: layers.maxPooling1d({ poolSize: 2 }),
        }),
      ),
    { unknown: [5] },
  ],
  "images given channels first": [
    () => quickNetwork(),
    { inputLayout: "NCHW" },
  ],
});
for (const opset of [13, 15, 18, 21]) {
  testAgreement({
    [`opset ${opset}`]: [
      () => {
        const input = tf.input({ shape: [8, 8, 3] });
        const x = layers.conv2d({ filters: 4, kernelSize: 3 })
          .apply(input) as Symbolic;
        const pooled = layers.globalMaxPooling2d({ dataFormat: "channelsLast" })
          .apply(x) as Symbolic;
        const up = layers.upSampling2d({}).apply(x) as Symbolic;
        const soft = layers.softmax({ axis: [1, 2] }).apply(up) as Symbolic;
        const mean = layers.globalAveragePooling2d({
          dataFormat: "channelsLast",
        }).apply(soft) as Symbolic;
        const dot = layers.dot({ axes: 1, normalize: true })
          .apply([pooled, mean]) as Symbolic;
        return tf.model({ inputs: input, outputs: [dot, pooled] });
      },
      { opset },
    ],
  });
}

Deno.test("toOnnx() writes one transpose for channels last and none for channels first", async () => {
  const model = quickNetwork();
  const isTranspose = (opType: string) => opType === "Transpose";
  assertEquals(operators(await toOnnx(model)).filter(isTranspose).length, 1);
  assertEquals(
    operators(await toOnnx(model, { inputLayout: "NCHW" })).filter(isTranspose),
    [],
  );
  model.dispose();
});

Deno.test("toOnnx() keeps stacked recurrent layers in time-major order", async () => {
  const model = chain(
    [4, 3],
    layers.lstm({ units: 2, returnSequences: true }),
    layers.gru({ units: 2, returnSequences: true }),
    layers.simpleRNN({ units: 2 }),
  );
  const transposes = operators(await toOnnx(model)).filter((opType) =>
    opType === "Transpose"
  );
  assertEquals(transposes.length, 1);
  model.dispose();
});

Deno.test("toOnnx() drops what does nothing and folds batch normalization", async () => {
  const model = chain(
    [6, 6, 2],
    layers.conv2d({ filters: 3, kernelSize: 3, useBias: false }),
    layers.batchNormalization({}),
    layers.activation({ activation: "relu" }),
    layers.dropout({ rate: 0.5 }),
    layers.flatten(),
    layers.dense({ units: 2 }),
  );
  const bytes = await assertAgrees(model, { inputLayout: "NCHW" });
  assertEquals(operators(bytes), ["Conv", "Relu", "Flatten", "Gemm"]);
  const { initializer } = fromBinary(ModelProtoSchema, bytes).graph!;
  assertEquals(initializer.length, 4);
  model.dispose();
});

Deno.test("toOnnx() does not fold through an activation or past another reader", async () => {
  const activated = chain(
    [6, 6, 2],
    layers.conv2d({ filters: 3, kernelSize: 3, activation: "relu" }),
    layers.batchNormalization({}),
  );
  assert(operators(await toOnnx(activated)).includes("BatchNormalization"));
  const input = tf.input({ shape: [4] });
  const dense = layers.dense({ units: 3 }).apply(input) as Symbolic;
  const normed = layers.batchNormalization({}).apply(dense) as Symbolic;
  const both = tf.model({ inputs: input, outputs: [dense, normed] });
  assert(operators(await assertAgrees(both)).includes("BatchNormalization"));
  activated.dispose();
  both.dispose();
});

Deno.test("toOnnx() writes the weights of a shared layer once", async () => {
  const [a, b] = [tf.input({ shape: [4] }), tf.input({ shape: [4] })];
  const shared = layers.dense({ units: 3 });
  const model = tf.model({
    inputs: [a, b],
    outputs: [shared.apply(a) as Symbolic, shared.apply(b) as Symbolic],
  });
  const { initializer } = fromBinary(ModelProtoSchema, await toOnnx(model))
    .graph!;
  assertEquals(initializer.length, 2);
  model.dispose();
});

Deno.test("toOnnx() fills in producer, versions, names and metadata", async () => {
  const input = tf.input({ shape: [null, 3], name: "steps" });
  const model = tf.model({
    inputs: input,
    outputs: layers.dense({ units: 2, name: "scores" }).apply(
      input,
    ) as Symbolic,
    name: "tagger",
  });
  const read = async (options?: Parameters<typeof toOnnx>[1]) =>
    fromBinary(ModelProtoSchema, await toOnnx(model, options));
  const written: ModelProto = await read({ metadata: { classNames: "a,b" } });
  assertEquals(written.producerName, "@clr/clr");
  assertEquals(written.producerVersion, manifest.version);
  assertEquals(written.irVersion, 8n);
  assertEquals(written.opsetImport.map(({ version }) => version), [17n]);
  assertEquals(written.modelVersion, 1n);
  assertEquals(written.graph!.name, "tagger");
  assertEquals(written.graph!.input.map(({ name }) => name), ["steps"]);
  assertEquals(written.graph!.output.map(({ name }) => name), ["scores"]);
  assertEquals(
    written.metadataProps.map(({ key, value }) => [key, value]),
    [["source", `TensorFlow.js ${tf.version.tfjs}`], ["classNames", "a,b"]],
  );
  const newer = await read({ opset: 21, name: "other" });
  assertEquals(newer.irVersion, 10n);
  assertEquals(newer.graph!.name, "other");

  await using session = await createSession(await toOnnx(model), {
    threads: 1,
  });
  assertEquals(session.inputs, [
    { name: "steps", type: "float32", shape: ["batch", "steps_dim1", 3] },
  ]);
  model.dispose();
});

for (const inputLayout of ["NHWC", "NCHW"] as const) {
  for (const size of [1, 3, 8 * 8 * 3]) {
    Deno.test(`toOnnx() normalizes ${inputLayout} images by ${size} numbers`, async () => {
      const model = chain(
        [8, 8, 3],
        layers.conv2d({ filters: 2, kernelSize: 3, padding: "same" }),
      );
      const next = random(5);
      randomizeWeights(model, next);
      const numbers = (length: number) =>
        Float32Array.from({ length }, () => 10 * next());
      const [mean, scale] = [numbers(size), numbers(size)];
      const dims = size === 192 ? [1, 8, 8, 3] : [size];
      const x = tf.tensor(numbers(2 * 192), [2, 8, 8, 3]);
      const expected = model.predict(
        tf.mul(tf.sub(x, tf.tensor(mean, dims)), tf.tensor(scale, dims)),
      ) as tf.Tensor;
      await using session = await createSession(
        await toOnnx(model, { normalization: { mean, scale }, inputLayout }),
        { threads: 1 },
      );
      const lying = inputLayout === "NCHW" ? tf.transpose(x, [0, 3, 1, 2]) : x;
      const results = await session.run({
        [session.inputs[0].name]: {
          data: lying.dataSync() as Float32Array,
          shape: lying.shape,
        },
      });
      const { data } = results[session.outputs[0].name];
      const values = expected.dataSync();
      assert(values.every((value, i) => Math.abs(value - data[i]) < 1e-4));
      model.dispose();
    });
  }
}

class Double extends tf.layers.Layer {
  static className = "Double";
  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return shape;
  }
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.mul([inputs].flat()[0], 2);
  }
}

Deno.test("toOnnx() takes a converter for a custom layer", async () => {
  const seen: unknown[] = [];
  const double: LayerConverter = (layer, graph) => {
    const [x] = layer.inputs;
    seen.push(layer.name, layer.className, x.order, layer.outputShapes);
    return graph.map("Mul", x, {}, [graph.scalar("two", 2)]);
  };
  const model = chain(
    [4, 4, 2],
    layers.conv2d({ filters: 3, kernelSize: 2 }),
    new Double({ name: "twice" }),
  );
  await assertAgrees(model, { converters: { Double: double } });
  assertEquals(seen, ["twice", "Double", [0, 1, 2, 3], [[null, 3, 3, 3]]]);
  model.dispose();
});

Deno.test("toOnnx() lets a converter take the place of its own", async () => {
  const model = chain([3], layers.reLU({}));
  const bytes = await toOnnx(model, {
    converters: { ReLU: ({ inputs: [x] }, graph) => graph.map("Abs", x) },
  });
  assertEquals(operators(bytes), ["Abs"]);
});

Deno.test("toOnnx() refuses a layer it does not know, by name and class", async () => {
  const error = await assertRejects(
    () => toOnnx(chain([3], new Double({ name: "twice" }))),
    TypeError,
    'current value is layer "twice" (Double)',
  );
  assertStringIncludes(error.message, "Conv2D, Conv2DTranspose");
  assertStringIncludes(error.message, "options.converters");
});

Deno.test("toOnnx() reads integers where the model does", async () => {
  const input = tf.input({ shape: [3], dtype: "int32", name: "words" });
  const other = tf.input({ shape: [2], dtype: "int32", name: "counts" });
  const embedded = layers.flatten().apply(
    layers.embedding({ inputDim: 5, outputDim: 2 }).apply(input),
  ) as Symbolic;
  const model = tf.model({
    inputs: [input, other],
    outputs: layers.dense({ units: 2 }).apply(
      layers.concatenate().apply([
        embedded,
        layers.dense({ units: 2 }).apply(other) as Symbolic,
      ]),
    ) as Symbolic,
  });
  randomizeWeights(model, random(6));
  await using session = await createSession(await toOnnx(model), {
    threads: 1,
  });
  assertEquals(session.inputs.map(({ type }) => type), ["int32", "int32"]);
  const words = Int32Array.of(0, 4, 2, 1, 1, 3);
  const counts = Int32Array.of(3, 1, 0, 2);
  const results = await session.run({
    words: { data: words, shape: [2, 3] },
    counts: { data: counts, shape: [2, 2] },
  });
  const expected = model.predict([
    tf.tensor(words, [2, 3], "int32"),
    tf.tensor(Float32Array.from(counts), [2, 2]),
  ]) as tf.Tensor;
  const { data } = results[session.outputs[0].name];
  expected.dataSync().forEach((value, i) =>
    assert(Math.abs(value - data[i]) < 1e-5)
  );
  model.dispose();
});

Deno.test("toOnnx() refuses models and options that do not fit", async () => {
  const model = chain([4, 4, 3], layers.flatten());
  await assertRejects(
    () => toOnnx({} as tf.LayersModel),
    TypeError,
    "the model must be a tf.LayersModel: current value is Object",
  );
  await assertRejects(
    () => toOnnx(tf.sequential()),
    TypeError,
    "its input shape must be known",
  );
  for (const opset of [12, 22, 17.5]) {
    await assertRejects(
      () => toOnnx(model, { opset }),
      RangeError,
      `opset must be an integer from 13 to 21: current value is ${opset}`,
    );
  }
  await assertRejects(
    () => toOnnx(model, { inputLayout: "HWCN" as "NHWC" }),
    TypeError,
    'inputLayout must be "NHWC" or "NCHW": current value is "HWCN"',
  );
  await assertRejects(
    () => toOnnx(model, { normalization: { mean: [1, 2] } }),
    RangeError,
    "normalization.mean must have one number, 3, one a channel",
  );
});

Deno.test("toOnnx() leaves the model and its tensors as they were", async () => {
  const model = quickNetwork();
  const before = tf.memory().numTensors;
  const weights = model.getWeights().map((weight) => weight.dataSync());
  await toOnnx(model);
  assertEquals(tf.memory().numTensors, before);
  assertEquals(model.getWeights().map((weight) => weight.dataSync()), weights);
  model.dispose();
});
