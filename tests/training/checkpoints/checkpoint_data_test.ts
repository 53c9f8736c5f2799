/** What a run saves of its own in a checkpoint comes back as it was. */

import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { loadCheckpoint, saveCheckpoint } from "@clr/clr/training";
import {
  saveData,
  savedData,
} from "../../../src/training/checkpoints/_saved_data.ts";
import { withFolder } from "../../_folder.ts";

await tf.setBackend("cpu");

function createModel(): tf.LayersModel {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  return model;
}

Deno.test("saveCheckpoint() saves the numbers that JSON has no way to write", () =>
  withFolder(async (folder) => {
    const model = createModel();
    const shared = { worst: -Infinity };
    const data = {
      best: Infinity,
      losses: [1.5, NaN, -0, 0],
      twice: [shared, shared],
      text: "Infinity",
      JSON: { toJSON: () => [NaN, { within: -Infinity }] },
      "": { "a.b": NaN },
      ...JSON.parse('{ "__proto__": { "x": 1 } }'),
    };
    Object.getOwnPropertyDescriptor(data, "__proto__")!.value.x = Infinity;
    await saveCheckpoint(folder, { model }, { data });
    const saved = (await loadCheckpoint(folder))!.data as typeof data;
    assertEquals(saved, { ...data, JSON: [NaN, { within: -Infinity }] });
    assert(Object.is(saved.losses[2], -0) && Object.is(saved.losses[3], 0));
    assertEquals(Object.keys(Object.prototype), []);
    for (const alone of [NaN, Infinity, -0, "NaN", null]) {
      await saveCheckpoint(folder, { model }, { data: alone });
      assert(Object.is((await loadCheckpoint(folder))!.data, alone));
    }
  }));

Deno.test("saveData() and savedData() keep any JSON, and any number in it", () => {
  fc.assert(fc.property(
    fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        fc.double(),
        fc.constantFrom(NaN, -Infinity, -0, null, true),
        fc.string(),
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie("value"), {
          maxKeys: 4,
          noNullPrototype: true,
        }),
      ),
    })).value,
    (data) => {
      const written = JSON.stringify(saveData(data));
      const read = savedData(JSON.parse(written));
      assertEquals(read, data);
      assertEquals(JSON.stringify(saveData(read)), written);
    },
  ));
});

Deno.test("savedData() refuses a number that has no place", () => {
  for (
    const path of [["a", "b"], ["b"], ["a", "0"], ["toString"], ["__proto__"]]
  ) {
    const saved = {
      data: { a: 1 },
      numbers: [{ path, value: "NaN" }],
    } as const;
    try {
      savedData(saved);
    } catch (error) {
      assert(error instanceof RangeError);
      continue;
    }
    throw new Error(`${path} was taken`);
  }
});

Deno.test("saveCheckpoint() saves data of the moment of its weights", () =>
  withFolder(async (folder) => {
    const model = createModel();
    const [kernel] = model.getWeights();
    const state = { weight: kernel.dataSync()[0] };
    let isSaved = false;
    const saving = saveCheckpoint(folder, { model }, { data: state })
      .then(() => isSaved = true);
    // Training goes on while the checkpoint is being written.
    for (let t = 1; !isSaved; t++) {
      model.setWeights([tf.fill([2, 1], t), tf.zeros([1])]);
      state.weight = t;
      await Promise.resolve();
      if (t % 1000 === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    await saving;
    const checkpoint = (await loadCheckpoint(folder))!;
    checkpoint.restore({ model });
    assertEquals(
      (checkpoint.data as typeof state).weight,
      model.getWeights()[0].dataSync()[0],
    );
  }));

Deno.test("saveCheckpoint() refuses data that are too deep to be written", () =>
  withFolder(async (folder) => {
    let data: unknown = 1;
    for (let i = 0; i < 20_000; i++) data = [data];
    await assertRejects(
      async () => {
        await saveCheckpoint(folder, { model: createModel() }, { data });
      },
      TypeError,
      "Cannot save a checkpoint as data must be at most 500 deep",
    );
  }));
