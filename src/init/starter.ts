import { VERSION } from "../runtime/version.ts";

/** The program of a starter, which trains and can be handed to `find-lr`. */
export const TRAIN =
  `// Trains with a cyclical learning rate between bounds that a range test finds:
//   deno task train
// The range test alone, with pictures:
//   deno task find-lr
import * as tf from "@tensorflow/tfjs";
import { CyclicLR, findLearningRate } from "@clr/clr";
import { selectBackend } from "@clr/clr/backends";
import { evaluateClassifier } from "@clr/clr/metrics";
import { historyChart, toSvg } from "@clr/clr/plots";

const BATCH_SIZE = 32;
const EPOCHS = 16;

/** Your model, compiled. The optimizer's own rate does not matter. */
export function createModel(): tf.LayersModel {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 32, activation: "relu", inputShape: [2] }),
      tf.layers.dense({ units: 32, activation: "relu" }),
      tf.layers.dense({ units: 3, activation: "softmax" }),
    ],
  });
  model.compile({
    optimizer: tf.train.momentum(0.01, 0.9),
    loss: "categoricalCrossentropy",
    metrics: ["accuracy"],
  });
  return model;
}

/** Your data: here the arms of a spiral in three classes, in random order. */
export function createData(): { xs: tf.Tensor2D; ys: tf.Tensor } {
  const points: number[][] = [];
  const labels: number[] = [];
  for (let i = 0; i < 2400; i++) {
    const arm = i % 3;
    const radius = Math.random();
    const angle = 4 * radius + (2 * Math.PI * arm) / 3 + 0.2 * Math.random();
    points.push([radius * Math.cos(angle), radius * Math.sin(angle)]);
    labels.push(arm);
  }
  const ys = tf.oneHot(tf.tensor1d(labels, "int32"), 3);
  return { xs: tf.tensor2d(points), ys };
}

if (import.meta.main) {
  const { backend, device } = await selectBackend();
  console.log(\`Training with \${backend} on \${device}\`);
  const model = createModel();
  const { xs, ys } = createData();

  const range = await findLearningRate(model, { xs, ys }, {
    batchSize: BATCH_SIZE,
  });
  console.log(\`\${range}\`);

  const clr = CyclicLR.fromRange(range, {
    epochs: EPOCHS,
    mode: "triangular2",
  });
  await model.fit(xs, ys, {
    batchSize: BATCH_SIZE,
    epochs: EPOCHS,
    verbose: 0,
    callbacks: [clr],
  });
  await Deno.writeTextFile("history.svg", await toSvg(historyChart(clr)));

  const test = createData();
  const { report } = await evaluateClassifier(model, test);
  console.log(\`\${report}\`);
  console.log("The course of the training is in history.svg");
}
`;

/** The configuration of a starter: its packages and tasks. */
export const DENO_JSON = JSON.stringify(
  {
    tasks: {
      train: "deno run -A train.ts",
      "find-lr": "deno run -A jsr:@clr/clr/find-lr ./train.ts --batch-size 32",
    },
    imports: {
      "@clr/clr": `jsr:@clr/clr@^${VERSION}`,
      "@tensorflow/tfjs": "npm:@tensorflow/tfjs@^4.22.0",
    },
  },
  null,
  2,
) + "\n";
