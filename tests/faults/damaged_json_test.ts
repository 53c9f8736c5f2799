/** Every class that is read back from JSON, with every field of it damaged. */

import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { CyclicLR, LearningRateRange, LearningRateScheduler } from "@clr/clr";
import { constant } from "@clr/clr/schedules";
import {
  HyperparameterScheduler,
  OneCycleLR,
  ReduceLROnPlateau,
} from "@clr/clr/training";
import { damage, type Json, pathsIn, TEXTLESS } from "./_damage.ts";

await tf.setBackend("cpu");

/** A class with data of its own, and how they are read back. */
interface Kept {
  readonly whole: unknown;
  readonly read: (json: Json) => unknown;
  /**
   * What may be missing, as an earlier version, an option or a run without it
   * left it out; with a `*`, everything whose path begins so.
   */
  readonly optional: readonly string[];
}

function trained<T extends LearningRateScheduler>(scheduler: T): T {
  scheduler.attach(tf.train.momentum(0.1, 0.9));
  for (const loss of [3, Infinity, NaN, 1]) scheduler.step({ loss });
  return scheduler;
}

/** Reads into a scheduler as a resumed run does. */
function restored<S, T extends { restore(state: S): void }>(target: T) {
  return (state: S): T => {
    target.restore(state);
    return target;
  };
}

function plateau(): ReduceLROnPlateau {
  const plateau = new ReduceLROnPlateau({ patience: 1 })
    .attach(tf.train.sgd(1));
  for (const loss of [3, 2, 2, 2]) plateau.step(loss);
  return plateau;
}

function hyperparameter(): HyperparameterScheduler {
  return new HyperparameterScheduler({
    name: "decay",
    schedule: (t) => 1 / (1 + t),
    set: () => {},
  });
}

function stepped(): HyperparameterScheduler {
  const scheduler = hyperparameter().apply();
  scheduler.step();
  scheduler.step();
  return scheduler;
}

function range(): LearningRateRange {
  const rates = Array.from({ length: 40 }, (_, i) => 1e-5 * 10 ** (i / 8));
  const losses = rates.map((rate) =>
    2.3 - 0.8 / (1 + (1e-3 / rate) ** 2) + (rate / 0.02) ** 4
  );
  return LearningRateRange.fromCurve(rates, losses);
}

const KEPT: { readonly [name: string]: () => Kept } = {
  "CyclicLR.fromJSON()": () => ({
    whole: trained(
      new CyclicLR({
        baseLr: 0.1,
        maxLr: 1,
        stepSize: 3,
        momentum: { base: 0.8, max: 0.9 },
      }),
    ),
    read: (json) => CyclicLR.fromJSON(json),
    optional: [
      "options.cycleFactor",
      "options.momentum",
      "ownMomentum",
      "history.momentum",
      "history.loss",
      "epochHistory.lr",
    ],
  }),
  "LearningRateScheduler.restore()": () => ({
    whole: trained(new LearningRateScheduler(constant(0.1))),
    read: restored(new LearningRateScheduler(constant(0.1))),
    optional: ["history.loss", "epochHistory.lr"],
  }),
  "OneCycleLR.restore()": () => ({
    whole: trained(new OneCycleLR({ maxLr: 0.1, iterations: 9 })),
    read: restored(new OneCycleLR({ maxLr: 0.1 })),
    optional: [
      "iterations",
      "ownMomentum",
      "history.momentum",
      "history.loss",
      "epochHistory.lr",
    ],
  }),
  "ReduceLROnPlateau.fromJSON()": () => ({
    whole: plateau(),
    read: (json) => ReduceLROnPlateau.fromJSON(json),
    optional: [],
  }),
  "HyperparameterScheduler.restore()": () => ({
    whole: stepped(),
    read: restored(hyperparameter()),
    optional: [],
  }),
  "LearningRateRange.fromJSON()": () => ({
    whole: range(),
    read: (json) => LearningRateRange.fromJSON(json),
    // What the verdict was told from and leads to, which nothing hangs on.
    optional: [
      "settings.seed",
      "suggestions.*",
      "finding.tested",
      "finding.points",
      "remedies.*",
      "curve.limit",
      "curve.noise",
      "evidence.*",
      "runs.0*",
      "nextStep",
    ],
  }),
};

const WRONG = [
  null,
  "1",
  true,
  [],
  {},
  { length: 1e9 },
  [[]],
  -1,
  0.5,
  1e308,
  2 ** 60,
  TEXTLESS,
  [TEXTLESS],
];

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

for (const [name, create] of Object.entries(KEPT)) {
  Deno.test(`${name} takes what was saved, and no damage for something else`, () => {
    const { whole: object, read, optional } = create();
    const whole = plain(object);
    assertEquals(plain(read(whole)), whole);
    const accepted: string[] = [];
    for (const path of pathsIn(whole)) {
      const place = path.join(".");
      for (
        const value of ["removed" as const, ...WRONG.map((by) => ({ by }))]
      ) {
        const data = damage(whole, path, value);
        const what = `${place} ${JSON.stringify(value)}`;
        const started = performance.now();
        let result: unknown;
        try {
          result = read(data);
        } catch (error) {
          assert(error instanceof TypeError || error instanceof RangeError);
          const { message } = error;
          assert(/^Cannot [a-z]+ /.test(message), `${what}: ${error}`);
          assertEquals(message.split("\n").length, 1, what);
          continue;
        } finally {
          assert(performance.now() - started < 2000, `${what} takes long`);
        }
        // What is taken is kept as it was given.
        if (value === "removed") accepted.push(place);
        else assertEquals(plain(result), data, what);
      }
    }
    const named = optional.map((path) => path.replace("*", ""));
    const isNamed = (path: string) =>
      optional.some((name, i) =>
        name.endsWith("*") ? path.startsWith(named[i]) : path === name
      );
    assertEquals(accepted.filter((path) => !isNamed(path)), []);
    const unused = named.filter((name) =>
      !accepted.some((path) => path.startsWith(name))
    );
    assertEquals(unused, []);
  });
}
