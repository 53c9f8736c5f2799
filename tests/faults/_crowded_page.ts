/** Trains with a live page, once whoever started it says so on standard input. */

import * as tf from "@tensorflow/tfjs";
import { CyclicLR } from "@clr/clr";
import { LivePage } from "@clr/clr/plots";

// As commands do. What Deno opens for signals it may else open only when the crowd
// is there, and panics as it has no file left.
const stop = () => Deno.exit(1);
Deno.addSignalListener("SIGTERM", stop);
await tf.setBackend("cpu");
const model = tf.sequential({
  layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
});
model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
const clr = new CyclicLR({ stepSize: 10 });
const live = await LivePage.open({ title: "Crowded" });
console.log(live.url);
await Deno.stdin.read(new Uint8Array(1));
live.follow(clr);
await model.fit(tf.ones([40, 2]), tf.ones([40, 1]), {
  batchSize: 1,
  epochs: 3,
  verbose: 0,
  callbacks: [clr],
});
await live.end("over", clr);
await live.close();
console.log(`trained ${clr.totalIterations}`);
Deno.removeSignalListener("SIGTERM", stop);
Deno.stdin.close();
