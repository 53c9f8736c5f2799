import * as tf from "@tensorflow/tfjs";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import { CyclicLR, LearningRateScheduler } from "@clr/clr";
import { enableWasmTraining } from "@clr/clr/backends";
import { constant, oneCycle, sequence } from "@clr/clr/schedules";
import { getMomentum, setMomentum } from "@clr/clr/training";
import { startWebGPU } from "../../src/backends/webgpu/start_webgpu.ts";
import { TrainingSnapshot } from "../../src/training/weights/snapshot.ts";
import { createLine } from "../training/_line.ts";

const EPSILON = 1e-7;

/** One weight: what a step with a gradient, at a rate and a momentum, adds. */
type UpdateRule = (gradient: number, lr: number, momentum: number) => number;

/** The published update rules, in plain numbers. */
const OPTIMIZERS: Record<
  string,
  { create: () => tf.Optimizer; rule: () => UpdateRule }
> = {
  momentum: {
    create: () => tf.train.momentum(0.5, 0.5),
    rule: () => {
      let v = 0;
      return (g, lr, momentum) => -lr * (v = momentum * v + g);
    },
  },
  nesterov: {
    create: () => tf.train.momentum(0.5, 0.5, true),
    rule: () => {
      let v = 0;
      return (g, lr, momentum) => {
        v = momentum * v + g;
        return -lr * (g + momentum * v);
      };
    },
  },
  // Beta2 of 0.9, as 1 − 0.999 keeps five digits in float32.
  adam: {
    create: () => tf.train.adam(0.5, 0.5, 0.9),
    rule: () => {
      let [m, v, betas, t] = [0, 0, 1, 0];
      return (g, lr, beta1) => {
        t++;
        betas *= beta1;
        m = beta1 * m + (1 - beta1) * g;
        v = 0.9 * v + 0.1 * g * g;
        const scale = Math.sqrt(v / (1 - 0.9 ** t)) + EPSILON;
        return -lr * m / (1 - betas) / scale;
      };
    },
  },
  adamax: {
    create: () => tf.train.adamax(0.5, 0.5, 0.9),
    rule: () => {
      let [m, u, betas] = [0, 0, 1];
      return (g, lr, beta1) => {
        betas *= beta1;
        m = beta1 * m + (1 - beta1) * g;
        u = Math.max(0.9 * u, Math.abs(g));
        return -lr / (1 - betas) * m / (u + EPSILON);
      };
    },
  },
  rmsprop: {
    create: () => tf.train.rmsprop(0.5, 0.9, 0.5),
    rule: () => {
      let [square, moment] = [0, 0];
      return (g, lr, momentum) => {
        square = 0.9 * square + 0.1 * g * g;
        moment = momentum * moment + lr * g / Math.sqrt(square + EPSILON);
        return -moment;
      };
    },
  },
};

const CYCLE = {
  baseLr: 0.001,
  maxLr: 0.01,
  stepSize: 4,
  stepSizeDown: 3,
  momentum: { base: 0.6, max: 0.95 },
};

await enableWasmTraining();

const adapter = await navigator.gpu?.requestAdapter();
if (!adapter) console.log("No WebGPU adapter: the WebGPU tests are skipped");

const BACKENDS: Record<string, () => Promise<unknown>> = {
  cpu: () => tf.setBackend("cpu"),
  wasm: () => tf.setBackend("wasm"),
  webgpu: () => startWebGPU({ allowSoftware: true }),
};

for (const [backend, start] of Object.entries(BACKENDS)) {
  const ignore = backend === "webgpu" && !adapter;
  for (const [name, { create, rule }] of Object.entries(OPTIMIZERS)) {
    const title =
      `CyclicLR cycles the momentum of ${name} as its rule says, on ${backend}`;
    Deno.test({ name: title, ignore }, async () => {
      await start();
      const expected = [1, -2];
      const weights = tf.variable(tf.tensor1d(expected));
      const optimizer = create();
      const clr = new CyclicLR(CYCLE).attach(optimizer);
      const rules = expected.map(rule);
      for (let t = 0; t < 20; t++) {
        // Gradients that change sign and size, which both sides can tell.
        const gradients = [Math.cos(t) / 2, 1 + t % 3];
        optimizer.minimize(() => weights.mul(gradients).sum().asScalar());
        clr.step();
        const p = t % 7;
        const height = p <= 4 ? p / 4 : (7 - p) / 3;
        rules.forEach((step, i) =>
          expected[i] += step(
            Math.fround(gradients[i]),
            0.001 + 0.009 * height,
            0.95 - 0.35 * height,
          )
        );
      }
      const actual = await weights.data();
      optimizer.dispose();
      weights.dispose();
      await tf.setBackend("cpu");
      // The promise of Deno's mapAsync resolves 10 ms after its buffer is read.
      if (backend === "webgpu") {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      expected.forEach((value, i) =>
        assertAlmostEquals(actual[i], value, 1e-6, `weight ${i}`)
      );
    });
  }
}

for (const [name, { create }] of Object.entries(OPTIMIZERS)) {
  Deno.test(`a snapshot restores the momentum of ${name}, corrections and all`, () => {
    const weight = tf.variable(tf.scalar(1));
    const optimizer = create();
    const clr = new CyclicLR(CYCLE).attach(optimizer);
    const train = (steps: number) => {
      for (let i = 0; i < steps; i++) {
        optimizer.minimize(() => weight.square().asScalar());
        clr.step();
      }
      return weight.dataSync()[0];
    };
    train(3);
    using snapshot = new TrainingSnapshot({ optimizer, variables: [weight] });
    const state = clr.toJSON();
    const momentum = getMomentum(optimizer);
    const json = JSON.stringify(state);
    const expected = train(5);
    snapshot.restore();
    assertEquals(getMomentum(optimizer), momentum);
    clr.restore(JSON.parse(json));
    assertEquals(train(5), expected);
    optimizer.dispose();
    weight.dispose();
  });

  Deno.test(`setMomentum() leaves no tensor behind with ${name}`, () => {
    const optimizer = create();
    const before = tf.memory().numTensors;
    for (let i = 1; i < 10; i++) {
      tf.tidy(() => setMomentum(optimizer, i / 10));
      assertEquals(getMomentum(optimizer), i / 10);
    }
    assertEquals(tf.memory().numTensors, before);
    optimizer.dispose();
  });
}

Deno.test("CyclicLR with momentum trains with fit() and records it", async () => {
  const { model, xs, ys } = createLine(tf.train.momentum(0.1, 0.5));
  const clr = new CyclicLR({ ...CYCLE, stepSize: 2, stepSizeDown: 2 });
  await model.fit(xs, ys, {
    batchSize: 1,
    epochs: 1,
    verbose: 0,
    callbacks: [clr],
  });
  const expected = [0.95, 0.775, 0.6, 0.775, 0.95, 0.775, 0.6, 0.775];
  expected.forEach((momentum, t) =>
    assertAlmostEquals(clr.history.momentum[t], momentum, 1e-15)
  );
  const again = CyclicLR.fromJSON(JSON.stringify(clr));
  assertEquals(again.options.momentum, CYCLE.momentum);
  tf.dispose([xs, ys]);
  model.dispose();
});

Deno.test("LearningRateScheduler gives a stage without momentum the optimizer's own", () => {
  const weight = tf.variable(tf.scalar(1));
  const optimizer = tf.train.momentum(0.1, 0.7);
  const scheduler = new LearningRateScheduler(sequence([
    {
      schedule: oneCycle({
        maxLr: 1,
        iterations: 4,
        pctStart: 0.5,
        anneal: "linear",
        momentum: { base: 0.85, max: 0.95 },
      }),
    },
    { schedule: constant(0.1) },
  ])).attach(optimizer);
  const momenta: number[] = [];
  for (let t = 0; t < 6; t++) {
    momenta.push(getMomentum(optimizer));
    optimizer.minimize(() => weight.asScalar());
    scheduler.step();
  }
  const expected = [0.95, 0.85, 0.9, 0.95, 0.7, 0.7];
  expected.forEach((value, t) => assertAlmostEquals(momenta[t], value, 1e-15));

  // Restored within a stage that sets one, it still knows the optimizer's own.
  const again = new LearningRateScheduler(scheduler.schedule);
  again.restore({ ...scheduler.toJSON(), iteration: 0 });
  setMomentum(optimizer, 0.5);
  again.attach(optimizer);
  for (let t = 0; t < 4; t++) again.step();
  assertAlmostEquals(getMomentum(optimizer), 0.7, 1e-15);
  optimizer.dispose();
  weight.dispose();
});

Deno.test("CyclicLR with momentum refuses an optimizer that has none", () => {
  for (const create of [tf.train.sgd, tf.train.adagrad, tf.train.adadelta]) {
    const optimizer = (create as (lr: number) => tf.Optimizer)(0.1);
    assertThrows(
      () => new CyclicLR(CYCLE).attach(optimizer),
      TypeError,
      "must be Momentum, Adam, Adamax or RMSProp: current value is " +
        optimizer.getClassName(),
    );
    assert(new CyclicLR().attach(optimizer));
  }
});

Deno.test("setMomentum() refuses what is no momentum", () => {
  const optimizer = tf.train.momentum(0.1, 0.9);
  for (const momentum of [-0.1, 1, NaN]) {
    assertThrows(
      () => setMomentum(optimizer, momentum),
      RangeError,
      `must be >= 0 and < 1: current value is ${momentum}`,
    );
  }
  assertThrows(
    () => setMomentum(tf.train.adam(0.1), 0),
    RangeError,
    "beta1 must be > 0 before and after: current value is 0.9, then 0",
  );
  assertThrows(
    () => getMomentum(undefined as unknown as tf.Optimizer),
    TypeError,
    "current value is undefined",
  );
});
