import * as tf from "@tensorflow/tfjs";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { CyclicLR } from "@clr/clr";
import { TensorBoardLogger } from "@clr/clr/training";
import { maskedCrc } from "../../src/training/_event_file.ts";
import { createLine } from "./_line.ts";

interface LoggedEvent {
  seconds: number;
  step: number;
  version?: string;
  scalars: Record<string, number>;
  texts: Record<string, string>;
}

/** Calls `read` with each field of a message until it ends. */
function fields(
  reader: BinaryReader,
  length: number,
  read: (field: number, wireType: number) => void,
): void {
  const end = reader.pos + length;
  while (reader.pos < end) read(...reader.tag());
}

/** The values of a summary, with the wire reader of @bufbuild/protobuf. */
function readSummary(reader: BinaryReader, event: LoggedEvent): void {
  fields(reader, reader.uint32(), (field) => {
    assertEquals(field, 1);
    let tag = "";
    let text: string | undefined;
    let plugin = "";
    fields(reader, reader.uint32(), (field, wireType) => {
      if (field === 1) tag = reader.string();
      else if (field === 2) event.scalars[tag] = reader.float();
      else if (field === 8) {
        fields(reader, reader.uint32(), (field) => {
          if (field === 1) assertEquals(reader.int32(), 7);
          else text = reader.string();
        });
      } else if (field === 9) {
        fields(reader, reader.uint32(), () => {
          fields(reader, reader.uint32(), () => plugin = reader.string());
        });
      } else reader.skip(wireType);
    });
    if (text === undefined) return;
    assertEquals(plugin, "text");
    event.texts[tag] = text;
  });
}

function readEvents(path: string): LoggedEvent[] {
  const bytes = Deno.readFileSync(path);
  const view = new DataView(bytes.buffer);
  const events: LoggedEvent[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(view.getBigUint64(at, true));
    assertEquals(
      view.getUint32(at + 8, true),
      maskedCrc(bytes.subarray(at, at + 8)),
    );
    const message = bytes.subarray(at + 12, at + 12 + length);
    assertEquals(view.getUint32(at + 12 + length, true), maskedCrc(message));
    at += length + 16;
    const event: LoggedEvent = { seconds: 0, step: 0, scalars: {}, texts: {} };
    const reader = new BinaryReader(message);
    fields(reader, length, (field) => {
      if (field === 1) event.seconds = reader.double();
      else if (field === 2) event.step = Number(reader.int64());
      else if (field === 3) event.version = reader.string();
      else readSummary(reader, event);
    });
    events.push(event);
  }
  return events;
}

async function inFolder(run: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("maskedCrc() masks the published check value of CRC-32C", () => {
  const crc = 0xe3069283;
  const rotated = (crc >>> 15 | crc << 17) >>> 0;
  assertEquals(
    maskedCrc(new TextEncoder().encode("123456789")),
    (rotated + 0xa282ead8) % 2 ** 32,
  );
});

Deno.test("TensorBoardLogger writes every batch and epoch of fit() once, over two calls", () =>
  inFolder(async (folder) => {
    const { model, xs, ys } = createLine();
    const clr = new CyclicLR({ stepSize: 3 });
    await using logger = new TensorBoardLogger(folder, { scheduler: clr });
    const options = {
      batchSize: 2,
      epochs: 2,
      verbose: 0 as const,
      validationData: [xs, ys] as [tf.Tensor, tf.Tensor],
      callbacks: [clr, logger],
    };
    const before = tf.memory().numTensors;
    await model.fit(xs, ys, options);
    await model.fit(xs, ys, options);
    assertEquals(tf.memory().numTensors, before);
    const [first, ...events] = readEvents(logger.path!);
    assertEquals(first.version, "brain.Event:2");
    assert(Math.abs(first.seconds - Date.now() / 1000) < 60);
    const batches = events.filter(({ scalars }) => "batch/lr" in scalars);
    assertEquals(batches.map(({ step }) => step), clr.history.iterations);
    for (const name of ["lr", "loss"]) {
      assertEquals(
        batches.map(({ scalars }) => scalars[`batch/${name}`]),
        Array.from(clr.history[name], Math.fround),
      );
    }
    const epochs = events.filter(({ scalars }) => "epoch/loss" in scalars);
    assertEquals(epochs.map(({ step }) => step), clr.epochHistory.iterations);
    assertEquals(
      epochs.map(({ scalars }) => scalars["epoch/val_loss"]),
      Array.from(clr.epochHistory.val_loss, Math.fround),
    );
    assertEquals(events.length, batches.length + epochs.length);
  }));

Deno.test("TensorBoardLogger logs from a loop of one's own, and texts and range tests", () =>
  inFolder(async (folder) => {
    const logger = new TensorBoardLogger(`${folder}/new/run`);
    assertEquals(logger.path, undefined);
    const loss = tf.scalar(0.5);
    await Promise.all([
      logger.log(2 ** 40, { loss, nan: NaN, acc: 0.25, none: undefined }),
      logger.text("plan", "# Plan\n\nÜber 1 → 2"),
      logger.logRange({
        learningRates: [0.125, 0.25],
        losses: [2, 1],
        metrics: { acc: [0.5, 1] },
      }),
    ]);
    loss.dispose();
    const events = readEvents(logger.path!).slice(1);
    assertEquals(events.map(({ step }) => step), [2 ** 40, 0, 0, 1]);
    assertEquals(events[0].scalars, { loss: 0.5, nan: NaN, acc: 0.25 });
    assertEquals(events[1].texts, { plan: "# Plan\n\nÜber 1 → 2" });
    assertEquals(events[3].scalars, {
      "range/learning_rate": 0.25,
      "range/loss": 1,
      "range/acc": 1,
    });
  }));

Deno.test("TensorBoardLogger writes a file of its own, and leaves out what a resumed run has logged", () =>
  inFolder(async (folder) => {
    const { model, xs, ys } = createLine();
    const run = async (clr: CyclicLR) => {
      const logger = new TensorBoardLogger(folder, { scheduler: clr });
      await model.fit(xs, ys, {
        batchSize: 2,
        verbose: 0,
        callbacks: [clr, logger],
      });
      return readEvents(logger.path!).flatMap(({ step, scalars }) =>
        "batch/lr" in scalars ? [step] : []
      );
    };
    const first = new CyclicLR({ stepSize: 3 });
    const steps = await run(first);
    const again = await run(CyclicLR.fromJSON(JSON.stringify(first)));
    assertEquals(again, steps.map((step) => step + steps.length));
    assertEquals([...Deno.readDirSync(folder)].length, 2);
  }));

Deno.test("TensorBoardLogger says what it cannot log and where it cannot write", () =>
  inFolder(async (folder) => {
    assertThrows(() => new TensorBoardLogger(""), TypeError, "folder must be");
    const logger = new TensorBoardLogger(folder);
    for (const step of [-1, 0.5, NaN]) {
      await assertRejects(
        () => logger.log(step, {}),
        RangeError,
        "step must be",
      );
    }
    await Deno.writeTextFile(`${folder}/file`, "");
    const blocked = new TensorBoardLogger(`${folder}/file/logs`);
    await assertRejects(() => blocked.log(1, { loss: 1 }), Error);
    await assertRejects(() => blocked.flush(), Error);
  }));
