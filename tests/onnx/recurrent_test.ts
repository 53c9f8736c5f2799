import { assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { toOnnx } from "../../src/onnx/mod.ts";
import { chain, testAgreement } from "./_agreement.ts";

const { layers } = tf;

type Options = Parameters<typeof layers.lstm>[0];

const recurrent: Record<string, (options: Options) => tf.layers.Layer> = {
  simpleRNN: (options) => layers.simpleRNN(options as never),
  gru: (options) => layers.gru(options as never),
  lstm: (options) => layers.lstm(options),
};

/** A recurrent layer whose last states, and initial states, are used. */
function withStates(
  make: (options: Options) => tf.layers.Layer,
  states: number,
): tf.LayersModel {
  const input = tf.input({ shape: [5, 3] });
  const initial = Array.from(
    { length: states },
    () => tf.input({ shape: [4] }),
  );
  const outputs = make({
    units: 4,
    returnState: true,
    returnSequences: true,
  }).apply(input, { initialState: initial }) as tf.SymbolicTensor[];
  return tf.model({ inputs: [input, ...initial], outputs });
}

for (const [name, make] of Object.entries(recurrent)) {
  testAgreement({
    [name]: () => chain([6, 3], make({ units: 4 })),
    [`${name} without bias`]: () =>
      chain([6, 3], make({ units: 4, useBias: false })),
    [`${name} that returns sequences`]: () =>
      chain([6, 3], make({ units: 4, returnSequences: true })),
    [`${name} that goes backwards`]: () =>
      chain([6, 3], make({ units: 4, goBackwards: true })),
    [`${name} that goes backwards and returns sequences`]: () =>
      chain(
        [6, 3],
        make({ units: 4, goBackwards: true, returnSequences: true }),
      ),
    [`${name} with dropout`]: () =>
      chain(
        [6, 3],
        make({ units: 4, dropout: 0.4, recurrentDropout: 0.4 }),
      ),
    [`${name} with one unit`]: () => chain([6, 3], make({ units: 1 })),
    [`stacked ${name}`]: () =>
      chain(
        [6, 3],
        make({ units: 4, returnSequences: true }),
        layers.dropout({ rate: 0.1 }),
        make({ units: 3, returnSequences: true }),
        make({ units: 2 }),
      ),
    [`${name} with initial and last states`]: () =>
      withStates(make, name === "lstm" ? 2 : 1),
    [`bidirectional ${name} of sequences that go backwards`]: () =>
      chain(
        [6, 3],
        layers.bidirectional({
          layer: make({
            units: 4,
            goBackwards: true,
            returnSequences: true,
          }) as tf.RNN,
          mergeMode: "sum",
        }),
      ),
  });
  for (const mergeMode of ["concat", "sum", "mul", "ave"] as const) {
    for (const returnSequences of [false, true]) {
      testAgreement({
        [
          `bidirectional ${name}, merge by ${mergeMode}, sequences ${returnSequences}`
        ]: () =>
          chain(
            [6, 3],
            layers.bidirectional({
              layer: make({ units: 4, returnSequences }) as tf.RNN,
              mergeMode,
            }),
          ),
      });
    }
  }
  testAgreement({
    [`${name} on sequences of unknown length`]: [
      () => chain([null, 3], make({ units: 4, returnSequences: true })),
      { unknown: [7] },
    ],
  });
}

const activations = [
  "elu",
  "hardSigmoid",
  "linear",
  "relu",
  "sigmoid",
  "softplus",
  "softsign",
  "tanh",
] as const;
for (const activation of activations) {
  testAgreement({
    [`lstm with activation ${activation}`]: () =>
      chain(
        [4, 3],
        layers.lstm({
          units: 4,
          activation,
          recurrentActivation: "sigmoid",
        }),
      ),
    // Two steps: with gates that have no bounds, rounding grows at each.
    [`gru with recurrent activation ${activation}`]: () =>
      chain(
        [2, 3],
        layers.gru({ units: 4, recurrentActivation: activation }),
      ),
    [`simpleRNN with activation ${activation}`]: () =>
      chain([4, 3], layers.simpleRNN({ units: 4, activation })),
  });
}

testAgreement({
  "rnn with an lstm cell": () =>
    chain(
      [5, 3],
      layers.rnn({ cell: layers.lstmCell({ units: 4 }) }) as tf.RNN,
    ),
  "bidirectional lstm with its states": () => {
    const input = tf.input({ shape: [5, 3] });
    const outputs = layers.bidirectional({
      layer: layers.lstm({ units: 4, returnState: true }) as tf.RNN,
      mergeMode: "concat",
    }).apply(input) as tf.SymbolicTensor[];
    return tf.model({ inputs: input, outputs });
  },
  "bidirectional gru whose outputs are kept apart": () => {
    const input = tf.input({ shape: [5, 3] });
    const outputs = layers.bidirectional({
      layer: layers.gru({ units: 4, returnSequences: true }) as tf.RNN,
      mergeMode: null as unknown as "concat",
    }).apply(input) as tf.SymbolicTensor[];
    return tf.model({ inputs: input, outputs });
  },
  "bidirectional lstm with initial states": () => {
    const input = tf.input({ shape: [5, 3] });
    const initial = Array.from({ length: 4 }, () => tf.input({ shape: [2] }));
    const output = layers.bidirectional({
      layer: layers.lstm({ units: 2 }) as tf.RNN,
      mergeMode: "concat",
    }).apply(input, { initialState: initial }) as tf.SymbolicTensor;
    return tf.model({ inputs: [input, ...initial], outputs: output });
  },
  "lstm and dense": () =>
    chain(
      [5, 3],
      layers.lstm({ units: 4, returnSequences: true }),
      layers.dense({ units: 2, activation: "softmax" }),
    ),
});

Deno.test("toOnnx() refuses recurrent layers that it cannot write", async () => {
  await assertRejects(
    () =>
      toOnnx(chain(
        [4, 3],
        layers.lstm({ units: 2, activation: "selu", name: "odd" }),
      )),
    TypeError,
    "the activation of a recurrent layer must be one of linear, relu",
  );
  const input = tf.input({ batchShape: [2, 4, 3] });
  const remembering = layers.gru({ units: 2, stateful: true, name: "keeps" });
  await assertRejects(
    () =>
      toOnnx(tf.model({
        inputs: input,
        outputs: remembering.apply(input) as tf.SymbolicTensor,
      })),
    TypeError,
    'layer "keeps" (GRU) must keep no state between batches',
  );
  await assertRejects(
    () =>
      toOnnx(chain(
        [4, 3],
        layers.rnn({
          cell: [layers.gruCell({ units: 2 }), layers.gruCell({ units: 2 })],
          name: "tower",
        }) as tf.RNN,
      )),
    TypeError,
    'layer "tower" (RNN) must run one of',
  );
});
