/** Disks that are full and folders that cannot be written. */

import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { createHash } from "node:crypto";
import { CyclicLR } from "@clr/clr";
import { writeFile } from "@clr/clr/command";
import {
  CycleSnapshots,
  loadCheckpoint,
  saveCheckpoint,
  TensorBoardLogger,
} from "@clr/clr/training";
import { download } from "../../examples/datasets/_download.ts";
import { loadMnist } from "../../examples/datasets/mnist.ts";
import { extractTarGz } from "../../examples/datasets/_tar.ts";
import { loadModel, saveModel } from "../../examples/training/model_files.ts";
import { gzip, tar } from "../examples/datasets/_fixtures.ts";
import { namesIn, withFolder } from "../_folder.ts";
import { runProgram } from "../_run.ts";
import { readFolder } from "../training/_event_reader.ts";
import { BadServer, BEHAVIOURS, FILE } from "./_bad_servers.ts";
import { empty, fill, onSmallDisk } from "./_small_disk.ts";

await tf.setBackend("cpu");

const SMALL = [
  ...["--data", "synthetic", "--backend", "wasm", "--threads", "1"],
  ...["--train-images", "20", "--test-images", "10", "--batch-size", "10"],
  ...["--epochs", "1", "--no-plots"],
];

for (
  const [what, options, message] of [
    ["full", "size=32k", "No space left on device"],
    ["read-only", "size=1m,ro", "Read-only file system"],
  ]
) {
  Deno.test(`cifar10.ts ends with a line on a ${what} disk, and leaves nothing half`, async () => {
    await onSmallDisk(options, async (folder) => {
      const { code, stderr } = await runProgram(
        "examples/cifar10.ts",
        ...SMALL,
        ...["--out", `${folder}/out`],
      );
      assertEquals(code, 1, stderr);
      assertMatch(stderr, new RegExp(`^error: .*${message}.*$`, "mi"));
      assert(!stderr.includes("    at "), stderr);
      if (what === "read-only") return;
      const left = [...Deno.readDirSync(`${folder}/out`)].map(({ name }) =>
        name
      );
      assertEquals(left.filter((name) => name.endsWith(".part")), []);
    });
  });
}

Deno.test("cifar10.ts does not train what it could not save", () =>
  withFolder(async (out) => {
    await Deno.writeTextFile(`${out}/model`, "mine");
    const args = [...SMALL, "--out", out];
    const { code, stdout, stderr } = await runProgram(
      "examples/cifar10.ts",
      ...args,
    );
    assertEquals([code, stdout], [1, ""]);
    assertMatch(stderr, /^error: Cannot save a model as .* must be a folder/m);
    assertEquals(namesIn(out), ["model"]);
    assertEquals(await Deno.readTextFile(`${out}/model`), "mine");
  }));

Deno.test("cifar10.ts does not train a model that the disk has no room for", () =>
  onSmallDisk("size=200k", async (folder) => {
    const out = `${folder}/out`;
    const { code, stdout, stderr } = await runProgram(
      "examples/cifar10.ts",
      ...[...SMALL, "--out", out],
    );
    assertEquals([code, stdout], [1, ""]);
    assertMatch(
      stderr,
      /^error: Cannot save a model of \d+ bytes into .*: No space left/m,
    );
    assertEquals(namesIn(out), []);
  }));

Deno.test("what is wrong with the folder of --tensorboard is said before any time is spent", async () => {
  const file = await Deno.makeTempFile();
  const out = await Deno.makeTempDir();
  try {
    const logs = ["--tensorboard", file];
    const module = fromFileUrl(new URL("_line_module.ts", import.meta.url));
    for (
      const [program, ...args] of [
        ["examples/cifar10.ts", ...SMALL, "--out", out],
        ["examples/mnist.ts", "--data", "synthetic"],
        ["examples/paper.ts", "--row", "own-mnist", "--out", out],
        ["src/find_lr.ts", module, "--out", out],
      ]
    ) {
      const { code, stdout, stderr } = await runProgram(
        program,
        ...args,
        ...logs,
      );
      assert(code === 1 || code === 2, stderr);
      assertEquals(stdout, "", program);
      assertMatch(
        stderr,
        new RegExp(`TensorBoard.*${file}|tensorboard.*${file}`),
      );
    }
    assertEquals(namesIn(out), []);
  } finally {
    await Deno.remove(file);
    await Deno.remove(out, { recursive: true });
  }
});

const FULL = /no space left on device/i;

function createModel(units: number): tf.LayersModel {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units, inputShape: [100] })],
  });
  model.compile({ optimizer: "adam", loss: "meanSquaredError" });
  return model;
}

function dispose(model: tf.LayersModel): void {
  model.optimizer.dispose();
  model.dispose();
}

/** The error in a line that a full disk ends in. */
async function assertFull(act: () => Promise<unknown>): Promise<void> {
  const { message } = await assertRejects(act, Error);
  assertMatch(message, FULL);
  assertEquals(message.split("\n").length, 1);
}

for (const left of [0, 4096, 24_000]) {
  Deno.test(`saveCheckpoint() on a disk with ${left} bytes left keeps the one before, and goes on when there is room`, () =>
    onSmallDisk("size=1m", async (folder) => {
      const model = createModel(50);
      using snapshots = new CycleSnapshots(model);
      const clr = new CyclicLR().attach(model.optimizer);
      const subject = { model, scheduler: clr, snapshots };
      const steps = () => {
        for (let i = 0; i < 500; i++) clr.step({ loss: i });
        snapshots.take(clr.totalIterations);
      };
      const out = `${folder}/checkpoints`;
      steps();
      await saveCheckpoint(out, subject);
      const before = new Map(
        namesIn(out).map((
          name,
        ) => [name, Deno.statSync(`${out}/${name}`).size]),
      );
      const { history } = clr.toJSON();
      steps();
      await fill(folder, left);
      await assertFull(() => saveCheckpoint(out, subject));
      const names = namesIn(out).filter((name) => name.endsWith(".part"));
      assertEquals(names, []);
      for (const [name, size] of before) {
        const stat = await Deno.stat(`${out}/${name}`);
        if (!name.startsWith("history")) assertEquals(stat.size, size);
      }
      const checkpoint = (await loadCheckpoint(out))!;
      assertEquals(checkpoint.damaged, []);
      assertEquals(checkpoint.iteration, 500);
      const other = new CyclicLR();
      checkpoint.restore({ model, scheduler: other });
      assertEquals(other.toJSON().history, history);

      await empty(folder);
      await saveCheckpoint(out, subject);
      const next = (await loadCheckpoint(out))!;
      assertEquals([next.iteration, next.damaged], [1000, []]);
      next.restore({ model, scheduler: other });
      assertEquals(other.history, clr.history);
      // What was written for the checkpoint that failed is gone.
      const kinds = namesIn(out).map((name) => name.replace(/-.*/, ""));
      assertEquals(kinds, [
        ...["checkpoint", "checkpoint", "history", "snapshot", "snapshot"],
      ]);
      dispose(model);
    }));
}

Deno.test("writeFile() on a disk that is full half-way keeps the file that was there", () =>
  onSmallDisk("size=1m", async (folder) => {
    const path = `${folder}/out/history.svg`;
    await writeFile(path, "<svg>before</svg>");
    await fill(folder, 50_000);
    await assertFull(() => writeFile(path, "x".repeat(100_000)));
    assertEquals(await Deno.readTextFile(path), "<svg>before</svg>");
    assertEquals(namesIn(`${folder}/out`), ["history.svg"]);
  }));

Deno.test("saveModel() on a disk that is full half-way keeps a model that was there", () =>
  onSmallDisk("size=1m", async (folder) => {
    const out = `${folder}/model`;
    const before = createModel(2);
    await saveModel(before, out);
    const files = namesIn(out);
    await fill(folder, 50_000);
    const model = createModel(400);
    await assertFull(() => saveModel(model, out));
    assertEquals(namesIn(out), files);
    const loaded = await loadModel(out);
    assertEquals(
      loaded.getWeights().map((weight) => [...weight.dataSync()]),
      before.getWeights().map((weight) => [...weight.dataSync()]),
    );
    loaded.dispose();
    dispose(before);
    dispose(model);
  }));

Deno.test("download() on a disk that is full half-way goes on from there when there is room", () =>
  onSmallDisk("size=1m", async (folder) => {
    await fill(folder, 16_384);
    await using server = new BadServer(BEHAVIOURS["answers as it should"].how);
    const options = {
      md5: createHash("md5").update(FILE).digest("hex"),
      retries: 1,
      retryDelay: 1,
    };
    const path = `${folder}/file`;
    const get = () => download(`${server.url}file`, path, options);
    await assertFull(get);
    assertEquals(namesIn(folder), ["file.part", "filler"]);
    await empty(folder);
    await get();
    assertEquals(await Deno.readFile(path), FILE);
    assertEquals(namesIn(folder), ["file"]);
  }));

Deno.test("extractTarGz() on a disk that is full half-way says so", () =>
  onSmallDisk("size=1m", async (folder) => {
    const archive = `${folder}/archive.tar.gz`;
    const size = 100_000;
    const bytes = await gzip(
      await tar([{ name: "a", body: new Uint8Array(size) }]),
    );
    await Deno.writeFile(archive, bytes);
    await fill(folder, 50_000);
    await assertFull(() =>
      extractTarGz(archive, folder, [{ entry: "a", name: "a", size }])
    );
  }));

Deno.test("loadMnist() into a cache on a full disk says so, and leaves no folder half", () =>
  onSmallDisk("size=64k", async (folder) => {
    await fill(folder, 0);
    await using server = new BadServer(BEHAVIOURS["answers as it should"].how);
    const cache = `${folder}/cache`;
    // An empty one goes on beside it.
    const isPart = (name: string) => /\.(lock|part)$/.test(name);
    await assertFull(() =>
      loadMnist({
        source: "download",
        cache,
        baseUrl: server.url,
        onProgress: () => {},
        log: () => {},
      })
    );
    assertEquals(namesIn(cache).filter((name) => !isPart(name)), []);
  }));

Deno.test("TensorBoardLogger on a disk that is full half-way leaves whole records before", () =>
  onSmallDisk("size=1m", async (folder) => {
    const logger = new TensorBoardLogger(`${folder}/logs`);
    await logger.log(1, { loss: 1 });
    await logger.flush();
    await fill(folder, 4096);
    await assertFull(async () => {
      await logger.text("plan", "x".repeat(100_000));
      await logger.flush();
    });
    const events = await readFolder(`${folder}/logs`);
    assertEquals(events.map(({ scalars }) => scalars), [{}, { loss: 1 }]);
  }));
