/** The history beside the checkpoints: a file that grows by what is new. */

import * as tf from "@tensorflow/tfjs";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { CyclicLR, LearningRateScheduler } from "@clr/clr";
import {
  Checkpointer,
  CheckpointError,
  loadCheckpoint,
  saveCheckpoint,
  StopOnAbort,
} from "@clr/clr/training";
import { namesIn, withFolder } from "../../_folder.ts";

await tf.setBackend("cpu");

function createModel(): tf.LayersModel {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  return model;
}

const model = createModel();

/** A scheduler with so many steps behind it. */
function trained(steps: number): LearningRateScheduler {
  const scheduler = new LearningRateScheduler((t) => 1 / (1 + t));
  goOn(scheduler, steps);
  return scheduler;
}

function goOn(scheduler: LearningRateScheduler, steps: number): void {
  scheduler.attach(tf.train.sgd(1));
  for (let i = 0; i < steps; i++) {
    const t = scheduler.totalIterations;
    scheduler.step({ loss: t % 3 === 2 ? NaN : -t, ...(t > 3 && { acc: t }) });
  }
}

async function reload(folder: string): Promise<LearningRateScheduler> {
  const scheduler = new LearningRateScheduler((t) => 1 / (1 + t));
  const checkpoint = await loadCheckpoint(folder);
  checkpoint!.restore({ model, scheduler });
  assertEquals(checkpoint!.damaged, []);
  return scheduler;
}

function historyFiles(folder: string): string[] {
  return namesIn(folder).filter((name) => name.startsWith("history-"));
}

function sizeOf(folder: string): number {
  const [file] = historyFiles(folder);
  return Deno.statSync(`${folder}/${file}`).size;
}

Deno.test("saveCheckpoint() adds to the history's file what is new, and a column that is", () =>
  withFolder(async (folder) => {
    const scheduler = trained(3);
    const sizes: number[] = [];
    for (let i = 0; i < 6; i++) {
      goOn(scheduler, i === 0 ? 1000 : 1);
      await saveCheckpoint(folder, { model, scheduler });
      sizes.push(sizeOf(folder));
      assertEquals((await reload(folder)).toJSON(), scheduler.toJSON());
    }
    assertEquals(historyFiles(folder).length, 1);
    const [first, second, third] = sizes;
    assert(first > 24_000);
    assert(second - first < 600);
    assertEquals(third - second, second - first);
    // With no new row, none is written.
    await saveCheckpoint(folder, { model, scheduler });
    assertEquals(sizeOf(folder), sizes[5]);
  }));

Deno.test("saveCheckpoint() of a resumed run goes on in the same file", () =>
  withFolder(async (folder) => {
    await saveCheckpoint(folder, { model, scheduler: trained(5) });
    const [file] = historyFiles(folder);
    const resumed = await reload(folder);
    goOn(resumed, 2);
    await saveCheckpoint(folder, { model, scheduler: resumed });
    assertEquals(historyFiles(folder), [file]);
    assertEquals((await reload(folder)).toJSON(), resumed.toJSON());
    assertEquals(resumed.toJSON(), trained(7).toJSON());
  }));

Deno.test("saveCheckpoint() never overwrites what a newer checkpoint needs", () =>
  withFolder(async (folder) => {
    const scheduler = trained(2);
    await saveCheckpoint(folder, { model, scheduler });
    const early = (await loadCheckpoint(folder))!;
    goOn(scheduler, 2);
    const newer = await saveCheckpoint(folder, { model, scheduler });
    // Rewound, and onto another way.
    early.restore({ model, scheduler });
    goOn(scheduler, 5);
    const newest = await saveCheckpoint(folder, { model, scheduler });
    assertEquals(historyFiles(folder).length, 2);
    assertEquals((await reload(folder)).toJSON(), scheduler.toJSON());
    await Deno.remove(newest, { recursive: true });
    const left = (await loadCheckpoint(folder))!;
    assertEquals([left.path, left.iteration], [newer, 4]);
    assertEquals(left.damaged, []);
  }));

Deno.test("saveCheckpoint() of another run starts a file of its own and removes the old when none needs it", () =>
  withFolder(async (folder) => {
    const one = trained(4);
    await saveCheckpoint(folder, { model, scheduler: one });
    const [old] = historyFiles(folder);
    const other = trained(9);
    await saveCheckpoint(folder, { model, scheduler: other });
    assertEquals(historyFiles(folder).length, 2);
    await saveCheckpoint(folder, { model, scheduler: other });
    assertEquals(historyFiles(folder).includes(old), false);
    assertEquals((await reload(folder)).toJSON(), other.toJSON());
  }));

Deno.test("saveCheckpoint() leaves alone the bytes of a write that was cut off", () =>
  withFolder(async (folder) => {
    const scheduler = trained(4);
    await saveCheckpoint(folder, { model, scheduler });
    const [file] = historyFiles(folder);
    const path = `${folder}/${file}`;
    await Deno.writeFile(path, new Uint8Array(33), { append: true });
    assertEquals((await reload(folder)).toJSON(), scheduler.toJSON());
    goOn(scheduler, 1);
    await saveCheckpoint(folder, { model, scheduler });
    assertEquals((await reload(folder)).toJSON(), scheduler.toJSON());
  }));

Deno.test("loadCheckpoint() finds any byte of the history that changed, and passes over", () =>
  withFolder(async (folder) => {
    const scheduler = trained(2);
    await saveCheckpoint(folder, { model, scheduler });
    goOn(scheduler, 2);
    await saveCheckpoint(folder, { model, scheduler });
    const [file] = historyFiles(folder);
    const path = `${folder}/${file}`;
    const bytes = await Deno.readFile(path);
    for (let at = 0; at < bytes.length; at += 7) {
      const changed = bytes.slice();
      changed[at] ^= 4;
      await Deno.writeFile(path, changed);
      const loaded = await loadCheckpoint(folder).catch((error) => {
        assert(error instanceof CheckpointError, `${error}`);
        return undefined;
      });
      // The later rows are of the newer one alone.
      if (loaded) {
        assertEquals([loaded.iteration, loaded.damaged.length], [2, 1]);
        assertStringIncludes(loaded.damaged[0].reason, file);
      }
    }
    for (const length of [0, 10, bytes.length - 1]) {
      await Deno.writeFile(path, bytes.subarray(0, length));
      const loaded = await loadCheckpoint(folder).catch(() => undefined);
      assert(loaded === undefined || loaded.iteration === 2);
    }
    await Deno.writeFile(path, bytes);
    assertEquals((await loadCheckpoint(folder))!.iteration, 4);
  }));

Deno.test("saveCheckpoint() in calls at once saves each", () =>
  withFolder(async (folder) => {
    const scheduler = trained(3);
    const paths = await Promise.all(
      [1, 2, 3].map(() =>
        saveCheckpoint(folder, { model, scheduler }, { keep: 5 })
      ),
    );
    assertEquals(
      paths.map((path) => path.slice(-1)),
      ["1", "2", "3"],
    );
    assertEquals(namesIn(folder).length, 4);
    assertEquals((await reload(folder)).toJSON(), scheduler.toJSON());
  }));

Deno.test("loadCheckpoint() passes over what cannot be read as a file", () =>
  withFolder(async (folder) => {
    const first = await saveCheckpoint(folder, { model });
    for (const file of ["tensors.safetensors", "checkpoint.json"]) {
      const newest = await saveCheckpoint(folder, { model });
      await Deno.remove(`${newest}/${file}`);
      await Deno.mkdir(`${newest}/${file}`);
      const loaded = (await loadCheckpoint(folder))!;
      assertEquals(loaded.path, first);
      assertEquals(loaded.damaged.map(({ path }) => path), [newest]);
      await Deno.remove(newest, { recursive: true });
    }
    await Deno.writeTextFile(`${folder}/checkpoint-000009`, "a file");
    assertEquals((await loadCheckpoint(folder))!.path, first);
  }));

const xs = tf.randomNormal([10, 2], 0, 1, "float32", 1);
const ys = tf.tidy(() => xs.sum(1, true));

for (const kind of ["fit", "fitDataset", "fitDataset without end"] as const) {
  Deno.test(`Checkpointer saves the last batch of an epoch with the epoch's row, in ${kind}`, () =>
    withFolder(async (folder) => {
      const clr = new CyclicLR({ stepSize: 3 });
      const saver = new Checkpointer(folder, { scheduler: clr, every: 5 });
      const callbacks = [clr, saver];
      const options = { epochs: 3, verbose: 0 as const, callbacks };
      const net = createModel();
      if (kind === "fit") {
        await net.fit(xs, ys, { ...options, batchSize: 2 });
      } else {
        const data = tf.data.zip({
          xs: tf.data.array(xs.arraySync() as number[][]),
          ys: tf.data.array(ys.arraySync() as number[][]),
        }).batch(2) as tf.data.Dataset<{ xs: tf.Tensor; ys: tf.Tensor }>;
        await net.fitDataset(
          kind === "fitDataset" ? data.repeat() : data,
          kind === "fitDataset" ? { ...options, batchesPerEpoch: 5 } : options,
        );
      }
      const again = new CyclicLR();
      (await loadCheckpoint(folder))!.restore({ model: net, scheduler: again });
      assertEquals(again.epochHistory.epochs, [1, 2, 3]);
      assertEquals(again.epochHistory.iterations, [5, 10, 15]);
      assertEquals(again.toJSON(), clr.toJSON());
    }));
}

Deno.test("Checkpointer saves the batch in which its signal is aborted, and training ends", () =>
  withFolder(async (folder) => {
    for (const [at, epochs] of [[3, []], [5, [1]]] as const) {
      const clr = new CyclicLR({ stepSize: 3 });
      const stop = new AbortController();
      const net = createModel();
      await net.fit(xs, ys, {
        batchSize: 2,
        epochs: 4,
        verbose: 0,
        callbacks: [
          new (class extends tf.Callback {
            override onBatchEnd(): Promise<void> {
              if (clr.totalIterations + 1 === at) stop.abort();
              return Promise.resolve();
            }
          })(),
          new StopOnAbort(stop.signal),
          clr,
          new Checkpointer(folder, {
            scheduler: clr,
            every: 100,
            signal: stop.signal,
            replace: true,
          }),
        ],
      });
      const again = new CyclicLR();
      (await loadCheckpoint(folder))!.restore({ model: net, scheduler: again });
      assertEquals(again.totalIterations, at);
      // The epoch that was cut counts when its rest has been trained.
      assertEquals(again.epochHistory.epochs, [...epochs]);
    }
  }));

Deno.test("Checkpointer ends the run that saves into the folder of another", () =>
  withFolder(async (folder) => {
    const clr = new CyclicLR({ stepSize: 3 });
    const net = createModel();
    // As another process would, beside this one's back.
    const intrude = new (class extends tf.Callback {
      override async onBatchEnd(batch: number): Promise<void> {
        if (batch !== 2) return;
        await Deno.mkdir(`${folder}/checkpoint-000007`, { recursive: true });
      }
    })();
    await assertRejects(
      () =>
        net.fit(xs, ys, {
          batchSize: 2,
          verbose: 0,
          callbacks: [
            clr,
            intrude,
            new Checkpointer(folder, { scheduler: clr, every: 2 }),
          ],
        }),
      CheckpointError,
      "as one run alone must do so",
    );
    assertEquals((await loadCheckpoint(folder))!.iteration, 2);
  }));

Deno.test("Checkpointer ends one of two runs of a process that save into a folder", () =>
  withFolder(async (folder) => {
    const train = async (goesOn = false) => {
      const clr = new CyclicLR({ stepSize: 3 });
      const model = createModel();
      if (goesOn) {
        const checkpoint = (await loadCheckpoint(folder))!;
        checkpoint.restore({ model, scheduler: clr });
      }
      const checkpointer = new Checkpointer(folder, {
        scheduler: clr,
        every: 2,
      });
      await model.fit(xs, ys, {
        batchSize: 2,
        epochs: 3,
        verbose: 0,
        callbacks: [clr, checkpointer],
      });
    };
    const runs = await Promise.allSettled([train(), train()]);
    const ended = runs.filter(({ status }) => status === "rejected");
    assertEquals(ended.length, 1);
    assertStringIncludes(
      String((ended[0] as PromiseRejectedResult).reason),
      "as one run alone must do so",
    );
    // Nor does a run after the other lose it, but go on from it.
    const [{ name }] = [...Deno.readDirSync(folder)].filter(({ name }) =>
      name.startsWith("checkpoint-")
    ).sort((a, b) => b.name.localeCompare(a.name));
    await assertRejects(
      () => train(),
      CheckpointError,
      `${folder}/${name}, after 14 iterations, is of another`,
    );
    await train(true);
    assertEquals((await loadCheckpoint(folder))!.iteration, 28);
  }));

Deno.test("Checkpointer goes on after its run saved in another way, with another optimizer", () =>
  withFolder(async (folder) => {
    const clr = new CyclicLR({ stepSize: 3 });
    const net = createModel();
    const checkpointer = new Checkpointer(folder, { scheduler: clr, every: 1 });
    const fit = () =>
      net.fit(xs, ys, { verbose: 0, callbacks: [clr, checkpointer] });
    await fit();
    await saveCheckpoint(folder, { model: net, scheduler: clr });
    net.compile({ optimizer: "adam", loss: "meanSquaredError" });
    await fit();
    await saveCheckpoint(folder, { model: net, scheduler: clr });
    await fit();
    assertEquals((await loadCheckpoint(folder))!.iteration, 3);
  }));
