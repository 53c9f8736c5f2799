import { assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { toOnnx } from "../../src/onnx/mod.ts";
import { chain, testAgreement } from "./_agreement.ts";

const { layers } = tf;

type Options = Parameters<typeof layers.lstm>[0];
type Symbolic = tf.SymbolicTensor;

const recurrent: Record<string, (options: Options) => tf.layers.Layer> = {
  simpleRNN: (options) => layers.simpleRNN(options as never),
  gru: (options) => layers.gru(options as never),
  lstm: (options) => layers.lstm(options),
};

const MASKED = { masked: 0, mayBeZero: true } as const;

/** A masked layer whose last states are used; tfjs takes no first ones there. */
function withStates(make: (options: Options) => tf.layers.Layer) {
  const input = tf.input({ shape: [5, 3] });
  const outputs = make({
    units: 4,
    returnState: true,
    returnSequences: true,
  }).apply(layers.masking().apply(input) as Symbolic) as Symbolic[];
  return tf.model({ inputs: input, outputs });
}

for (const [name, make] of Object.entries(recurrent)) {
  testAgreement({
    [`masking and ${name}`]: [
      () => chain([6, 3], layers.masking(), make({ units: 4 })),
      MASKED,
    ],
    [`masking and ${name} of a number of steps that varies`]: [
      () => chain([null, 3], layers.masking(), make({ units: 4 })),
      { ...MASKED, unknown: [8] },
    ],
    [`masking and ${name} that returns sequences`]: [
      () =>
        chain(
          [6, 3],
          layers.masking(),
          make({ units: 4, returnSequences: true }),
        ),
      MASKED,
    ],
    [`masking by another value, and ${name} that goes backwards`]: [
      () =>
        chain(
          [6, 3],
          layers.masking({ maskValue: -1 }),
          make({ units: 4, goBackwards: true }),
        ),
      { masked: -1, mayBeZero: true },
    ],
    [`masking and ${name} that goes backwards and returns sequences`]: [
      () =>
        chain(
          [6, 3],
          layers.masking(),
          make({ units: 4, goBackwards: true, returnSequences: true }),
        ),
      MASKED,
    ],
    [`masking and stacked ${name}, with layers between that hand masks on`]: [
      () =>
        chain(
          [6, 3],
          layers.masking(),
          layers.dense({ units: 5, activation: "relu" }),
          make({ units: 4, returnSequences: true }),
          layers.layerNormalization(),
          layers.dropout({ rate: 0.3 }),
          layers.timeDistributed({ layer: layers.dense({ units: 3 }) }),
          make({ units: 4, returnSequences: true }),
          make({ units: 2 }),
          layers.dense({ units: 2 }),
        ),
      MASKED,
    ],
    [`masking and ${name} with its last states`]: [
      () => withStates(make),
      MASKED,
    ],
    [`an embedding that masks and ${name}`]: [
      () =>
        chain(
          [6],
          layers.embedding({ inputDim: 5, outputDim: 3, maskZero: true }),
          make({ units: 4 }),
          layers.dense({ units: 2 }),
        ),
      { indices: 5, masked: 0, mayBeZero: true },
    ],
  });
}

for (const mergeMode of ["concat", "sum", "ave", "mul"] as const) {
  testAgreement({
    [`masking and both directions, ${mergeMode}`]: [
      () =>
        chain(
          [6, 3],
          layers.masking(),
          layers.bidirectional({
            layer: layers.gru({ units: 3, returnSequences: true }) as tf.RNN,
            mergeMode,
          }),
          layers.bidirectional({
            layer: layers.lstm({ units: 2 }) as tf.RNN,
            mergeMode,
          }),
        ),
      MASKED,
    ],
  });
}

for (const opset of [13, 18, 21]) {
  testAgreement({
    [`masks in operator set ${opset}`]: [
      () =>
        chain(
          [6, 3],
          layers.masking(),
          layers.bidirectional({
            layer: layers.lstm({ units: 3, returnSequences: true }) as tf.RNN,
            mergeMode: "concat",
          }),
          layers.gru({ units: 2 }),
        ),
      { ...MASKED, opset },
    ],
  });
}

testAgreement({
  "two masked sequences concatenated by features": [
    () => {
      const inputs = [tf.input({ shape: [6, 2] }), tf.input({ shape: [6, 3] })];
      const masked = inputs.map((input) =>
        layers.masking().apply(input) as Symbolic
      );
      const outputs = layers.lstm({ units: 3 }).apply(
        layers.concatenate().apply(masked) as Symbolic,
      ) as Symbolic;
      return tf.model({ inputs, outputs });
    },
    MASKED,
  ],
  "masking that nothing heeds": [
    () =>
      chain(
        [6, 3],
        layers.masking(),
        layers.conv1d({ filters: 2, kernelSize: 3 }),
        layers.globalAveragePooling1d({} as never),
      ),
    MASKED,
  ],
  "an embedding that masks for nobody": [
    () =>
      chain(
        [6],
        layers.embedding({ inputDim: 5, outputDim: 3, maskZero: true }),
        layers.flatten(),
      ),
    { indices: 5, masked: 0, mayBeZero: true },
  ],
  "masking before a model within the model": [
    () =>
      chain(
        [6, 3],
        layers.masking(),
        chain([6, 3], layers.flatten(), layers.dense({ units: 2 })),
      ),
    MASKED,
  ],
  "a model within the model that masks": [
    () =>
      chain(
        [6, 3],
        chain([6, 3], layers.masking(), layers.gru({ units: 2 })),
        layers.dense({ units: 2 }),
      ),
    MASKED,
  ],
});

Deno.test("toOnnx() refuses masks that TensorFlow.js takes from another layer, or loses", async () => {
  const added = () => {
    const input = tf.input({ shape: [6, 3] });
    const masked = layers.masking().apply(input) as Symbolic;
    const sum = layers.add({ name: "sum" }).apply([masked, input]) as Symbolic;
    const outputs = layers.lstm({ units: 2, name: "last" }).apply(sum);
    return tf.model({ inputs: input, outputs: outputs as Symbolic });
  };
  const cases: [() => tf.LayersModel, string][] = [
    [
      () =>
        chain(
          [6, 3],
          layers.masking({ name: "mask" }),
          layers.gru({ units: 2 }),
          layers.repeatVector({ n: 4 }),
          layers.gru({ units: 2, name: "decoder" }),
        ),
      'layer "decoder" (GRU) must have a mask of its own where layer "mask" (Masking) masks',
    ],
    [
      () =>
        chain(
          [6, 3],
          layers.masking({ name: "mask" }),
          chain([6, 3], layers.lstm({ units: 2, name: "inner" })),
        ),
      '(LSTM) must have a mask of its own where layer "mask" (Masking) masks',
    ],
    [
      added,
      'layer "last" (LSTM) must have a mask of its steps: current value is what "sum" (Add) makes of several',
    ],
    [
      () => chain([6, 3], layers.masking(), layers.softmax({ name: "soft" })),
      'layer "soft" (Softmax) must have no mask',
    ],
  ];
  for (const [make, message] of cases) {
    await assertRejects(() => toOnnx(make()), TypeError, message);
  }
});
