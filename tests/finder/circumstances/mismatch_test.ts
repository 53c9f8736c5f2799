/** Targets that a loss cannot take, or that the outputs cannot give. */

import { assertEquals, assertMatch } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findLearningRate } from "@clr/clr";
import { mismatchOf } from "../../../src/finder/circumstances/mismatch.ts";
import { outputLosses } from "../../../src/tfjs/output_losses.ts";

await tf.setBackend("cpu");

/** What is said of a network's targets, in each of their batches. */
async function saidOf(
  { loss, activation = "linear", targets }: {
    loss: string;
    activation?: string;
    targets: number[][][];
  },
): Promise<string | undefined> {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: loss.startsWith("sparse") ? 3 : targets[0][0].length,
        activation: activation as "linear",
        inputShape: [4],
      }),
    ],
  });
  model.compile({ optimizer: "sgd", loss });
  const batches = targets.map((rows) => tf.tensor2d(rows));
  const before = tf.memory().numTensors;
  const found = await mismatchOf(outputLosses(model), batches);
  assertEquals(tf.memory().numTensors, before);
  model.dispose();
  tf.dispose(batches);
  return found && `${found.detail}: use ${found.to}`;
}

const ONE_HOT = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
const SOFTMAX = { loss: "categoricalCrossentropy", activation: "softmax" };

Deno.test("mismatchOf() finds nothing in targets that suit", async () => {
  const smooth = ONE_HOT.map((row) => row.map((one) => 0.9 * one + 0.1 / 3));
  for (
    const suits of [
      { ...SOFTMAX, targets: [ONE_HOT, ONE_HOT] },
      { ...SOFTMAX, targets: [smooth] },
      // Of a batch whose targets are there for their form alone.
      { ...SOFTMAX, targets: [[[0, 0, 0], [0, 0, 0]]] },
      {
        loss: "kullbackLeiblerDivergence",
        activation: "softmax",
        targets: [smooth],
      },
      {
        loss: "binaryCrossentropy",
        activation: "sigmoid",
        targets: [[[1, 1, 0], [0, 0, 0]]],
      },
      {
        loss: "sparseCategoricalCrossentropy",
        activation: "softmax",
        targets: [[[0], [2]]],
      },
      { loss: "poisson", activation: "softplus", targets: [[[0], [7]]] },
      { loss: "meanAbsolutePercentageError", targets: [[[-3], [7]]] },
      { loss: "meanSquaredError", targets: [ONE_HOT] },
    ]
  ) assertEquals(await saidOf(suits), undefined, JSON.stringify(suits));
});

Deno.test("mismatchOf() says what of targets a loss does not take", async () => {
  for (
    const [wrong, said] of [
      // Of classes counted from 1, the last has no place.
      [
        { ...SOFTMAX, targets: [ONE_HOT, [[0, 0, 0], [1, 0, 0]]] },
        /of 1 of 5 are all 0.*counted from 0/,
      ],
      [
        { ...SOFTMAX, targets: [[[1, 1, 0], [0, 0, 0]]] },
        /1 of 2 examples sum to more.*sigmoid/,
      ],
      [
        { ...SOFTMAX, targets: [[[1.03, -0.015, -0.015]]] },
        /0 to 1.*-0.015 to 1.03/,
      ],
      [
        {
          loss: "kullbackLeiblerDivergence",
          activation: "softmax",
          targets: [[[2, -1, 0]]],
        },
        /probabilities as targets/,
      ],
      [
        {
          loss: "sparseCategoricalCrossentropy",
          activation: "softmax",
          targets: [[[0], [1]], [[255], [2]]],
        },
        /3 outputs.*0 to 255/,
      ],
      [
        {
          loss: "sparseCategoricalCrossentropy",
          activation: "softmax",
          targets: [[[0], [0.5]]],
        },
        /no whole numbers/,
      ],
      [
        { loss: "poisson", activation: "softplus", targets: [[[-1], [3]]] },
        /0 or more/,
      ],
      [
        { loss: "meanSquaredLogarithmicError", targets: [[[-1], [3]]] },
        /0 or more/,
      ],
      [
        { loss: "meanAbsolutePercentageError", targets: [[[0], [3]]] },
        /divides by the targets/,
      ],
    ] as const
  ) {
    const found = await saidOf(
      wrong as unknown as Parameters<typeof saidOf>[0],
    );
    assertMatch(found ?? "nothing", said);
  }
});

Deno.test("mismatchOf() says where probabilities are taken for logits, and only there", async () => {
  const { softmaxCrossEntropy, sigmoidCrossEntropy } = tf.losses;
  type Activation = "linear" | "softmax" | "sigmoid" | "relu";
  const saidOfLayers = async (
    activations: readonly Activation[],
    loss: string | typeof softmaxCrossEntropy,
  ) => {
    const [first, ...others] = activations;
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 3, activation: first, inputShape: [4] }),
        ...others.map((activation) => tf.layers.activation({ activation })),
      ],
    });
    model.compile({ optimizer: "sgd", loss: loss as string });
    const targets = tf.tensor2d(ONE_HOT);
    const found = await mismatchOf(outputLosses(model), [targets]);
    model.dispose();
    targets.dispose();
    return found?.detail;
  };
  const crossEntropy = "categoricalCrossentropy";
  for (
    const [activations, loss, said] of [
      [["softmax", "softmax"], crossEntropy, /softmax is taken of what a soft/],
      [["sigmoid", "softmax"], crossEntropy, /softmax is taken of what a sigm/],
      [["softmax"], softmaxCrossEntropy, /takes logits .* are softmax/],
      [["linear", "sigmoid"], sigmoidCrossEntropy, /takes logits .* sigmoid/],
    ] as const
  ) assertMatch(await saidOfLayers(activations, loss) ?? "nothing", said);
  for (
    const [activations, loss] of [
      [["linear", "softmax"], crossEntropy],
      [["relu", "softmax"], crossEntropy],
      [["linear"], softmaxCrossEntropy],
      [["linear"], sigmoidCrossEntropy],
      [["softmax"], crossEntropy],
    ] as const
  ) assertEquals(await saidOfLayers(activations, loss), undefined);
});

Deno.test("findLearningRate() looks at all targets that are at hand for those out of reach", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 3, activation: "softmax", inputShape: [2] }),
    ],
  });
  model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy" });
  const count = 4000;
  const range = await findLearningRate(model, {
    xs: tf.randomNormal([count, 2], 0, 1, "float32", 1),
    // One that was to be left out is.
    ys: tf.tensor2d(
      Array.from({ length: count }, (_, i) => [i === 7 ? 255 : i % 3]),
    ),
  }, { maxBatches: 20 });
  assertEquals(range.verdict, "mismatch", range.advice);
  assertMatch(range.advice, /0 to 255/);
});

Deno.test("mismatchOf() knows a loss of logits by what it comes to, whoever wrote it", async () => {
  const said = async (
    activation: "softmax" | "sigmoid" | "linear",
    loss: (targets: tf.Tensor, outputs: tf.Tensor) => tf.Tensor,
  ) => {
    const model = tf.sequential({
      layers: [tf.layers.dense({ units: 3, activation, inputShape: [4] })],
    });
    model.compile({ optimizer: "sgd", loss });
    const before = tf.memory().numTensors;
    const found = await mismatchOf(outputLosses(model), []);
    assertEquals(tf.memory().numTensors, before);
    model.dispose();
    return found?.detail;
  };
  assertEquals(
    await said("softmax", (a, b) => tf.losses.softmaxCrossEntropy(a, b)),
    "as the loss is tf.losses.softmaxCrossEntropy, of logits, and the outputs are softmax",
  );
  assertEquals(
    await said("softmax", (a, b) => a.mul(tf.logSoftmax(b)).sum(-1).neg()),
    "as the loss is tf.losses.softmaxCrossEntropy, of logits, and the outputs are softmax",
  );
  assertEquals(
    await said("sigmoid", (a, b) => tf.losses.sigmoidCrossEntropy(a, b)),
    "as the loss is tf.losses.sigmoidCrossEntropy, of logits, and the outputs are sigmoid",
  );
  for (
    const suits of [
      (a: tf.Tensor, b: tf.Tensor) => a.mul(tf.log(b)).sum(-1).neg(),
      (a: tf.Tensor, b: tf.Tensor) => a.sub(b).square().mean(-1),
      () => {
        throw new Error("of other targets");
      },
    ]
  ) assertEquals(await said("softmax", suits), undefined);
  assertEquals(
    await said("linear", (a, b) => tf.losses.softmaxCrossEntropy(a, b)),
    undefined,
  );
});

Deno.test("mismatchOf() asks for outputs that sum to 1 where a loss takes them for such", async () => {
  for (const activation of ["sigmoid", "linear", "relu"]) {
    assertMatch(
      (await saidOf({
        loss: "kullbackLeiblerDivergence",
        activation,
        targets: [ONE_HOT],
      }))!,
      /sum to 1 and the outputs are .*: use a softmax as the last activation/,
    );
  }
});
