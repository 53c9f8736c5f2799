import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { CyclicLR, findLearningRate } from "@clr/clr";
import { preflight } from "@clr/clr/backends";
import { runDeno } from "../_run.ts";
import { explainSlowBackend } from "../../src/tfjs/slow_backend.ts";

/** What is warned of, and printed as tfjs's own advice, while `run` runs. */
async function warningsOf(run: () => Promise<unknown>): Promise<string[]> {
  const { warn } = console;
  const warnings: string[] = [];
  console.warn = (...words) => {
    warnings.push(words.join(" "));
  };
  try {
    await run();
  } finally {
    console.warn = warn;
  }
  return warnings;
}

function network(
  kind: "conv2d" | "nested" | "steps" | "dense",
): tf.LayersModel {
  const { layers } = tf;
  const convolution = layers.conv2d({
    inputShape: [4, 4, 1],
    filters: 1,
    kernelSize: 2,
  });
  const first = {
    conv2d: convolution,
    nested: tf.sequential({ layers: [convolution] }),
    steps: layers.timeDistributed({
      layer: layers.conv1d({ filters: 1, kernelSize: 2 }),
      inputShape: [4, 4, 1],
    }),
    dense: layers.dense({ units: 2, inputShape: [4, 4, 1] }),
  }[kind];
  const model = tf.sequential({
    layers: [first, layers.flatten(), layers.dense({ units: 1 })],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  return model;
}

const data = () => ({ xs: tf.ones([4, 4, 4, 1]), ys: tf.ones([4, 1]) });

function fit(model: tf.LayersModel): Promise<tf.History> {
  const { xs, ys } = data();
  const callbacks = [new CyclicLR()];
  return model.fit(xs, ys, { epochs: 1, verbose: 0, callbacks });
}

const find = (model: tf.LayersModel) =>
  findLearningRate(model, data(), { iterations: 2 });

Deno.test("A convolution on plain JavaScript is warned of once, by the name of what helps", async () => {
  await tf.setBackend("cpu");
  // tfjs's own advice would be the first.
  const [, ...others] = await warningsOf(() => Promise.resolve(tf.zeros([1])));
  assertEquals(others, []);
  assertEquals(await warningsOf(() => fit(network("dense"))), []);
  const warnings = await warningsOf(async () => {
    await fit(network("conv2d"));
    await fit(network("conv2d"));
    await find(network("conv2d"));
  });
  assertEquals(warnings.length, 1);
  assertStringIncludes(warnings[0], "selectBackend()");
  assertEquals(warnings[0].split("\n").every((l) => l.length <= 80), true);
});

for (
  const [what, run] of [
    ["fit()", () => fit(network("nested"))],
    ["fit() of steps", () => fit(network("steps"))],
    ["findLearningRate()", () => find(network("conv2d"))],
    ["preflight()", () => preflight(network("nested"))],
  ] as const
) {
  Deno.test(`${what} warns of a convolution on plain JavaScript`, async () => {
    await tf.setBackend("cpu");
    explainSlowBackend("Do something.");
    const warnings = await warningsOf(run);
    assertEquals(warnings.length, 1);
    assertStringIncludes(warnings[0].replaceAll("\n", " "), "Do something.");
  });
}

Deno.test("findLearningRate() warns of a convolution in a loop of one's own", async () => {
  await tf.setBackend("cpu");
  for (const [shape, count] of [[[2, 2, 1, 1], 1], [[2, 2], 0]] as const) {
    explainSlowBackend("Do something.");
    const variable = tf.variable(tf.ones([...shape]));
    const optimizer = tf.train.sgd(0.1);
    const trainOnBatch = () =>
      optimizer.minimize(
        () => variable.square().sum() as tf.Scalar,
        true,
        [variable],
      )!;
    const trainee = { optimizer, variables: [variable], trainOnBatch };
    const warnings = await warningsOf(() =>
      findLearningRate(trainee, () => [data()], { iterations: 2 })
    );
    assertEquals(warnings.length, count);
  }
});

/** What a program prints as errors that begins like this. */
async function errorsOf(program: string): Promise<string> {
  const { code, stderr } = await runDeno(["eval", "--ext=ts", program]);
  assertEquals(code, 0, stderr);
  return stderr;
}

const TRAIN = `
const convolution = tf.layers.conv2d({
  inputShape: [4, 4, 1], filters: 1, kernelSize: 2,
});
const model = tf.sequential({ layers: [convolution, tf.layers.flatten()] });
model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
const callbacks = [new CyclicLR()];
await model.fit(tf.ones([4, 4, 4, 1]), tf.ones([4, 9]), { epochs: 1, verbose: 0, callbacks });
`;
const IMPORTS = `
import * as tf from "@tensorflow/tfjs";
import { CyclicLR } from "@clr/clr";
import { selectBackend } from "@clr/clr/backends";
`;

Deno.test("Neither tfjs nor the library warns of a plain backend that was asked for by name", async () => {
  const select = `await selectBackend({ backend: "cpu" });`;
  assertEquals(await errorsOf(IMPORTS + select + TRAIN), "");
  // Where a tensor was made before, tfjs has had its word.
  const begin = `tf.ones([1]).dataSync(); console.warn("begin");`;
  const errors = await errorsOf(IMPORTS + begin + select + TRAIN);
  assertEquals(errors.split("begin\n").at(-1), "");
});

Deno.test("tfjs advises no package where a backend was selected before", async () => {
  const select = `await selectBackend({ backend: "wasm", threads: 1 });`;
  assertEquals(await errorsOf(IMPORTS + select + TRAIN), "");
  const back = `await tf.setBackend("cpu");`;
  assertEquals(await errorsOf(IMPORTS + select + back + TRAIN), "");
});
