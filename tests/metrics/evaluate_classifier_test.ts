import * as tf from "@tensorflow/tfjs";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
} from "@std/assert";
import { classificationReport, evaluateClassifier } from "@clr/clr/metrics";

interface ScikitLearn {
  labels: number[];
  scores: number[][];
  names: string[];
  text: string;
  confusion: number[][];
  top2: number;
}

const lines = await Deno.readTextFile(
  new URL("./_scikit_learn.jsonl", import.meta.url),
);
const expected: ScikitLearn[] = lines.trim().split("\n").map((line) =>
  JSON.parse(line)
);

/** A model that gives its inputs as scores. */
function identity(classes: number): tf.LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.activation({ activation: "linear", inputShape: [classes] }),
    ],
  });
}

Deno.test("evaluateClassifier() gives scikit-learn's text, confusion matrix and top-k accuracy", async () => {
  for (const { labels, scores, names, text, confusion, top2 } of expected) {
    const model = identity(names.length);
    const xs = tf.tensor2d(scores);
    const { report, topKAccuracy, predictions } = await evaluateClassifier(
      model,
      { xs, ys: labels },
      { classNames: names, topK: [2], batchSize: 7, digits: 5 },
    );
    assertEquals(`${report}`, text);
    assertEquals(report.confusion, confusion);
    assertAlmostEquals(topKAccuracy[2], top2, 1e-12);
    assertEquals(
      `${
        classificationReport(labels, predictions, {
          classNames: names,
          digits: 5,
        })
      }`,
      text,
    );
    xs.dispose();
  }
});

Deno.test("classificationReport() rounds halves to even, as Python does", () => {
  // A recall of 1/8, 3/8, 5/8 and 7/8.
  const right = [1, 3, 5, 7];
  const labels = right.flatMap((_, label) => Array(8).fill(label));
  const predictions = right.flatMap((count, label) =>
    Array.from({ length: 8 }, (_, i) => i < count ? label : 4)
  );
  const rows = `${classificationReport(labels, predictions)}`.split("\n");
  assertEquals(
    rows.slice(2, 6).map((row) => row.trim().split(/\s+/)[2]),
    ["0.12", "0.38", "0.62", "0.88"],
  );
});

Deno.test("evaluateClassifier() takes indices, columns, one-hot rows and Datasets alike", async () => {
  const { labels, scores, confusion } = expected[0];
  const classes = scores[0].length;
  const model = identity(classes);
  const xs = tf.tensor2d(scores);
  const indices = tf.tensor1d(labels, "int32");
  const rows = tf.oneHot(indices, classes);
  const before = tf.memory().numTensors;
  for (
    const ys of [labels, Int32Array.from(labels), indices, rows]
  ) {
    const { report } = await evaluateClassifier(model, { xs, ys });
    assertEquals(report.confusion, confusion);
  }
  const column = indices.reshape([-1, 1]);
  const { report } = await evaluateClassifier(model, { xs, ys: column });
  assertEquals(report.confusion, confusion);
  column.dispose();
  assertEquals(tf.memory().numTensors, before);

  const dataset = tf.data.zip({
    xs: tf.data.array(scores),
    ys: tf.data.array(labels),
  }).batch(5);
  const evaluation = await evaluateClassifier(model, dataset as never);
  assertEquals(evaluation.report.confusion, confusion);
  assertEquals([...evaluation.labels], labels);
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("evaluateClassifier() reads one sigmoid as two classes", async () => {
  const { predictions, accuracy, topKAccuracy } = await evaluateClassifier(
    identity(1),
    { xs: tf.tensor2d([[0.2], [0.5], [0.7], [0.9]]), ys: [0, 1, 1, 0] },
    { topK: [1, 2] },
  );
  assertEquals([...predictions], [0, 0, 1, 1]);
  assertEquals([accuracy, topKAccuracy[1], topKAccuracy[2]], [0.5, 0.5, 1]);
});

Deno.test("evaluateClassifier() takes named inputs of a model with several", async () => {
  const inputs = ["left", "right"].map((name) =>
    tf.input({ shape: [2], name })
  );
  const outputs = tf.layers.add().apply(inputs) as tf.SymbolicTensor;
  const model = tf.model({ inputs, outputs });
  const xs = {
    right: tf.tensor2d([[0, 2], [0, 0]]),
    left: tf.tensor2d([[1, 0], [1, 0]]),
  };
  const { predictions } = await evaluateClassifier(model, { xs, ys: [1, 0] });
  assertEquals([...predictions], [1, 0]);
});

Deno.test("evaluateClassifier() refuses what has no one class an example", async () => {
  const xs = tf.tensor2d([[1, 0, 0], [0, 1, 0]]);
  const model = identity(3);
  await assertRejects(
    () =>
      evaluateClassifier(model, {
        xs,
        ys: tf.tensor2d([[1, 0, 0], [1, 1, 0]]),
      }),
    RangeError,
    "current value is row 1 with the sum 2; of labels that hold several classes at once",
  );
  await assertRejects(
    () => evaluateClassifier(model, { xs, ys: tf.zeros([2, 4]) }),
    RangeError,
    "labels must have shape [examples], [examples, 1] or [examples, 3]: current value is [2,4]",
  );
  await assertRejects(
    () => evaluateClassifier(model, { xs, ys: [0, 3] }),
    RangeError,
    "labels[1] must be a class index from 0 to 2: current value is 3",
  );
  await assertRejects(
    () => evaluateClassifier(model, { xs, ys: [0] }),
    RangeError,
    "a label for each of 2 examples: current value is 1 labels",
  );
  await assertRejects(
    () => evaluateClassifier(model, { xs, ys: [0, 1] }, { topK: [4] }),
    RangeError,
    "topK must hold whole numbers from 1 to 3: current value is 4",
  );
  const images = tf.sequential({
    layers: [tf.layers.conv2d({
      filters: 1,
      kernelSize: 1,
      inputShape: [2, 2, 1],
    })],
  });
  await assertRejects(
    () => evaluateClassifier(images, { xs, ys: [0, 1] }),
    TypeError,
    "the model must have one output, [examples, classes]",
  );
});

Deno.test("evaluateClassifier() refuses data that repeat without end", async () => {
  const dataset = tf.data.array([{ xs: [1, 0], ys: 0 }]).batch(1).repeat();
  await assertRejects(
    () => evaluateClassifier(identity(2), dataset as never),
    RangeError,
    "take(n) of it",
  );
});

Deno.test("evaluateClassifier() refuses scores that are NaN, of which the first class would be the highest", async () => {
  for (const classes of [1, 3]) {
    const xs = tf.fill([4, classes], 0.5);
    const lost = tf.concat([xs, tf.fill([1, classes], NaN)]);
    const data = { xs: lost, ys: [0, 1, 1, 0, 0] };
    for (const batchSize of [2, 5]) {
      await assertRejects(
        () => evaluateClassifier(identity(classes), data, { batchSize }),
        RangeError,
        "must be numbers: current value is NaN for example 4",
      );
    }
    const batches = tf.data.array([data]) as never;
    await assertRejects(
      () => evaluateClassifier(identity(classes), batches),
      RangeError,
      "NaN for example 4",
    );
  }
  const infinite = tf.tensor2d([[0, Infinity], [0, -Infinity]]);
  const { accuracy } = await evaluateClassifier(identity(2), {
    xs: infinite,
    ys: [1, 0],
  });
  assertEquals(accuracy, 1);
});

Deno.test("evaluateClassifier() says of data that are none what they must be", async () => {
  const evaluate = (data: unknown) =>
    evaluateClassifier(identity(3), data as never);
  const rows = tf.data.array([[1, 0, 0], [0, 1, 0]]);
  const classes = tf.data.array([0, 1]);
  await assertRejects(
    () => evaluate({ xs: tf.zeros([0, 3]), ys: [] }),
    RangeError,
    "there must be at least one example: current value is 0",
  );
  await assertRejects(
    () => evaluate(tf.data.zip([rows, classes] as never).batch(2)),
    TypeError,
    "batches of data must be { xs, ys }: current value is a Tensor",
  );
  await assertRejects(
    () => evaluate(tf.data.zip({ xs: rows, ys: classes } as never)),
    TypeError,
    "as of a Dataset after batch(n): current value is [1,0,0]",
  );
});

/** 64 examples of two classes, each of which is predicted right. */
function examples() {
  const labels = Array.from({ length: 64 }, (_, i) => i % 2);
  return { xs: tf.oneHot(tf.tensor1d(labels, "int32"), 2).toFloat(), labels };
}

Deno.test("evaluateClassifier() with a signal gives the same as without", async () => {
  const model = identity(2);
  const { xs, labels } = examples();
  const { signal } = new AbortController();
  const dataset = tf.data.generator(function* () {
    for (let i = 0; i < 4; i++) {
      yield { xs: xs.slice(i * 16, 16), ys: tf.tensor1d(labels.slice(0, 16)) };
    }
  });
  for (const data of [{ xs, ys: labels }, dataset]) {
    const before = tf.memory().numTensors;
    const without = await evaluateClassifier(model, data, { batchSize: 10 });
    const options = { batchSize: 10, signal };
    const heeding = await evaluateClassifier(model, data, options);
    assertEquals(heeding.predictions, without.predictions);
    assertEquals(heeding.labels, without.labels);
    assertEquals(`${heeding.report}`, `${without.report}`);
    assertEquals(without.accuracy, 1);
    assertEquals(tf.memory().numTensors, before);
  }
  xs.dispose();
});

Deno.test("evaluateClassifier() ends where its signal is aborted, with the reason and without a tensor left", async () => {
  const model = identity(2);
  const { xs, labels } = examples();
  /** Batches after one of which it is aborted, and that may never end. */
  const batches = (stop: AbortController) =>
    tf.data.generator(function* () {
      for (let i = 0;; i++) {
        if (i === 3) stop.abort(new Error("enough"));
        yield { xs: xs.slice(0, 8), ys: tf.tensor1d(labels.slice(0, 8)) };
      }
    });
  /** A batch that does not come. */
  const waiting = (stop: AbortController) =>
    tf.data.generator(
      (async function* () {
        yield { xs: xs.slice(0, 8), ys: tf.tensor1d(labels.slice(0, 8)) };
        stop.abort(new Error("enough"));
        await new Promise(() => {});
      }) as never,
    );
  const aborted = (stop: AbortController) => {
    stop.abort(new Error("enough"));
    return { xs, ys: labels };
  };
  for (const dataOf of [batches, waiting, aborted]) {
    const stop = new AbortController();
    const before = tf.memory().numTensors;
    const data = dataOf(stop) as never;
    const { signal } = stop;
    await assertRejects(
      () => evaluateClassifier(model, data, { signal }),
      Error,
      "enough",
    );
    assertEquals(tf.memory().numTensors, before, dataOf.name);
  }
  xs.dispose();
});

Deno.test("evaluateClassifier() lets a timer that aborts it run while it computes", async () => {
  await tf.setBackend("cpu");
  const model = identity(2);
  const { xs, labels } = examples();
  let batches = 0;
  const { predict } = model;
  model.predict = (...args: Parameters<typeof predict>) => {
    batches++;
    // What a large network takes.
    for (const until = performance.now() + 60; performance.now() < until;);
    return predict.apply(model, args);
  };
  const signal = AbortSignal.timeout(1);
  await assertRejects(
    () =>
      evaluateClassifier(model, { xs, ys: labels }, { batchSize: 1, signal }),
    DOMException,
  );
  assert(batches < 64, `${batches} of 64`);
  xs.dispose();
});

Deno.test("evaluateClassifier() takes no signal but one", async () => {
  const signal = new AbortController() as never;
  await assertRejects(
    () => evaluateClassifier(identity(2), { xs: [] } as never, { signal }),
    TypeError,
    "signal must be an AbortSignal: current value is an AbortController; pass its signal",
  );
});

Deno.test("evaluateClassifier() asks for a name of each class before it computes", async () => {
  const model = identity(3);
  model.predict = () => {
    throw new Error("It computes.");
  };
  for (
    const [classNames, type, message] of [
      [
        ["left", "right"],
        RangeError,
        "Cannot evaluate a classifier as classNames must name each of the 3 classes that the model gives: current value is 2 of them",
      ],
      ["abc", TypeError, "classNames must be a list of names"],
    ] as const
  ) {
    await assertRejects(
      () =>
        evaluateClassifier(model, { xs: [], ys: [] } as never, {
          classNames: classNames as never,
        }),
      type,
      message,
    );
  }
});
