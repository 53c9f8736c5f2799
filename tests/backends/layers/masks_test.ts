import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { selectBackend } from "@clr/clr/backends";

const { layers } = tf;

/** Six steps, of which the first example has two and the second five. */
function sequences(): tf.Tensor3D {
  return tf.tidy(() => {
    const values = tf.randomUniform([2, 6, 3], 0.1, 1, "float32", 4);
    const steps = tf.tensor([[1, 1, 0, 0, 0, 0], [1, 1, 1, 1, 1, 0]], [
      2,
      6,
      1,
    ]);
    return tf.mul(values, steps) as tf.Tensor3D;
  });
}

function assertSame(actual: tf.Tensor, expected: tf.Tensor): void {
  assertEquals(actual.shape, expected.shape);
  const most = tf.tidy(() =>
    tf.max(tf.abs(tf.sub(actual, expected))).dataSync()[0]
  );
  assert(most < 1e-6, `they differ by ${most}`);
}

for (const backend of ["cpu", "wasm"] as const) {
  Deno.test(`on ${backend}, a decoder does not read with its encoder's mask`, async () => {
    await selectBackend({ backend });
    const before = tf.memory().numTensors;
    const x = sequences();
    const encoder = [
      layers.masking({ maskValue: 0 }),
      layers.lstm({ units: 4 }),
    ];
    const decoder = [
      layers.repeatVector({ n: 6 }),
      layers.lstm({ units: 3, returnSequences: true }),
      layers.softmax({ axis: -1 }),
    ];
    const encode = tf.sequential();
    encode.add(layers.inputLayer({ inputShape: [6, 3] }));
    encoder.forEach((layer) => encode.add(layer as tf.layers.Layer));
    const decode = tf.sequential();
    decode.add(layers.inputLayer({ inputShape: [4] }));
    decoder.forEach((layer) => decode.add(layer as tf.layers.Layer));
    const input = tf.input({ shape: [6, 3] });
    const output = [...encoder, ...decoder].reduce(
      (x, layer) => layer.apply(x) as tf.SymbolicTensor,
      input,
    );
    const whole = tf.model({ inputs: input, outputs: output });
    tf.tidy(() => {
      const code = encode.predict(x) as tf.Tensor;
      assertSame(
        whole.predict(x) as tf.Tensor,
        decode.predict(code) as tf.Tensor,
      );
      // The mask counts where it should: what follows the second step does not.
      const [short] = tf.split(x, 2);
      const cut = tf.concat([
        tf.slice(short, [0, 0, 0], [1, 2, 3]),
        tf.zeros([1, 4, 3]),
      ], 1);
      const codeOfCut = encode.predict(cut) as tf.Tensor;
      assertSame(codeOfCut, tf.slice(code, [0, 0], [1, 4]));
    });
    [encode, decode, whole].forEach((model) => model.dispose());
    x.dispose();
    assertEquals(tf.memory().numTensors, before);
  });

  Deno.test(`on ${backend}, what follows a recurrent layer does not see its mask`, async () => {
    await selectBackend({ backend });
    const recurrent = [
      () => layers.simpleRNN({ units: 1 }),
      () => layers.lstm({ units: 1 }),
      () => layers.gru({ units: 1 }),
      () =>
        layers.bidirectional({
          layer: layers.gru({ units: 1 }) as tf.RNN,
          mergeMode: "sum",
        }),
    ];
    const x = sequences();
    for (const make of recurrent) {
      const model = tf.sequential();
      model.add(layers.masking({ maskValue: 0, inputShape: [6, 3] }));
      model.add(make() as tf.layers.Layer);
      model.add(layers.softmax({ axis: -1 }));
      tf.tidy(() => assertSame(model.predict(x) as tf.Tensor, tf.ones([2, 1])));
      model.dispose();
    }
    x.dispose();
  });

  Deno.test(`on ${backend}, masking has gradients for the layers before it`, async () => {
    await selectBackend({ backend });
    const model = tf.sequential({
      layers: [
        layers.dense({ inputShape: [6, 3], units: 2, activation: "relu" }),
        layers.masking({ maskValue: 0 }),
        layers.gru({ units: 3 }) as tf.layers.Layer,
        layers.dense({ units: 1 }),
      ],
    });
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    const x = sequences();
    const y = tf.ones([2, 1]);
    const first = await model.trainOnBatch(x, y) as number;
    let last = first;
    for (let i = 0; i < 20; i++) {
      last = await model.trainOnBatch(x, y) as number;
    }
    assert(last < first, `the loss is ${last} after ${first}`);
    tf.dispose([x, y]);
    model.dispose();
  });
}
