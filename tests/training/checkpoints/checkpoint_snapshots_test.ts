/** Snapshots beside the checkpoints: a file each, written once. */

import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  CheckpointError,
  CycleSnapshots,
  loadCheckpoint,
  saveCheckpoint,
} from "@clr/clr/training";
import { namesIn, withFolder } from "../../_folder.ts";

await tf.setBackend("cpu");

function createModel(units = 4): tf.LayersModel {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units, inputShape: [3], kernelInitializer: "ones" }),
      tf.layers.dense({ units: 1, kernelInitializer: "ones" }),
    ],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  return model;
}

/** Changes the weights and takes a snapshot of them. */
function take(
  model: tf.LayersModel,
  snapshots: CycleSnapshots,
  score?: number,
): void {
  tf.tidy(() =>
    model.setWeights(model.getWeights().map((weight) => weight.add(1)))
  );
  snapshots.take(score);
}

const xs = tf.ones([2, 3]);

function predictions(snapshots: CycleSnapshots): unknown {
  return Array.from({ length: snapshots.count }, (_, i) => {
    const mean = snapshots.predict(xs, { last: i + 1 }) as tf.Tensor;
    return mean.arraySync();
  });
}

/** The files of snapshots by name, and when each was written. */
function filesIn(folder: string): Map<string, string> {
  return new Map(
    namesIn(folder).filter((name) => name.startsWith("snapshot-"))
      .map((name) => {
        const { ino, mtime } = Deno.statSync(`${folder}/${name}`);
        return [name, `${ino} ${mtime?.getTime()}`];
      }),
  );
}

Deno.test("saveCheckpoint() writes each snapshot once, and removes those that none needs", () =>
  withFolder(async (folder) => {
    const model = createModel();
    using snapshots = new CycleSnapshots(model, { keep: 2 });
    let before = filesIn(folder);
    // The first has the best score, and is kept beside the last two.
    for (const score of [3, 1, 2, 0, 1]) {
      take(model, snapshots, score);
      await saveCheckpoint(folder, { model, snapshots });
      const after = filesIn(folder);
      const added = [...after].filter(([name]) => !before.has(name));
      assertEquals(added.length, 1);
      for (const [name, written] of after) {
        assert(!before.has(name) || before.get(name) === written);
      }
      before = after;
      // Nothing new, nothing written.
      await saveCheckpoint(folder, { model, snapshots });
      assert(
        [...filesIn(folder)].every(([name, written]) =>
          after.get(name) === written
        ),
      );
      before = filesIn(folder);
    }
    assertEquals(before.size, 3);
    await saveCheckpoint(folder, { model }, { keep: 1 });
    assertEquals(namesIn(folder), ["checkpoint-000011"]);
    model.dispose();
  }));

Deno.test("saveCheckpoint() of a resumed run goes on with the files that are there", () =>
  withFolder(async (folder) => {
    const model = createModel();
    using snapshots = new CycleSnapshots(model);
    for (const score of [2, 1]) take(model, snapshots, score);
    await saveCheckpoint(folder, { model, snapshots });
    const files = filesIn(folder);

    const other = createModel();
    using resumed = new CycleSnapshots(other);
    (await loadCheckpoint(folder))!.restore({
      model: other,
      snapshots: resumed,
    });
    assertEquals(predictions(resumed), predictions(snapshots));
    take(other, resumed);
    await saveCheckpoint(folder, { model: other, snapshots: resumed });
    assertEquals(filesIn(folder).size, 3);
    for (const [name, written] of files) {
      assertEquals(filesIn(folder).get(name), written);
    }

    // A file that has gone is written again.
    const [gone] = files.keys();
    await Deno.remove(`${folder}/${gone}`);
    const path = await saveCheckpoint(folder, {
      model: other,
      snapshots: resumed,
    });
    const checkpoint = (await loadCheckpoint(folder))!;
    assertEquals([checkpoint.path, checkpoint.damaged], [path, []]);
    using again = new CycleSnapshots(other);
    checkpoint.restore({ model: other, snapshots: again });
    assertEquals(predictions(again), predictions(resumed));
    assertEquals(again.bestScore, 2);
    for (const each of [model, other]) each.dispose();
  }));

Deno.test("loadCheckpoint() passes over a checkpoint whose snapshot is damaged", () =>
  withFolder(async (folder) => {
    const model = createModel();
    using snapshots = new CycleSnapshots(model);
    const first = await saveCheckpoint(folder, { model });
    take(model, snapshots);
    const second = await saveCheckpoint(folder, { model, snapshots });
    const [name] = filesIn(folder).keys();
    const path = `${folder}/${name}`;
    const bytes = await Deno.readFile(path);
    const damages: [string, () => void][] = [
      ["does not match its checksum", () => {
        const changed = bytes.slice();
        changed[changed.length - 3] ^= 8;
        Deno.writeFileSync(path, changed);
      }],
      ["bytes instead of", () => Deno.truncateSync(path, 20)],
      ["is no file", () => {
        Deno.removeSync(path);
        Deno.mkdirSync(path);
      }],
      [`${name} is missing`, () => Deno.removeSync(path)],
    ];
    for (const [reason, damage] of damages) {
      damage();
      const checkpoint = (await loadCheckpoint(folder))!;
      assertEquals(checkpoint.path, first);
      assertEquals(checkpoint.damaged.map(({ path }) => path), [second]);
      assert(
        checkpoint.damaged[0].reason.includes(reason),
        checkpoint.damaged[0].reason,
      );
    }
    await Deno.remove(first, { recursive: true });
    await assertRejects(() => loadCheckpoint(folder), CheckpointError, name);
    await Deno.writeFile(path, bytes);
    assertEquals((await loadCheckpoint(folder))!.path, second);
    model.dispose();
  }));

Deno.test("saveCheckpoint() sweeps a snapshot that a killed process left, and half of one", () =>
  withFolder(async (folder) => {
    const model = createModel();
    using snapshots = new CycleSnapshots(model);
    take(model, snapshots);
    await saveCheckpoint(folder, { model, snapshots });
    const names = namesIn(folder);
    for (
      const name of [
        "snapshot-0badf00d.safetensors",
        "snapshot-0badcafe.safetensors.12345678.part",
      ]
    ) await Deno.writeTextFile(`${folder}/${name}`, "left");
    await Deno.writeTextFile(`${folder}/snapshot-mine.txt`, "mine");
    await saveCheckpoint(folder, { model, snapshots });
    assertEquals(
      namesIn(folder),
      [...names, "checkpoint-000002", "snapshot-mine.txt"].sort(),
    );
    model.dispose();
  }));

Deno.test("loadCheckpoint() and saveCheckpoint() say that a file is no folder", () =>
  withFolder(async (folder) => {
    const file = `${folder}/file`;
    await Deno.writeTextFile(file, "mine");
    await assertRejects(
      () => loadCheckpoint(file),
      CheckpointError,
      `as ${file} must be a folder: current value is a file`,
    );
    const model = createModel();
    await assertRejects(
      () => saveCheckpoint(file, { model }),
      Error,
      `Cannot save a checkpoint as ${file} must be a folder`,
    );
    model.dispose();
  }));

Deno.test("saveCheckpoint() replaces a checkpoint that is a mere folder", () =>
  withFolder(async (folder) => {
    const model = createModel();
    await Deno.mkdir(`${folder}/checkpoint-000001`);
    await Deno.writeTextFile(`${folder}/history-01234567.bin`, "old");
    // What it is of, nobody knows.
    await assertRejects(() => saveCheckpoint(folder, { model }));
    const path = await saveCheckpoint(folder, { model }, { replace: true });
    assertEquals((await loadCheckpoint(folder))!.path, path);
    assertEquals(namesIn(folder), ["checkpoint-000002"]);
    model.dispose();
  }));
