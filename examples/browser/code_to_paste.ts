import type { CyclicLR } from "@clr/clr";

/** A rate in four digits. */
function rate(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** The program that trains with what was found. */
export function codeToPaste(
  { options }: Pick<CyclicLR, "options">,
  { optimizer, batchSize, epochs }: {
    readonly optimizer: "adam" | "momentum";
    readonly batchSize: number;
    readonly epochs: number;
  },
): string {
  const base = rate(options.baseLr);
  const compiled = optimizer === "adam"
    ? `tf.train.adam(${base})`
    : `tf.train.momentum(${base}, 0.9)`;
  return `import * as tf from "@tensorflow/tfjs";
import { CyclicLR } from "@clr/clr";

// model.compile({ optimizer: ${compiled}, … })
const clr = new CyclicLR({
  baseLr: ${base},
  maxLr: ${rate(options.maxLr)},
  stepSize: ${options.stepSize},
  mode: "${options.mode}",
});
await model.fit(xs, ys, {
  batchSize: ${batchSize},
  epochs: ${epochs},
  callbacks: [clr],
});
`;
}
