import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Recorder } from "../../../src/training/history/recorder.ts";
import type { History } from "../../../src/training/history/history.ts";

await tf.setBackend("cpu");

/** A backend whose data can only be read asynchronously, as a GPU's can. */
const DEVICE = "asynchronous";
let reads = 0;
let failing = false;
tf.registerBackend(DEVICE, () =>
  new Proxy(tf.findBackend("cpu"), {
    get(cpu, property) {
      if (property === "read") {
        return async (dataId: tf.DataId) => {
          reads++;
          await new Promise((resolve) => setTimeout(resolve, 0));
          if (failing) throw new Error("device lost");
          return await cpu.read(dataId);
        };
      }
      const value = Reflect.get(cpu, property);
      return typeof value === "function" ? value.bind(cpu) : value;
    },
  }));
tf.copyRegisteredKernels("cpu", DEVICE);

async function onDevice(body: () => Promise<void>): Promise<void> {
  await tf.setBackend(DEVICE);
  reads = 0;
  try {
    await body();
  } finally {
    failing = false;
    await tf.setBackend("cpu");
  }
}

function createRecorder(): Recorder<History> {
  return new Recorder<History>(["iterations", "lr"]);
}

/** Adds a row as `fit` would: its tensors are disposed right after. */
function addAndDispose(
  rows: Recorder<History>,
  iteration: number,
  loss: number,
): void {
  const logs = { batch: 0, size: 10, loss: tf.scalar(loss) };
  rows.add({ iterations: iteration, lr: iteration / 10 }, logs);
  logs.loss.dispose();
}

Deno.test("Recorder.add() keeps numbers and scalars, and drops batch and size", () => {
  const rows = createRecorder();
  rows.add({ iterations: 1, lr: 0.1 }, { batch: 0, size: 5, loss: 2 });
  addAndDispose(rows, 2, 1.5);
  assertEquals<Record<string, readonly number[]>>(rows.columns, {
    iterations: [1, 2],
    lr: [0.1, 0.2],
    loss: [2, 1.5],
  });
});

Deno.test("Recorder.add() fills what a row lacks with NaN", () => {
  const rows = createRecorder();
  rows.add({ iterations: 1, lr: 1 });
  rows.add({ iterations: 2, lr: 1 }, { loss: 3 });
  rows.add({ iterations: 3, lr: 1 }, { acc: 4 });
  assertEquals([...rows.columns.loss], [NaN, 3, NaN]);
  assertEquals([...rows.columns.acc], [NaN, NaN, 4]);
});

Deno.test("Recorder.flush() reads many batches from a device at once", () =>
  onDevice(async () => {
    const rows = createRecorder();
    const before = tf.memory().numTensors;
    for (let i = 1; i <= 600; i++) addAndDispose(rows, i, i);
    await rows.flush();
    assertEquals(tf.memory().numTensors, before);
    assert(reads > 0 && reads <= 3, `${reads} reads`);
    const expected = Array.from({ length: 600 }, (_, i) => i + 1);
    assertEquals([...rows.columns.loss], expected);
    assertEquals([...rows.columns.iterations], expected);
  }));

Deno.test("Recorder.flush() keeps the order of rows with and without tensors", () =>
  onDevice(async () => {
    const rows = createRecorder();
    addAndDispose(rows, 1, 10);
    rows.add({ iterations: 2, lr: 0 }, { loss: 20 });
    const first = rows.flush();
    rows.add({ iterations: 3, lr: 0 }, { loss: 30 });
    addAndDispose(rows, 4, 40);
    await first;
    await rows.flush();
    assertEquals([...rows.columns.iterations], [1, 2, 3, 4]);
    assertEquals([...rows.columns.loss], [10, 20, 30, 40]);
  }));

Deno.test("Recorder.flush() reports a lost device and keeps the rates", () =>
  onDevice(async () => {
    const rows = createRecorder();
    addAndDispose(rows, 1, 10);
    failing = true;
    await assertRejects(() => rows.flush(), Error, "device lost");
    failing = false;
    addAndDispose(rows, 2, 20);
    await rows.flush();
    assertEquals([...rows.columns.lr], [0.1, 0.2]);
    assertEquals([...rows.columns.loss], [NaN, 20]);
  }));

Deno.test("Recorder.snapshot() has every row, and is not changed by later ones", () =>
  onDevice(async () => {
    const rows = createRecorder();
    addAndDispose(rows, 1, 5);
    const reading = rows.flush();
    addAndDispose(rows, 2, 4);
    const early = rows.snapshot();
    assertEquals<Record<string, readonly number[]>>(early, {
      iterations: [1, 2],
      lr: [0.1, 0.2],
      loss: [NaN, NaN],
    });
    await reading;
    await rows.flush();
    addAndDispose(rows, 3, 3);
    assertEquals(rows.snapshot().loss, [5, 4, NaN]);
    assertEquals(early.iterations, [1, 2]);
    await rows.flush();
    assertEquals(rows.snapshot(), rows.columns);
  }));

Deno.test("Recorder.restore() gives up the rows that wait and those being read", () =>
  onDevice(async () => {
    const before = tf.memory().numTensors;
    const rows = createRecorder();
    addAndDispose(rows, 1, 5);
    const reading = rows.flush();
    addAndDispose(rows, 2, 4);
    rows.restore({ iterations: [7], lr: [0.7] });
    rows.add({ iterations: 8, lr: 0.8 });
    await reading;
    await rows.flush();
    addAndDispose(rows, 9, 1);
    await rows.flush();
    assertEquals<Record<string, readonly number[]>>(rows.columns, {
      iterations: [7, 8, 9],
      lr: [0.7, 0.8, 0.9],
      loss: [NaN, NaN, 1],
    });
    assertEquals(tf.memory().numTensors, before);
  }));

Deno.test("Recorder.add() does not let logs replace a row's own values", () => {
  const rows = createRecorder();
  rows.add({ iterations: 1, lr: 0.1 }, { lr: 7, iterations: 99, loss: 2 });
  assertEquals<Record<string, readonly number[]>>(rows.columns, {
    iterations: [1],
    lr: [0.1],
    loss: [2],
  });
});
