/** What `step` takes for logs: any number, and nothing that is none. */

import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { CyclicLR, LearningRateScheduler } from "@clr/clr";
import { linear } from "@clr/clr/schedules";
import { OneCycleLR } from "@clr/clr/training";

await tf.setBackend("cpu");

const SCHEDULERS: { readonly [name: string]: () => LearningRateScheduler } = {
  CyclicLR: () => new CyclicLR({ stepSize: 20 }),
  OneCycleLR: () => new OneCycleLR({ maxLr: 0.1, iterations: 40 }),
  LearningRateScheduler: () =>
    new LearningRateScheduler(
      linear({ startLr: 0.1, endLr: 0.01, iterations: 40 }),
    ),
};

const ODD: { readonly [what: string]: unknown } = {
  "a text": "0.5",
  "a truth": true,
  "a bigint": 5n,
  "a list": [1],
  "an object": {},
  "a function": () => 1,
  "a symbol": Symbol("loss"),
  "null": null,
  "a date": new Date(0),
};

for (const [name, create] of Object.entries(SCHEDULERS)) {
  Deno.test(`${name}.step() records numbers that are not finite, and goes on`, () => {
    const optimizer = tf.train.momentum(0.1, 0.9);
    const scheduler = create().attach(optimizer);
    const losses = [NaN, Infinity, -Infinity, 0, 5e-324, -1e308];
    const rates = losses.map((loss) => {
      const rate = scheduler.learningRate;
      scheduler.step({ loss });
      return rate;
    });
    assertEquals(scheduler.history.loss, losses);
    assertEquals(scheduler.history.lr, rates);
    assertEquals(new Set(rates).size, rates.length);
    const state = JSON.parse(JSON.stringify(scheduler));
    const again = create();
    again.restore(state);
    assertEquals(again.history, scheduler.history);
    optimizer.dispose();
  });

  Deno.test(`${name}.step() refuses logs that are no numbers in a line, and counts no batch`, () => {
    const optimizer = tf.train.momentum(0.1, 0.9);
    const scheduler = create().attach(optimizer);
    scheduler.step({ loss: 1 });
    const before = scheduler.toJSON();
    for (const [what, value] of Object.entries(ODD)) {
      for (const logs of [{ loss: value }, { loss: 1, acc: value }]) {
        const error = assertThrows(
          () => scheduler.step(logs as never),
          TypeError,
          "must be",
        );
        assert(/^Cannot [^\n]+$/.test(error.message), `${what}: ${error}`);
      }
    }
    // As PyTorch's schedulers are given a loss or an epoch.
    const loss = tf.scalar(1);
    for (const logs of ["loss", 5, true, [1], loss]) {
      assertThrows(
        () => scheduler.step(logs as never),
        TypeError,
        "Cannot record logs as they must be an object of numbers by their names",
      );
    }
    loss.dispose();
    assertEquals(scheduler.toJSON(), before);
    scheduler.step({ loss: 2 });
    assertEquals(scheduler.history.loss, [1, 2]);
    optimizer.dispose();
  });

  Deno.test(`${name}.step() keeps metrics named as what every object has`, () => {
    const optimizer = tf.train.momentum(0.1, 0.9);
    const scheduler = create().attach(optimizer);
    const names = ["__proto__", "hasOwnProperty", "valueOf", "length", ""];
    const logs = Object.fromEntries(names.map((name, i) => [name, i]));
    scheduler.step(logs);
    const again = create();
    again.restore(JSON.parse(JSON.stringify(scheduler)));
    for (const { history } of [scheduler, again]) {
      for (const [i, name] of names.entries()) {
        assert(Object.hasOwn(history, name), name);
        assertEquals(history[name], [i]);
      }
    }
    optimizer.dispose();
  });
}
