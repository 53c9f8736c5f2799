/** Every kind of scheduler, given the state of every other. */

import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertThrows } from "@std/assert";
import { CyclicLR, LearningRateScheduler } from "@clr/clr";
import { constant } from "@clr/clr/schedules";
import {
  CheckpointError,
  HyperparameterScheduler,
  loadCheckpoint,
  OneCycleLR,
  ReduceLROnPlateau,
  saveCheckpoint,
} from "@clr/clr/training";
import { withFolder } from "../../_folder.ts";

await tf.setBackend("cpu");

const RATES = {
  LearningRateScheduler: () => new LearningRateScheduler(constant(0.1)),
  CyclicLR: () => new CyclicLR({ stepSize: 3 }),
  OneCycleLR: () => new OneCycleLR({ maxLr: 0.1, iterations: 9 }),
};

const OTHERS = {
  HyperparameterScheduler: () =>
    new HyperparameterScheduler({
      name: "decay",
      schedule: constant(0.1),
      set: () => {},
    }),
  ReduceLROnPlateau: () => new ReduceLROnPlateau(),
};

interface Restorable {
  restore(state: unknown): void;
}

/** One that is five batches, or values, on. */
function trained(kind: string): object {
  const made = { ...RATES, ...OTHERS }[kind as keyof typeof RATES]();
  const optimizer = tf.train.sgd(0.1);
  if ("attach" in made) made.attach(optimizer);
  for (let i = 0; i < 5; i++) (made as { step(value: unknown): void }).step({});
  return made;
}

const plateau = () => {
  const made = OTHERS.ReduceLROnPlateau().attach(tf.train.sgd(0.1));
  for (let i = 0; i < 5; i++) made.step(1 / i);
  return made;
};

const make = (kind: string) =>
  kind === "ReduceLROnPlateau" ? plateau() : trained(kind);

const KINDS = Object.keys({ ...RATES, ...OTHERS });

for (const kind of KINDS) {
  for (const other of KINDS.filter((name) => name !== kind)) {
    Deno.test(`${kind} refuses the state of a ${other}, and stays as it was`, () => {
      const restored = make(kind);
      const before = JSON.stringify(restored);
      assertThrows(
        () =>
          (restored as Restorable).restore(
            JSON.parse(JSON.stringify(make(other))),
          ),
        TypeError,
        kind in RATES && other in OTHERS
          ? "Cannot restore a "
          : `Cannot restore a ${kind} as `,
      );
      assertEquals(JSON.stringify(restored), before);
    });
  }
}

Deno.test("CyclicLR.fromJSON() and ReduceLROnPlateau.fromJSON() refuse the data of other kinds", () => {
  for (const Kind of [CyclicLR, ReduceLROnPlateau]) {
    for (const other of KINDS.filter((name) => name !== Kind.name)) {
      const json = JSON.stringify(make(other));
      assertThrows(
        () => Kind.fromJSON(json),
        TypeError,
        `Cannot restore a ${Kind.name} as type must be "${Kind.name}"`,
      );
    }
  }
});

Deno.test("LearningRateScheduler goes on with what had the very rates that it has", () => {
  for (const kind of ["CyclicLR", "OneCycleLR"]) {
    const first = trained(kind) as LearningRateScheduler;
    first.scale = 0.5;
    first.reset();
    for (let i = 0; i < 3; i++) first.step();
    const state = JSON.parse(JSON.stringify(first));
    const same = new LearningRateScheduler((t) => first.schedule(t));
    same.restore(state);
    assertEquals(
      [same.iteration, same.totalIterations, same.learningRate],
      [3, 8, first.learningRate],
    );
    // As the last batch was trained at another rate.
    const other = new LearningRateScheduler((t) =>
      t === 2 ? 0.7 : first.schedule(t)
    );
    assertThrows(() => other.restore(state), TypeError, `of a ${kind} with`);
  }
});

Deno.test("Checkpoint.restore() refuses a scheduler of another kind, changing nothing", () =>
  withFolder(async (folder) => {
    const model = tf.sequential({
      layers: [tf.layers.dense({ units: 1, inputShape: [1] })],
    });
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    for (const kind of Object.keys(RATES)) {
      const scheduler = trained(kind) as LearningRateScheduler;
      await saveCheckpoint(`${folder}/${kind}`, { model, scheduler });
      const checkpoint = (await loadCheckpoint(`${folder}/${kind}`))!;
      const saved = model.getWeights()[0].dataSync()[0];
      const moved = tf.tensor2d([[saved + 1]]);
      model.setWeights([moved, model.getWeights()[1]]);
      for (const other of Object.keys(RATES)) {
        const given = trained(other) as LearningRateScheduler;
        const restore = () => checkpoint.restore({ model, scheduler: given });
        if (other === kind) continue;
        assertThrows(restore, CheckpointError, "as its schedule must fit");
        assertEquals(
          model.getWeights()[0].dataSync()[0],
          moved.dataSync()[0],
        );
      }
      const own = RATES[kind as keyof typeof RATES]();
      checkpoint.restore({ model, scheduler: own });
      assertEquals(own.totalIterations, 5);
      moved.dispose();
    }
  }));
