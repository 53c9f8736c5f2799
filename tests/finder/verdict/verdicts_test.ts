import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findLearningRate, LearningRateRange } from "@clr/clr";
import type { FindLearningRateOptions, TrainingData } from "@clr/clr";
import { rangeChart } from "@clr/clr/plots";
import { DivergenceDetector } from "../../../src/finder/curves/divergence.ts";
import { borrowMathRandom, seededRandom } from "../../../src/runtime/random.ts";
import { normal } from "../_normal.ts";

await tf.setBackend("cpu");

interface Example {
  readonly x: number[];
  readonly y: number[];
}

/** Three classes with means apart, in order of their class. */
function classes(count: number, seed: number): Example[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    const kind = Math.floor(3 * i / count);
    return {
      x: Array.from(
        { length: 4 },
        (_, k) => normal(random) + (k === kind ? 2 : 0),
      ),
      y: [0, 1, 2].map((k) => k === kind ? 1 : 0),
    };
  });
}

function shuffled<T>(values: readonly T[], seed: number): T[] {
  const random = seededRandom(seed);
  return values.map((value) => [random(), value] as const)
    .sort(([a], [b]) => a - b).map(([, value]) => value);
}

function tensors(examples: readonly Example[]) {
  return {
    xs: tf.tensor2d(examples.map(({ x }) => x)),
    ys: tf.tensor2d(examples.map(({ y }) => y)),
  };
}

/** The examples as they come, in batches of ten. */
function pipeline(examples: readonly Example[]): TrainingData {
  return tf.data.zip({
    xs: tf.data.array(examples.map(({ x }) => x)),
    ys: tf.data.array(examples.map(({ y }) => y)),
  } as never).batch(
    10,
  ) as unknown as TrainingData;
}

function classifier(
  options: {
    activation?: "softmax" | "linear" | "sigmoid";
    loss?: string;
    optimizer?: string;
    seed?: number;
    bias?: number;
    units?: number;
    penalty?: number;
  } = {},
): tf.Sequential {
  const { activation = "softmax", seed = 1, units = 3 } = options;
  const { loss = "categoricalCrossentropy", optimizer = "adam" } = options;
  const initial = (k: number) =>
    tf.initializers.glorotUniform({ seed: 10 * seed + k });
  const kernelRegularizer = options.penalty === undefined
    ? undefined
    : tf.regularizers.l2({ l2: options.penalty });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 16,
        activation: "relu",
        inputShape: [4],
        kernelInitializer: initial(1),
        biasInitializer: tf.initializers.constant({ value: options.bias ?? 0 }),
        kernelRegularizer,
      }),
      tf.layers.dense({
        units,
        activation,
        kernelInitializer: initial(2),
        kernelRegularizer,
      }),
    ],
  });
  model.compile({ optimizer, loss });
  return model;
}

/** What terminal, chart and JSON say must be one and the same. */
function assertConsistent(range: LearningRateRange): void {
  const text = range.format({ width: 2000 });
  assert(text.includes(range.headline), text);
  const again = LearningRateRange.fromJSON(JSON.stringify(range));
  assertEquals(
    [again.verdict, again.advice, again.baseLr, again.maxLr, `${again}`],
    [range.verdict, range.advice, range.baseLr, range.maxLr, `${range}`],
  );
  if (range.learningRates.length > 1) {
    assertEquals(rangeChart(range).title.text.join(" "), range.headline);
  }
}

/** Runs the finder in a scope of its own. */
async function find(
  make: () => { model: tf.LayersModel; data: TrainingData },
  options: FindLearningRateOptions = {},
): Promise<LearningRateRange> {
  using _ = borrowMathRandom(seededRandom(5));
  tf.engine().startScope();
  try {
    const { model, data } = make();
    const range = await findLearningRate(model, data, options);
    assertConsistent(range);
    return range;
  } finally {
    tf.engine().endScope();
  }
}

Deno.test("findLearningRate() says ordered where a pipeline is not shuffled", async () => {
  for (const seed of [1, 2, 3]) {
    const sorted = classes(150, seed);
    const range = await find(() => ({
      model: classifier({ seed }),
      data: pipeline(sorted),
    }));
    assertEquals(range.verdict, "ordered");
    assertEquals([range.baseLr, range.maxLr], [undefined, undefined]);
    assertMatch(range.advice, /\.shuffle\(150\)/);
    const mixed = await find(() => ({
      model: classifier({ seed }),
      data: pipeline(shuffled(sorted, seed)),
    }));
    assertEquals(mixed.verdict, "good", mixed.advice);
    const drawn = await find(() => ({
      model: classifier({ seed }),
      data: tensors(sorted),
    }), { batchSize: 10 });
    assertEquals(drawn.verdict, "good", drawn.advice);
  }
});

Deno.test("findLearningRate() says ordered of a regression whose rows are sorted, in a Dataset or a generator", async () => {
  const random = seededRandom(3);
  const rows = Array.from({ length: 400 }, () => {
    const x = Array.from({ length: 4 }, () => normal(random));
    return { x, y: [x[0] - x[1] + 5] };
  }).sort((a, b) => a.y[0] - b.y[0]);
  const model = () => {
    const model = tf.sequential({
      layers: [tf.layers.dense({ units: 1, inputShape: [4] })],
    });
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    return model;
  };
  function* batches() {
    for (let i = 0; i < 400; i += 10) yield tensors(rows.slice(i, i + 10));
  }
  for (const data of [pipeline(rows), batches as TrainingData]) {
    const range = await find(() => ({ model: model(), data }));
    assertEquals(range.verdict, "ordered", range.advice);
    assertMatch(range.advice, /shuffle/);
  }
});

Deno.test("findLearningRate() names numbers in the data that are not finite, not the rate", async () => {
  for (const part of ["x", "y"] as const) {
    for (const at of [40, 250]) {
      const examples = shuffled(classes(256, 1), 1).map((example, i) =>
        i === at
          ? { ...example, [part]: example[part].map(() => NaN) }
          : example
      );
      for (const startLr of [1e-5, 1e-12]) {
        const range = await find(
          () => ({ model: classifier(), data: tensors(examples) }),
          { batchSize: 64, startLr },
        );
        assertEquals(range.verdict, "not-finite");
        assertMatch(
          range.advice,
          new RegExp(`in ${part}s of the example at ${at}`),
        );
        assert(!/startLr|endLr/.test(range.advice), range.advice);
      }
      const batched = await find(() => ({
        model: classifier(),
        data: pipeline(examples),
      }));
      assertEquals(batched.verdict, "not-finite");
      assertMatch(
        batched.advice,
        new RegExp(`in ${part}s of batch ${Math.floor(at / 10) + 1}`),
      );
    }
  }
});

Deno.test("findLearningRate() tries a batch whose loss is not finite again at the start", async () => {
  const weight = tf.variable(tf.scalar(1));
  const optimizer = tf.train.sgd(0.1);
  let calls = 0;
  const trainee = {
    optimizer,
    variables: [weight],
    trainOnBatch: ({ value }: { value: number }) => {
      calls++;
      return optimizer.minimize(
        () => weight.sub(value).square() as tf.Scalar,
        true,
        [weight],
      )!;
    },
  };
  function* batches(bad: number) {
    for (let i = 1; i <= 200; i++) yield { value: i === bad ? NaN : 3 };
  }
  const range = await findLearningRate(trainee, () => batches(12), {
    iterations: 60,
  });
  assertEquals(range.verdict, "not-finite");
  assertMatch(range.advice, /of batch 12/);
  assert(calls >= 13, `${calls}`);
  assertEquals(range.cost!.trained, calls);
  assertEquals(weight.dataSync()[0], 1);
  tf.dispose([weight]);
  optimizer.dispose();
});

Deno.test("findLearningRate() says no-signal where labels are shuffled or all the same", async () => {
  for (const seed of [1, 2, 3]) {
    const examples = classes(600, seed);
    const labels = shuffled(examples.map(({ y }) => y), seed);
    const range = await find(() => ({
      model: classifier({ seed }),
      data: tensors(examples.map(({ x }, i) => ({ x, y: labels[i] }))),
    }));
    // Where the rate is low, a long trial may not be sure.
    assert(
      range.verdict === "no-signal" || range.verdict === "too-short",
      range.advice,
    );
    assertMatch(range.advice, /shuffled/);
    // That weights shrink is no learning, though it lowers the loss.
    const penalized = await find(() => ({
      model: classifier({ seed, penalty: 0.05 }),
      data: tensors(examples.map(({ x }, i) => ({ x, y: labels[i] }))),
    }));
    assertEquals(penalized.verdict, "no-signal", penalized.advice);
    // Nor was all learned that could be, where no rate is too high.
    const linear = await find(() => ({
      model: classifier({ seed }),
      data: tensors(examples.map(({ x }, i) => ({ x, y: labels[i] }))),
    }), { growth: "linear", startLr: 0, endLr: 0.1, iterations: 120 });
    assert(
      linear.verdict !== "good" && linear.verdict !== "converged",
      linear.advice,
    );
    const constant = await find(() => ({
      model: classifier({ seed }),
      data: tensors(examples.map(({ x }) => ({ x, y: [0, 1, 0] }))),
    }));
    assertEquals(constant.verdict, "no-signal");
    assertMatch(constant.advice, /All targets are the same/);
  }
});

Deno.test("findLearningRate() trains for long where short trainings teach but how large targets are", async () => {
  const make = () => {
    const random = seededRandom(4);
    const examples = Array.from({ length: 600 }, () => {
      const x = [normal(random), normal(random), normal(random)];
      return { x, y: [100 + 5 * x[0] - 4 * x[1]] };
    });
    const kernelInitializer = tf.initializers.glorotUniform({ seed: 3 });
    const model = tf.sequential({
      layers: [
        tf.layers.dense({
          units: 16,
          activation: "relu",
          inputShape: [3],
          kernelInitializer,
        }),
        tf.layers.dense({ units: 1, kernelInitializer }),
      ],
    });
    const optimizer = tf.train.momentum(0.01, 0.9);
    model.compile({ optimizer, loss: "meanSquaredError" });
    return { model, data: tensors(examples) };
  };
  const short = await find(make, { maxBatches: 130 });
  assertEquals(short.finding.kind, "baseline-not-passed", short.advice);
  assertMatch(short.advice, /raise maxBatches, to 500/);
  const long = await find(make);
  assertEquals(long.verdict, "good", long.advice);
  assert(long.trials!.some(({ unseen }) => unseen));
  assertMatch(long.summary, /a longer one held at/);
  assertMatch(long.summary, /the loss takes hold at/);

  // Several, above where the sweep was undone.
  const { trials, evidence, ...rest } = long.toJSON();
  const last = trials!.at(-1)!;
  const above = LearningRateRange.fromJSON({
    ...rest,
    trials: [...trials!, { ...last, learningRate: 2 * last.learningRate }],
    evidence: {
      ...evidence,
      lost: { ...evidence.base!, learningRate: 0.9 * long.maxLr! },
    },
  });
  assertMatch(above.summary, /longer ones held at/);
  assertMatch(above.summary, /improves over growing rates is lost again by/);
});

Deno.test("findLearningRate() accuses no labels where the rates given are too few to come below the mean's loss", async () => {
  for (const seed of [1, 2, 3]) {
    const make = () => {
      const random = seededRandom(seed);
      const examples = Array.from({ length: 600 }, () => {
        const x = [normal(random), normal(random), normal(random)];
        return { x, y: [x[0] + x[1] * x[2]] };
      });
      const model = tf.sequential({
        layers: [
          tf.layers.dense({
            units: 32,
            activation: "relu",
            inputShape: [3],
            kernelInitializer: tf.initializers.heNormal({ seed }),
          }),
          // Far from what the targets are.
          tf.layers.dense({
            units: 1,
            biasInitializer: tf.initializers.constant({ value: 6 }),
            kernelInitializer: tf.initializers.heNormal({ seed: seed + 10 }),
          }),
        ],
      });
      model.compile({ optimizer: "adam", loss: "meanSquaredError" });
      return { model, data: tensors(examples) };
    };
    const short = await find(make, { iterations: 60 });
    assertEquals(short.finding.kind, "baseline-not-passed", short.advice);
    assertMatch(short.advice, /raise iterations, to 120/);
    assert(short.baseLr! < short.maxLr!);
    assertEquals((await find(make)).verdict, "good");
  }
});

Deno.test("findLearningRate() refuses a frozen network, and names dead weights", async () => {
  const data = () => tensors(shuffled(classes(300, 1), 1));
  await assertRejects(
    () =>
      find(() => {
        const model = classifier();
        for (const layer of model.layers) layer.trainable = false;
        model.compile({ optimizer: "adam", loss: "categoricalCrossentropy" });
        return { model, data: data() };
      }),
    TypeError,
    "must have trainable weights",
  );
  const dead = await find(() => ({
    model: classifier({ bias: -100 }),
    data: data(),
  }));
  assertEquals(dead.verdict, "no-signal", dead.advice);
  assertMatch(dead.advice, /dense\S*kernel\S* .*never changed/);
  assertMatch(dead.advice, /dead/);
});

Deno.test("findLearningRate() asks for a larger batch where batch normalization leaves nothing of single examples", async () => {
  const make = () => {
    const initial = (seed: number) => tf.initializers.glorotUniform({ seed });
    const model = tf.sequential({
      layers: [
        tf.layers.dense({
          units: 8,
          inputShape: [4],
          kernelInitializer: initial(1),
        }),
        tf.layers.batchNormalization(),
        tf.layers.activation({ activation: "relu" }),
        tf.layers.dense({
          units: 3,
          activation: "softmax",
          kernelInitializer: initial(2),
        }),
      ],
    });
    model.compile({ optimizer: "adam", loss: "categoricalCrossentropy" });
    return { model, data: tensors(shuffled(classes(200, 1), 1)) };
  };
  const single = await find(make, { batchSize: 1, maxBatches: 200 });
  assert(single.verdict !== "good");
  assertEquals(single.remedies[0].kind, "normalize-more", single.advice);
  assertMatch(single.advice, /use a larger batch, as batch normalization/);
  const several = await find(make, { batchSize: 10 });
  assertEquals(several.verdict, "good", several.advice);
});

Deno.test("findLearningRate() gives no bounds to a loss that falls without end", async () => {
  const data = () => tensors(shuffled(classes(300, 1), 1));
  const model = () => {
    const model = classifier({ activation: "linear" });
    const loss = (targets: tf.Tensor, outputs: tf.Tensor) =>
      tf.losses.meanSquaredError(targets, outputs).neg();
    model.compile({ optimizer: "adam", loss });
    return model;
  };
  const found = await find(() => ({ model: model(), data: data() }));
  assert(found.verdict !== "good", found.advice);
  assertEquals(found.maxLr, undefined);
  assertMatch(found.advice, /check the data and the loss function/);

  const { xs, ys } = data();
  const weights = tf.variable(tf.zeros([4, 3]));
  const optimizer = tf.train.adam(0.01);
  const loss = () =>
    tf.losses.softmaxCrossEntropy(ys, tf.matMul(xs, weights))
      .neg() as tf.Scalar;
  const loop = await findLearningRate({
    optimizer,
    variables: [weights],
    trainOnBatch: () => optimizer.minimize(loss, true, [weights])!,
    evaluateOnBatch: () => tf.tidy(loss),
  }, { xs, ys });
  assert(loop.verdict !== "good", loop.advice);
  assertEquals(loop.maxLr, undefined);
  assertMatch(loop.advice, /not its negative/);
  tf.dispose([xs, ys, weights]);
});

Deno.test("findLearningRate() says mismatch where loss, outputs and targets do not suit each other", async () => {
  const data = () => tensors(shuffled(classes(300, 1), 1));
  const scaled = () =>
    tensors(classes(300, 1).map(({ x }) => ({ x, y: [50 * x[0], 1, 1] })));
  for (
    const [options, values, words] of [
      [{ activation: "linear" }, data, /takes probabilities/],
      [{ activation: "linear", loss: "binaryCrossentropy" }, data, /sigmoid/],
      [
        { activation: "sigmoid", loss: "meanSquaredError" },
        scaled,
        /linear last/,
      ],
      [{ activation: "softmax" }, scaled, /targets from 0 to 1/],
    ] as const
  ) {
    const range = await find(() => ({
      model: classifier(options),
      data: values(),
    }));
    assertEquals(range.verdict, "mismatch", range.advice);
    assertMatch(range.advice, words);
    // Which no further training can change: one pass over the rates is enough.
    assertEquals(range.runs.length, 1);
    assert(range.cost!.trained <= 61, `${range.cost!.trained}`);
  }
});

Deno.test("findLearningRate() says trained of a network that is, and never to raise endLr", async () => {
  const range = await (async () => {
    using _ = borrowMathRandom(seededRandom(5));
    const model = classifier();
    const data = tensors(shuffled(classes(600, 1), 1));
    await model.fit(data.xs, data.ys, {
      epochs: 60,
      batchSize: 64,
      verbose: 0,
    });
    const range = await findLearningRate(model, data, { batchSize: 64 });
    assertConsistent(range);
    return range;
  })();
  assertEquals(range.verdict, "trained", range.advice);
  assert(!/raise endLr/.test(range.advice), range.advice);
});

Deno.test("findLearningRate() calls no weights trained that are only slow to learn the rest", async () => {
  const random = seededRandom(3);
  // Half of the loss of the mean at first, and one column that allows no high rate.
  const rows = Array.from(
    { length: 640 },
    () => [20, 2, 2].map((size) => size * (random() - 0.5) * Math.sqrt(3)),
  );
  for (const second of [0.5, 0.8]) {
    const range = await find(() => {
      const model = tf.sequential({
        layers: [tf.layers.dense({ units: 1, inputShape: [3] })],
      });
      model.layers[0].setWeights([
        tf.tensor2d([0.1, second, 0], [3, 1]),
        tf.tensor1d([0]),
      ]);
      const optimizer = tf.train.sgd(0.01);
      model.compile({ optimizer, loss: "meanSquaredError" });
      const data = {
        xs: tf.tensor2d(rows),
        ys: tf.tensor2d(rows.map(([a, b, c]) => [0.1 * a + b + c])),
      };
      return { model, data };
    }, { seed: 3 });
    assertEquals(range.verdict, "good", range.advice);
  }
});

Deno.test("findLearningRate() says one-batch where batchSize holds all of the data", async () => {
  const range = await find(() => ({
    model: classifier(),
    data: tensors(shuffled(classes(60, 1), 1)),
  }), { batchSize: 200 });
  assertEquals(range.verdict, "one-batch", range.advice);
  assertMatch(range.advice, /lower batchSize, to 6/);
});

Deno.test("findLearningRate() takes a batch of exactly all of the data for meant", async () => {
  const range = await find(() => ({
    model: classifier(),
    data: tensors(shuffled(classes(60, 1), 1)),
  }), { batchSize: 60 });
  assertEquals(range.verdict, "good", range.advice);
});

Deno.test("findLearningRate() blames the size of inputs where it saturates all outputs", async () => {
  const { x, y } = { x: classes(200, 1), y: [0, 1] };
  const range = await find(() => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({
          units: 1,
          activation: "sigmoid",
          inputShape: [4],
          kernelInitializer: "ones",
        }),
      ],
    });
    model.compile({ optimizer: "adam", loss: "binaryCrossentropy" });
    return {
      model,
      data: {
        xs: tf.tensor2d(x.map(({ x }) => x)).add(5).mul(1e4),
        ys: tf.tensor2d(x.map((_, i) => [y[i % 2]])),
      },
    };
  });
  assertEquals(range.verdict, "no-gradient", range.advice);
  assertMatch(range.advice, /: scale the inputs .*5.*, or check that layers/);
});

Deno.test("findLearningRate() says to start lower where the loss has risen at the first rates already", async () => {
  for (const startLr of [0.25, 0.3, 0.4]) {
    const { verdict, advice } = await find(() => ({
      model: classifier(),
      data: tensors(shuffled(classes(400, 1), 1)),
    }), { startLr, seed: 1 });
    assert(verdict === "diverged-at-once" || verdict === "flat", verdict);
    assertMatch(advice, /lower startLr/, `${startLr}`);
  }
});

Deno.test("findLearningRate() does not raise endLr after an explosion in few rates", async () => {
  const xs = tf.randomNormal([256, 4], 0, 1, "float32", 1);
  const ys = xs.sum(1, true);
  for (
    const [startLr, epochs] of [
      [1e-10, 3],
      [1e-10, 6],
      [1e-10, 10],
      [1e-5, 3],
      [1e-5, 5],
    ]
  ) {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({
          units: 8,
          inputShape: [4],
          activation: "relu",
          kernelInitializer: tf.initializers.glorotUniform({ seed: 3 }),
        }),
        tf.layers.dense({
          units: 1,
          kernelInitializer: tf.initializers.glorotUniform({ seed: 4 }),
        }),
      ],
    });
    model.compile({
      optimizer: tf.train.momentum(0.01, 0.9),
      loss: "meanSquaredError",
    });
    const range = await findLearningRate(model, { xs, ys }, {
      startLr,
      endLr: 10,
      epochs,
    });
    assertConsistent(range);
    assert(!/raise endLr/.test(range.advice), `${epochs}: ${range.advice}`);
    assert(range.verdict !== "flat", `${epochs}: ${range.advice}`);
    model.dispose();
  }
  tf.dispose([xs, ys]);
});

Deno.test("findLearningRate() gives a linear test no bounds that follow endLr", async () => {
  const xs = tf.randomNormal([256, 4], 0, 1, "float32", 1);
  const ys = xs.sum(1, true);
  for (const endLr of [0.01, 0.02]) {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({
          units: 1,
          inputShape: [4],
          kernelInitializer: "zeros",
        }),
      ],
    });
    model.compile({
      optimizer: tf.train.momentum(0.01, 0.9),
      loss: "meanSquaredError",
    });
    const range = await findLearningRate(model, { xs, ys }, {
      growth: "linear",
      startLr: 0,
      endLr,
      iterations: 240,
    });
    assertConsistent(range);
    assert(range.verdict !== "good", `${endLr}: ${range.advice}`);
    assertEquals(range.thumb, "maxLr");
    assertMatch(range.advice, /raise endLr/);
    model.dispose();
  }
  tf.dispose([xs, ys]);
});

const HEAD = [
  5.01,
  4.77,
  3.84,
  3.26,
  7.05,
  4.15,
  3.39,
  4.65,
  4.63,
  3.11,
  4.62,
  5.74,
  4.07,
  4.47,
  4.16,
  5.14,
  3.69,
  3.46,
  1.85,
  1.33,
  1.31,
];

Deno.test("DivergenceDetector lets no explosion hide itself", () => {
  for (
    const tail of [
      [229, 500, 900],
      [229, 9.55e7, 4.69e25],
      [229, 9.55e7, 9.6e7],
      [1e3, 1e9, 1e15, 1e21, 1e27, 1e33],
    ]
  ) {
    const detector = new DivergenceDetector();
    const said = [...HEAD, ...tail].map((loss) => detector.add(loss));
    const at = said.indexOf(true) - HEAD.length + 1;
    assert(at >= 1 && at <= 4, `${tail}: ${at}`);
  }
  const rates = Array.from(
    { length: 24 },
    (_, i) => 1e-10 * 10 ** (11 * i / 23),
  );
  const range = LearningRateRange.fromCurve(
    rates,
    [...HEAD, 229, 9.55e7, 4.69e25],
    { stopReason: "diverged" },
  );
  assert(!/raise endLr/.test(range.advice), range.advice);
});
