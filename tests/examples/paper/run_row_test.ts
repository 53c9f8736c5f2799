import { assert, assertEquals, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { selectBackend } from "@clr/clr/backends";
import type { ImageDataset } from "../../../examples/datasets/image_dataset.ts";
import { loadMnist } from "../../../examples/datasets/mnist.ts";
import { readResults } from "../../../examples/paper/report.ts";
import { NoBoundsError } from "../../../examples/paper/found_rate.ts";
import { boundRate } from "../../../examples/paper/rate.ts";
import { ROWS } from "../../../examples/paper/rows.ts";
import type { RowResult } from "../../../examples/paper/row_result.ts";
import { runName } from "../../../examples/paper/run_name.ts";
import { runRow, scaledIterations } from "../../../examples/paper/run_row.ts";
import { pointsOf, readFolder } from "../../training/_event_reader.ts";
import { tempDir } from "../../_folder.ts";

const { backend, device } = await selectBackend({
  backend: "wasm",
  threads: 1,
});

const row = {
  ...ROWS.find(({ id }) => id === "own-mnist-triangular")!,
  batchSize: 3,
};

function options(dataset: ImageDataset, out: string, signal?: AbortSignal) {
  return {
    dataset,
    scale: 4 / row.iterations,
    seed: 4,
    backend: { backend, device },
    out,
    log: () => {},
    signal,
  };
}

Deno.test("runRow() that was interrupted goes on to the result of one that was not", async () => {
  await using whole = await tempDir();
  await using parts = await tempDir();
  const dataset = await loadMnist({
    source: "synthetic",
    trainImages: 10,
    testImages: 4,
  });
  const before = tf.memory().numTensors;
  const expected = await runRow(row, options(dataset, whole.path));
  assert(expected);
  assertEquals(expected.iterations, 4);
  assertEquals(expected.epochHistory.iterations, [1, 2, 3, 4]);
  assertEquals(expected.accuracy, 100 * expected.epochHistory.val_acc[3]);

  await using logs = await tempDir();
  const tensorboard = logs.path;
  const abort = new AbortController();
  let tested = 0;
  const interrupted = await runRow(row, {
    ...options(dataset, parts.path, abort.signal),
    tensorboard,
    log: () => void (++tested === 2 && abort.abort()),
  });
  assertEquals(interrupted, undefined);
  assertEquals(await readResults(parts.path), []);

  const lines: string[] = [];
  const resumed = await runRow(row, {
    ...options(dataset, parts.path),
    tensorboard,
    log: (line) => lines.push(line),
  });
  assertEquals(lines[0], `${row.id}: goes on from iteration 3`);
  const comparable = ({ seconds: _, finished: __, ...rest }: RowResult) => rest;
  assertEquals(comparable(resumed!), comparable(expected));
  const [stored] = await readResults(parts.path);
  assertEquals(stored.accuracy, expected.accuracy);
  assertEquals([...Deno.readDirSync(parts.path)].length, 1);
  // Both parts in the run's own folder: each batch once.
  const [{ name }] = Deno.readDirSync(tensorboard);
  const events = await readFolder(`${tensorboard}/${name}`);
  assertEquals(
    pointsOf(events, "batch/lr").steps.sort(),
    [1, 2, 3, 4],
  );
  assertEquals(
    pointsOf(events, "epoch/val_acc").values.sort(),
    expected.epochHistory.val_acc.map(Math.fround).sort(),
  );
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("runRow() resumes a row with Caffe's solvers, slots included", async () => {
  const dataset = await loadMnist({
    source: "synthetic",
    trainImages: 10,
    testImages: 4,
  });
  for (const optimizer of ["caffe_adagrad", "caffe_adadelta"] as const) {
    await using whole = await tempDir();
    await using parts = await tempDir();
    const own = { ...row, optimizer };
    const expected = await runRow(own, options(dataset, whole.path));
    const abort = new AbortController();
    await runRow(own, {
      ...options(dataset, parts.path, abort.signal),
      log: () => abort.abort(),
    });
    const resumed = await runRow(own, options(dataset, parts.path));
    assertEquals(resumed!.epochHistory, expected!.epochHistory);
  }
});

Deno.test("runRow() trains between the bounds of a range test, the same after an interruption", async () => {
  await using whole = await tempDir();
  await using parts = await tempDir();
  const dataset = await loadMnist({
    source: "synthetic",
    trainImages: 600,
    testImages: 20,
  });
  const found = {
    ...row,
    batchSize: 20,
    rate: {
      policy: "found",
      stages: [{ until: 4, factor: 1, stepSize: 1 }],
    },
    iterations: 4,
  } as const;
  const lines: string[] = [];
  const asked = { ...options(dataset, whole.path), scale: 1 };
  const expected = await runRow(found, {
    ...asked,
    log: (line) => lines.push(line),
  });
  const { baseLr, maxLr } = expected!.foundBounds!;
  assert(0 < baseLr && baseLr < maxLr);
  assert(lines[0].includes(`found ${baseLr.toPrecision(3)} to `), lines[0]);
  assertEquals(
    expected!.rate,
    "triangular2, found bounds, step 1 to 4",
    "the same for every seed",
  );

  // The same rates without a test: it leaves no trace.
  const plain = await runRow(
    { ...found, rate: boundRate(found.rate, { baseLr, maxLr }) },
    asked,
  );
  assertEquals(plain!.epochHistory, expected!.epochHistory);

  const abort = new AbortController();
  await runRow(found, {
    ...asked,
    out: parts.path,
    signal: abort.signal,
    log: (line) => void (line.includes("/4, loss") && abort.abort()),
  });
  const later: string[] = [];
  const resumed = await runRow(found, {
    ...asked,
    out: parts.path,
    log: (line) => later.push(line),
  });
  assert(!later.some((line) => line.includes(" found ")), "not tested again");
  assertEquals(resumed!.foundBounds, { baseLr, maxLr });
  assertEquals(resumed!.epochHistory, expected!.epochHistory);
});

Deno.test("runRow() says why a row whose range test shows no bounds cannot be trained", async () => {
  await using dir = await tempDir();
  const dataset = await loadMnist({
    source: "synthetic",
    trainImages: 6,
    testImages: 2,
  });
  const found = {
    ...row,
    id: "own-constant",
    rate: {
      policy: "found",
      stages: [{ until: 4, factor: 1, stepSize: 1 }],
    },
  } as const;
  dataset.train.labels.fill(0);
  await assertRejects(
    () => runRow(found, options(dataset, dir.path)),
    NoBoundsError,
    "Cannot train own-constant as its range test must show both bounds: its verdict is ",
  );
});

Deno.test("runRow() trains on a row's first images alone", async () => {
  await using few = await tempDir();
  await using all = await tempDir();
  const load = (trainImages: number) =>
    loadMnist({ source: "synthetic", trainImages, testImages: 4 });
  const six = await runRow(row, options(await load(6), all.path));
  const ten = await runRow(
    { ...row, trainImages: 6 },
    options(await load(10), few.path),
  );
  assertEquals(ten!.data.trainImages, 6);
  assertEquals(ten!.epochHistory, six!.epochHistory);
});

Deno.test("runRow() tests as often as it is told, on few images, and on all at the end", async () => {
  await using whole = await tempDir();
  await using parts = await tempDir();
  const dataset = await loadMnist({
    source: "synthetic",
    trainImages: 12,
    testImages: 120,
  });
  const asked = (out: string, signal?: AbortSignal) => ({
    ...options(dataset, out, signal),
    scale: 5 / row.iterations,
    testEvery: 2,
    curveImages: 100,
  });
  const before = tf.memory().numTensors;
  const expected = await runRow(row, asked(whole.path));
  // The last part is shorter.
  assertEquals(expected!.epochHistory.iterations, [2, 4, 5]);
  assertEquals(expected!.data.curveImages, 100);
  const all = await runRow(row, { ...asked(whole.path), curveImages: 120 });
  assertEquals(all!.data.curveImages, undefined);
  assertEquals(
    expected!.accuracy,
    Number((100 * all!.epochHistory.val_acc[2]).toPrecision(6)),
  );
  assert(expected!.epochHistory.val_acc[2] !== all!.epochHistory.val_acc[2]);
  assertEquals([...Deno.readDirSync(whole.path)].length, 2);

  const abort = new AbortController();
  let tested = 0;
  await runRow(row, {
    ...asked(parts.path, abort.signal),
    log: () => void (++tested === 1 && abort.abort()),
  });
  const resumed = await runRow(row, asked(parts.path));
  const comparable = ({ seconds: _, finished: __, ...rest }: RowResult) => rest;
  assertEquals(
    comparable(resumed!).epochHistory.val_acc,
    comparable(expected!).epochHistory.val_acc,
  );
  assertEquals(resumed!.accuracy, expected!.accuracy);
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("runName() hangs on what decides over a result, not on words about it", async () => {
  const dataset = await loadMnist({
    source: "synthetic",
    trainImages: 6,
    testImages: 2,
  });
  const name = (changed: Partial<typeof row>, testEvery?: number) =>
    runName({ ...row, ...changed }, { ...options(dataset, "."), testEvery });
  const expected = await name({});
  assertEquals(
    await name({ note: "other", where: "x", published: 1 }),
    expected,
  );
  assert(await name({ batchSize: 4 }) !== expected);
  assert(await name({}, 5) !== expected);
});

Deno.test("scaledIterations() is at least one", () => {
  assertEquals(scaledIterations(row, 1), 1_500);
  assertEquals(scaledIterations(row, 0.01), 15);
  assertEquals(scaledIterations(row, 1e-9), 1);
});

Deno.test("runRow() of a training that diverges says so in its result", async () => {
  await using dir = await tempDir();
  const dataset = await loadMnist({
    source: "synthetic",
    trainImages: 6,
    testImages: 2,
  });
  const result = await runRow(
    { ...row, optimizer: "momentum", rate: { policy: "fixed", lr: 1e30 } },
    { ...options(dataset, dir.path), scale: 3 / row.iterations },
  );
  assertEquals(result!.diverged, true);
  assert(result!.accuracy >= 0 && result!.accuracy <= 100);
  assertEquals((await readResults(dir.path))[0].diverged, true);
});

Deno.test("runRow() of a row that goes on from another begins with the network that this has trained", async () => {
  await using out = await tempDir();
  const dataset = await loadMnist({
    source: "synthetic",
    trainImages: 200,
    testImages: 100,
  });
  const going = {
    ...ROWS.find(({ id }) => id === "tutorial-mnist-triangular")!,
    batchSize: 50,
  };
  const alone = { ...going, id: "own-mnist-triangular", continues: undefined };
  const before = tf.memory().numTensors;
  // 6 batches of the fixed row first, then 1 of its own.
  const [after, fresh] = await Promise.all(
    [going, alone].map((row) =>
      runRow(row, { ...options(dataset, out.path), scale: 0.002 })
    ),
  );
  assert(after!.epochHistory.loss[0] < 0.7 * fresh!.epochHistory.loss[0]);
  assertEquals(after!.iterations, 1);
  assertEquals(tf.memory().numTensors, before);
});
