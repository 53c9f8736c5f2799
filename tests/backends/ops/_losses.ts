/** The losses and metrics of TensorFlow.js, by name and as functions. */

import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import {
  type Case,
  input,
  type InputPlan,
  type Kind,
  type Operation,
} from "./_operation.ts";
import { EPSILON, type Num, ONE_LESS_EPSILON, type Tape } from "./_tape.ts";
import { taped } from "./_taped.ts";

type Loss = (yTrue: tf.Tensor, yPred: tf.Tensor) => tf.Tensor;

/** The function that a model computes by a loss's name. */
function lossOf(name: string): Loss {
  const model = tf.sequential({
    layers: [tf.layers.activation({ activation: "linear", inputShape: [1] })],
  });
  model.compile({ loss: name, optimizer: tf.train.sgd(1) });
  const { model: inner } = model as unknown as {
    model: { lossFunctions: Loss[] };
  };
  const [loss] = inner.lossFunctions;
  model.optimizer.dispose();
  return loss;
}

/** Of each row, from its true and predicted values. */
type RowLoss = (t: Tape, yTrue: Num[], yPred: Num[]) => Num;

const difference = (t: Tape, a: Num[], b: Num[]) =>
  a.map((value, i) => t.sub(value, b[i]));
const limited = (t: Tape, x: Num) => t.clip(x, EPSILON, ONE_LESS_EPSILON);

/** −Σ true · ln of probabilities that are scaled to sum to 1. */
const crossentropy: RowLoss = (t, a, b) => {
  const sum = t.add(...b);
  const logs = b.map((p) => t.log(limited(t, t.div(p, sum))));
  return t.scale(t.dot(a, logs), -1);
};

const hinges = (t: Tape, a: Num[], b: Num[]) =>
  a.map((value, i) => t.relu(t.scale(t.mul(value, b[i]), -1, 1)));

const unitVector = (t: Tape, xs: Num[]) => {
  const square = t.add(...xs.map((x) => t.square(x)));
  const length = t.sqrt(t.clip(square, EPSILON, Infinity));
  return xs.map((x) => t.div(x, length));
};

/** The losses by their names, and how the true and predicted values are drawn. */
const ROWS: Record<string, [RowLoss, Kind[], Kind[]]> = {
  meanSquaredError: [
    (t, a, b) => t.mean(difference(t, a, b).map((d) => t.square(d))),
    ["ordinary", "positive"],
    ["ordinary", "negative"],
  ],
  meanAbsoluteError: [
    (t, a, b) => t.mean(difference(t, a, b).map((d) => t.abs(d))),
    ["ordinary", "positive"],
    ["ordinary", "negative"],
  ],
  meanAbsolutePercentageError: [
    (t, a, b) =>
      t.scale(
        t.mean(
          difference(t, a, b).map((d, i) =>
            t.abs(t.div(d, t.clip(t.abs(a[i]), EPSILON, Infinity)))
          ),
        ),
        100,
      ),
    ["positive"],
    ["ordinary", "positive"],
  ],
  meanSquaredLogarithmicError: [
    (t, a, b) => {
      const log = (x: Num) =>
        t.log(t.scale(t.clip(x, EPSILON, Infinity), 1, 1));
      return t.mean(a.map((x, i) => t.square(t.sub(log(b[i]), log(x)))));
    },
    ["positive"],
    ["positive", "ordinary"],
  ],
  hinge: [(t, a, b) => t.mean(hinges(t, a, b)), ["signs"], ["ordinary"]],
  squaredHinge: [
    (t, a, b) => t.mean(hinges(t, a, b).map((x) => t.square(x))),
    ["signs"],
    ["ordinary"],
  ],
  categoricalHinge: [
    (t, a, b) => {
      const wrong = t.max(a.map((x, i) => t.mul(t.scale(x, -1, 1), b[i])));
      return t.relu(t.scale(t.sub(wrong, t.dot(a, b)), 1, 1));
    },
    ["fraction"],
    ["ordinary"],
  ],
  logcosh: [
    (t, a, b) =>
      t.mean(
        difference(t, b, a).map((d) =>
          t.scale(t.add(d, t.softplus(t.scale(d, -2))), 1, -Math.LN2)
        ),
      ),
    ["ordinary"],
    ["ordinary", "positive"],
  ],
  categoricalCrossentropy: [crossentropy, ["fraction"], [
    "fraction",
    "certain",
  ]],
  binaryCrossentropy: [
    (t, a, b) =>
      t.mean(a.map((x, i) => {
        const p = limited(t, b[i]);
        const logit = t.log(t.div(p, t.scale(p, -1, 1)));
        return t.sub(t.softplus(logit), t.mul(logit, x));
      })),
    ["fraction", "bits"],
    ["fraction"],
  ],
  kullbackLeiblerDivergence: [
    (t, a, b) =>
      t.dot(
        a,
        a.map((x, i) =>
          t.log(t.div(t.clip(x, EPSILON, 1), t.clip(b[i], EPSILON, 1)))
        ),
      ),
    ["fraction", "certain"],
    ["fraction"],
  ],
  poisson: [
    (t, a, b) =>
      t.mean(
        a.map((x, i) =>
          t.sub(b[i], t.mul(x, t.log(t.scale(b[i], 1, EPSILON))))
        ),
      ),
    ["positive"],
    ["fraction", "positive"],
  ],
  cosineProximity: [
    (t, a, b) => t.scale(t.dot(unitVector(t, a), unitVector(t, b)), -1),
    ["ordinary", "positive"],
    ["ordinary", "negative"],
  ],
};

/** Rows, often with an axis for time between. */
const rowShapes = fc.array(fc.integer({ min: 1, max: 6 }), {
  minLength: 1,
  maxLength: 2,
}).chain((outer) =>
  fc.oneof(
    fc.integer({ min: 2, max: 12 }),
    fc.constantFrom(33, 70, 130),
  ).map((classes) => [...outer, classes])
);

function rowsOf(values: Num[], length: number): Num[][] {
  return Array.from(
    { length: values.length / length },
    (_, i) => values.slice(i * length, (i + 1) * length),
  );
}

/** Values that are drawn apart, so that none is at a kink by being equal. */
function apart(inputs: readonly InputPlan[]): Case {
  return {
    inputs: inputs.map((plan, i) => ({
      ...plan,
      seed: plan.seed + i * 2 ** 21,
    })),
    attrs: {},
  };
}

const onlyPredictions = (index: number) => index === 1;

const named: Operation[] = Object.entries(ROWS).map((
  [name, [row, trueKinds, predictedKinds]],
) =>
  taped({
    name: `${name} loss`,
    cases: rowShapes.chain((shape) =>
      fc.tuple(input(shape, trueKinds), input(shape, predictedKinds))
        .map(apart)
    ),
    run: ([yTrue, yPred]) => lossOf(name)(yTrue, yPred),
    compute: (t, [yTrue, yPred], { shapes: [shape] }) => {
      const length = shape.at(-1)!;
      const predicted = rowsOf(yPred, length);
      return rowsOf(yTrue, length).map((a, i) => row(t, a, predicted[i]));
    },
    shape: (_, [shape]) => shape.slice(0, -1),
    differentiates: onlyPredictions,
    roundings: 64,
  })
);

const sparse = taped({
  name: "sparseCategoricalCrossentropy loss",
  cases: rowShapes.chain((shape) =>
    fc.tuple(
      input([...shape.slice(0, -1), 1], ["indices"], { below: shape.at(-1)! }),
      input(shape, ["fraction", "certain"]),
    ).map(apart)
  ),
  run: ([yTrue, yPred]) =>
    lossOf("sparseCategoricalCrossentropy")(yTrue, yPred),
  compute: (t, [yTrue, yPred], { shapes: [, shape] }) => {
    const length = shape.at(-1)!;
    const zero = t.of(0), one = t.of(1);
    return rowsOf(yPred, length).map((row, i) =>
      crossentropy(
        t,
        row.map((_, k) => k === yTrue[i].value ? one : zero),
        // It cuts them off before they are scaled, too.
        row.map((p) => limited(t, p)),
      )
    );
  },
  shape: (_, [, shape]) => shape.slice(0, -1),
  differentiates: onlyPredictions,
  roundings: 64,
});

/** The functions of `tf.losses`, whose losses of single values are weighted. */
const SINGLE: Record<
  string,
  [
    (a: tf.Tensor, b: tf.Tensor, w: tf.Tensor, r: number) => tf.Tensor,
    (
      t: Tape,
      a: Num,
      b: Num,
    ) => Num,
    Kind[],
  ]
> = {
  absoluteDifference: [
    tf.losses.absoluteDifference,
    (t, a, b) => t.abs(t.sub(a, b)),
    ["ordinary"],
  ],
  meanSquaredError: [
    tf.losses.meanSquaredError,
    (t, a, b) => t.square(t.sub(a, b)),
    ["ordinary"],
  ],
  hingeLoss: [
    tf.losses.hingeLoss,
    (t, a, b) => t.relu(t.scale(t.mul(t.scale(a, 2, -1), b), -1, 1)),
    ["bits"],
  ],
  huberLoss: [
    (a, b, w, r) => tf.losses.huberLoss(a, b, w, 0.7, r),
    (t, a, b) => {
      const error = t.abs(t.sub(a, b));
      return error.value <= 0.7
        ? t.scale(t.square(error), 0.5)
        : t.scale(error, 0.7, -0.7 * 0.7 / 2);
    },
    ["ordinary"],
  ],
  logLoss: [
    (a, b, w, r) => tf.losses.logLoss(a, b, w, 1e-7, r),
    (t, a, b) =>
      t.scale(
        t.add(
          t.mul(a, t.log(t.scale(b, 1, EPSILON))),
          t.mul(t.scale(a, -1, 1), t.log(t.scale(b, -1, 1 + EPSILON))),
        ),
        -1,
      ),
    ["fraction"],
  ],
  sigmoidCrossEntropy: [
    (a, b, w, r) => tf.losses.sigmoidCrossEntropy(a, b, w, 0, r),
    (t, a, b) => t.sub(t.softplus(b), t.mul(a, b)),
    ["bits"],
  ],
};

/** No reduction, the mean, the sum, and the mean over weights that are not 0. */
function reduce(
  t: Tape,
  { losses, weights, reduction }: {
    readonly losses: Num[];
    readonly weights: Num[];
    readonly reduction: number;
  },
) {
  const weighted = losses.map((loss, i) => t.mul(loss, weights[i]));
  const { Reduction } = tf;
  if (reduction === Reduction.NONE) return weighted;
  const sum = t.add(...weighted);
  if (reduction === Reduction.SUM) return [sum];
  if (reduction === Reduction.MEAN) return [t.div(sum, t.add(...weights))];
  const count = weights.filter(({ value }) => value !== 0).length;
  return [t.scale(sum, 1 / count)];
}

const single: Operation[] = Object.entries(SINGLE).map((
  [name, [run, loss, kinds]],
) =>
  taped({
    name: `losses.${name}`,
    cases: fc.tuple(rowShapes, fc.constantFrom(0, 1, 2, 3)).chain((
      [shape, reduction],
    ) =>
      fc.tuple(
        input(shape, kinds),
        input(shape, name === "logLoss" ? ["fraction"] : ["ordinary"]),
        input(shape, ["fraction"]),
      ).map((inputs) => ({ ...apart(inputs), attrs: { reduction } }))
    ),
    run: ([a, b, w], { reduction }) => run(a, b, w, reduction),
    compute: (t, [a, b, w], { attrs: { reduction } }) =>
      reduce(t, {
        losses: a.map((x, i) => loss(t, x, b[i])),
        weights: w,
        reduction,
      }),
    shape: ({ reduction }, [shape]) =>
      reduction === tf.Reduction.NONE ? shape : [],
    roundings: 64,
  })
);

const softmaxCrossEntropy = taped({
  name: "losses.softmaxCrossEntropy",
  cases: fc.tuple(
    fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 2 }),
    fc.integer({ min: 2, max: 40 }),
    fc.constantFrom(0, 0.1),
  )
    .chain(([rows, classes, smoothing]) =>
      fc.tuple(
        input([...rows, classes], ["fraction", "ordinary"]),
        input([...rows, classes], ["ordinary", "positive"]),
      ).map((inputs) => ({ ...apart(inputs), attrs: { smoothing } }))
    ),
  run: ([labels, logits], { smoothing }) =>
    tf.losses.softmaxCrossEntropy(labels, logits, undefined, smoothing),
  compute: (t, [labels, logits], { shapes: [shape], attrs: { smoothing } }) => {
    const classes = shape.at(-1)!;
    const rows = rowsOf(logits, classes);
    return [
      t.mean(
        rowsOf(labels, classes).map((given, i) => {
          const a = given.map((x) =>
            t.scale(x, 1 - smoothing, smoothing / classes)
          );
          const powers = rows[i].map((x) => t.apply(x, Math.exp, Math.exp));
          const log = t.log(t.add(...powers));
          const logs = rows[i].map((x) => t.sub(x, log));
          return t.scale(t.dot(a, logs), -1);
        }),
      ),
    ];
  },
  shape: () => [],
  roundings: 64,
});

const cosineDistance = taped({
  name: "losses.cosineDistance",
  cases: fc.tuple(
    fc.integer({ min: 1, max: 6 }),
    fc.integer({ min: 1, max: 40 }),
  )
    .chain((shape) =>
      fc.tuple(input(shape, ["ordinary"]), input(shape, ["ordinary"]))
        .map(apart)
    ),
  run: ([a, b]) => tf.losses.cosineDistance(a, b, 1),
  compute: (t, [a, b], { shapes: [[, length]] }) => {
    const other = rowsOf(b, length);
    return [
      t.mean(
        rowsOf(a, length).map((row, i) => t.scale(t.dot(row, other[i]), -1, 1)),
      ),
    ];
  },
  shape: () => [],
  roundings: 64,
});

/** Where the first largest of a row is. */
function largest(row: Num[]): number {
  return row.reduce((best, x, i) => x.value > row[best].value ? i : best, 0);
}

type Metric = (t: Tape, yTrue: Num[][], yPred: Num[][]) => Num[];

/** The share of those that are 1 in `of` in which both are. */
function shareOfOnes(t: Tape, of: Num[][], other: Num[][]): Num[] {
  const [a, b] = [of.flat(), other.flat()];
  const ones = a.flatMap(({ value }, i) => value === 1 ? [b[i].value] : []);
  const hits = ones.filter((value) => value === 1).length;
  return [t.of(ones.length > 0 ? hits / ones.length : 0)];
}

const METRICS: Record<
  string,
  [(a: tf.Tensor, b: tf.Tensor) => tf.Tensor, Metric, Kind, Kind]
> = {
  binaryAccuracy: [
    tf.metrics.binaryAccuracy,
    (t, a, b) =>
      a.map((row, i) =>
        t.of(
          row.filter((x, k) => x.value === Number(b[i][k].value > 0.5)).length /
            row.length,
        )
      ),
    "bits",
    "fraction",
  ],
  categoricalAccuracy: [
    tf.metrics.categoricalAccuracy,
    (t, a, b) =>
      a.map((row, i) => t.of(Number(largest(row) === largest(b[i])))),
    "fraction",
    "ties",
  ],
  precision: [
    tf.metrics.precision,
    (t, a, b) => shareOfOnes(t, b, a),
    "bits",
    "bits",
  ],
  recall: [
    tf.metrics.recall,
    shareOfOnes,
    "bits",
    "bits",
  ],
  r2Score: [
    (tf.metrics as unknown as { r2Score: Loss }).r2Score,
    (t, a, b) => {
      const [all, predicted] = [a.flat(), b.flat()];
      const mean = t.mean(all);
      const squares = (xs: Num[]) => t.add(...xs.map((x) => t.square(x)));
      const left = squares(difference(t, all, predicted));
      const total = squares(all.map((x) => t.sub(x, mean)));
      return [t.scale(t.div(left, total), -1, 1)];
    },
    "positive",
    "positive",
  ],
};

const metrics: Operation[] = Object.entries(METRICS).map((
  [name, [run, metric, trueKind, predictedKind]],
) => {
  const isOne = ["precision", "recall", "r2Score"].includes(name);
  return taped({
    name: `${name} metric`,
    cases: rowShapes.chain((shape) =>
      fc.tuple(input(shape, [trueKind]), input(shape, [predictedKind]))
        .map(apart)
    ),
    run: ([a, b]) => run(a, b),
    compute: (t, [a, b], { shapes: [shape] }) => {
      const length = shape.at(-1)!;
      return metric(t, rowsOf(a, length), rowsOf(b, length));
    },
    shape: (_, [shape]) => isOne ? [] : shape.slice(0, -1),
    differentiates: () => false,
    roundings: 256,
  });
});

const sparseAccuracy = taped({
  name: "sparseCategoricalAccuracy metric",
  cases: rowShapes.chain((shape) =>
    fc.tuple(
      input([...shape.slice(0, -1), 1], ["indices"], { below: shape.at(-1)! }),
      input(shape, ["ordinary", "ties"]),
    ).map(apart)
  ),
  run: ([a, b]) => tf.metrics.sparseCategoricalAccuracy(a, b),
  compute: (t, [a, b], { shapes: [, shape] }) =>
    rowsOf(b, shape.at(-1)!).map((row, i) =>
      t.of(Number(largest(row) === a[i].value))
    ),
  shape: (_, [, shape]) => shape.slice(0, -1),
  differentiates: () => false,
});

export const losses: Operation[] = [
  ...named,
  sparse,
  ...single,
  softmaxCrossEntropy,
  cosineDistance,
  ...metrics,
  sparseAccuracy,
];
