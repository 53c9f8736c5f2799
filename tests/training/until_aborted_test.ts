import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { CyclicLR } from "@clr/clr";
import {
  Checkpointer,
  loadCheckpoint,
  StopOnAbort,
  untilAborted,
} from "@clr/clr/training";
import { withFolder } from "../_folder.ts";

await tf.setBackend("cpu");

type Batch = { xs: tf.Tensor; ys: tf.Tensor };

function createModel(): tf.Sequential {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 1,
        inputShape: [2],
        kernelInitializer: "zeros",
      }),
    ],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  return model;
}

function batchAt(t: number): Batch {
  return tf.tidy(() => {
    const xs = tf.randomNormal([4, 2], 0, 1, "float32", t + 1);
    return { xs, ys: xs.sum(1, true) };
  });
}

/** Batches of which the one at `at` comes when `arrive` is called. */
class Stalling {
  readonly stop = new AbortController();
  arrive: () => void = () => {};
  closed = 0;
  #drawn = 0;

  constructor(readonly at = Infinity) {}

  dataset(batches: number): tf.data.Dataset<Batch> {
    const draw = async function* (this: Stalling) {
      try {
        for (let t = 0; t < batches; t++) {
          if (this.#drawn++ === this.at) {
            this.stop.abort();
            await new Promise<void>((resolve) => this.arrive = resolve);
          }
          yield batchAt(t);
        }
      } finally {
        this.closed++;
      }
    };
    return tf.data.generator(
      draw.bind(this) as unknown as () => Generator<Batch>,
    );
  }
}

for (const batchesPerEpoch of [undefined, 5]) {
  const what = batchesPerEpoch ? "so many an epoch" : "to their end";
  Deno.test(`untilAborted() gives the same batches, ${what}`, async () => {
    const losses: unknown[] = [];
    for (const isWrapped of [false, true]) {
      const never = new Stalling();
      const dataset = never.dataset(15);
      const { history } = await createModel().fitDataset(
        isWrapped ? untilAborted(dataset, never.stop.signal) : dataset,
        { epochs: 3, verbose: 0, ...(batchesPerEpoch && { batchesPerEpoch }) },
      );
      losses.push(history.loss);
    }
    assertEquals(losses[1], losses[0]);
  });

  Deno.test(`untilAborted() lets fitDataset() end and save all, ${what}, where a batch never comes`, () =>
    withFolder(async (folder) => {
      for (const at of [0, 3, 7]) {
        const stalling = new Stalling(at);
        const { signal } = stalling.stop;
        const model = createModel();
        const clr = new CyclicLR();
        await model.fitDataset(untilAborted(stalling.dataset(8), signal), {
          epochs: 2,
          ...(batchesPerEpoch && { batchesPerEpoch: 4 }),
          verbose: 0,
          callbacks: [
            new StopOnAbort(signal),
            clr,
            new Checkpointer(`${folder}/${at}`, {
              scheduler: clr,
              every: 1000,
              signal,
            }),
          ],
        });
        assert(signal.aborted);
        const again = new CyclicLR();
        const checkpoint = await loadCheckpoint(`${folder}/${at}`);
        checkpoint!.restore({ model: createModel(), scheduler: again });
        assertEquals(again.history, clr.history);
        // What comes after all is freed, and its source closed.
        const { numTensors } = tf.memory();
        stalling.arrive();
        await new Promise((resolve) => setTimeout(resolve));
        assertEquals(tf.memory().numTensors, numTensors);
      }
    }));
}

Deno.test("untilAborted() keeps a Dataset's size, errors and end", async () => {
  const { signal } = new AbortController();
  const known = tf.data.array([1, 2, 3]);
  assertEquals(untilAborted(known, signal).size, 3);
  assertEquals(await untilAborted(known, signal).toArray(), [1, 2, 3]);
  // An abort alone ends nothing: whoever trains sees it after the batch.
  assertEquals(
    await untilAborted(known, AbortSignal.abort()).toArray(),
    [1, 2, 3],
  );
  const broken = tf.data.generator(function* () {
    yield 1;
    throw new Error("no such file");
  });
  await assertRejects(
    () => untilAborted(broken, signal).toArray(),
    Error,
    "no such file",
  );
  for (const none of [undefined, null, [], "data"]) {
    assertThrows(
      () => untilAborted(none as unknown as tf.data.Dataset<number>, signal),
      TypeError,
      "Cannot end data on an abort as dataset must be a tf.data.Dataset",
    );
  }
  assertThrows(
    () => untilAborted(known, new AbortController() as unknown as AbortSignal),
    TypeError,
    "Cannot end data on an abort as signal must be an AbortSignal",
  );
});
