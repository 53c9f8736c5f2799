import {
  type ColumnReduction,
  columnShader,
  planColumns,
} from "../_column_reduction.ts";
import { defineKernel, type Named } from "../_kernel.ts";
import { floatBits } from "../_words.ts";
import type { Shader } from "../_shader.ts";
import { groupsFor, sizeOf } from "../_shape.ts";

/** Inputs `x, gamma, beta, movingMean, movingVariance`. */
export const BATCH_NORM = "BatchNormTraining";
/** Inputs `dy, x, gamma, mean, inverse`. */
export const BATCH_NORM_GRAD = "BatchNormTrainingGrad";

/**
 * The count, the mean and the sum of squared distances from it, merged as Chan,
 * Golub and LeVeque do (1979): a difference of sums of squares would lose the
 * variance of values far from 0.
 */
const MERGE = `
fn merge(a: vec3<f32>, b: vec3<f32>) -> vec3<f32> {
  let n = a.x + b.x;
  if (n == 0) { return a; }
  let distance = b.y - a.y;
  let part = b.x / n;
  return vec3(n, a.y + distance * part, a.z + b.z + distance * distance * a.x * part);
}`;

const statistics: ColumnReduction = {
  name: "batch_norm_statistics",
  bindings: [
    "var<storage, read_write> result: array<f32>",
    "var<storage, read> x: array<f32>",
  ],
  type: "vec3<f32>",
  functions: MERGE,
  // About the first value that it meets, which is as far from the mean as any.
  accumulate: `
    let row0 = first + lane;
    if (row0 < end) {
      let origin = x[row0 * size.columns + column];
      var n = 0.0; var s = 0.0; var squares = 0.0;
      for (var row = row0; row < end; row += lanes) {
        let distance = x[row * size.columns + column] - origin;
        n += 1; s += distance; squares += distance * distance;
      }
      sum = vec3(n, origin + s / n, max(0.0, squares - s * s / n));
      // max() may drop a NaN.
      if (!(squares >= 0)) { sum.z = squares; }
    }`,
  merge: "merge(a, b)",
  write: `
    let at = chunk * size.columns + column;
    let plane = size.chunks * size.columns;
    result[at] = sum.x;
    result[plane + at] = sum.y;
    result[2 * plane + at] = sum.z;`,
};

const finish: ColumnReduction = {
  name: "batch_norm_finish",
  bindings: [
    "var<storage, read> given: array<f32>",
    "var<storage, read_write> mean: array<f32>",
    "var<storage, read_write> inverse: array<f32>",
    "var<storage, read_write> movingMean: array<f32>",
    "var<storage, read_write> movingVariance: array<f32>",
    "var<uniform> numbers: vec4<f32>",
  ],
  type: "vec3<f32>",
  functions: MERGE,
  accumulate: `
    let plane = size.rows * size.columns;
    for (var row = first + lane; row < end; row += lanes) {
      let at = row * size.columns + column;
      sum = merge(sum, vec3(given[at], given[plane + at], given[2 * plane + at]));
    }`,
  merge: "merge(a, b)",
  write: `
    let variance = sum.z / sum.x;
    mean[column] = sum.y;
    inverse[column] = 1 / sqrt(variance + numbers.x);
    movingMean[column] -= (movingMean[column] - sum.y) * numbers.y;
    movingVariance[column] -= (movingVariance[column] - variance) * numbers.y;`,
};

const normalize: Shader = {
  name: "batch_norm_normalize",
  code: `
@group(0) @binding(0) var<storage, read_write> result: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> inverse: array<f32>;
@group(0) @binding(4) var<storage, read> gamma: array<f32>;
@group(0) @binding(5) var<storage, read> beta: array<f32>;
@compute @workgroup_size(256)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let channels = arrayLength(&mean);
  for (var i = id.x; i < arrayLength(&result); i += 256 * groups.x) {
    let c = i % channels;
    result[i] = (x[i] - mean[c]) * inverse[c] * gamma[c] + beta[c];
  }
}`,
};

/** The attributes of {@linkcode batchNormKernel}. */
interface BatchNormAttrs {
  readonly epsilon: number;
  readonly momentum: number;
}

/** Gives `y`, the mean, 1 / √(v + ε) and both new moving statistics. */
export const batchNormKernel = defineKernel<
  Named<"x" | "gamma" | "beta" | "movingMean" | "movingVariance">,
  BatchNormAttrs
>(
  BATCH_NORM,
  ({ inputs, attrs, backend }) => {
    const { x, gamma, beta, movingMean, movingVariance } = inputs;
    const [columns] = gamma.shape;
    const rows = sizeOf(x.shape) / columns;
    const plan = planColumns({ rows, columns });
    const parts = backend.allocate([3, plan.chunks, columns]);
    const shader = columnShader(statistics, plan);
    backend.run(shader, [parts, x], {
      words: [plan.words],
      groups: plan.groups,
    });

    const mean = backend.allocate([columns]);
    const inverse = backend.allocate([columns]);
    const y = backend.allocate([...x.shape]);
    const moving = [movingMean, movingVariance]
      .map((tensor) => backend.take(tensor));
    const rest = planColumns({ rows: plan.chunks, columns }, { whole: true });
    const numbers = floatBits([
      attrs.epsilon,
      1 - attrs.momentum,
      0,
      0,
    ]);
    backend.run(
      columnShader(finish, rest),
      [parts, mean, inverse, ...moving],
      { words: [numbers, rest.words], groups: rest.groups },
    );
    backend.disposeData(parts.dataId);

    backend.run(
      normalize,
      [y, x, mean, inverse, gamma, beta],
      { groups: groupsFor(sizeOf(x.shape)) },
    );
    return [y, mean, inverse, ...moving];
  },
);

const gradientSums: ColumnReduction = {
  name: "batch_norm_gradient_sums",
  bindings: [
    "var<storage, read_write> result: array<f32>",
    "var<storage, read> dy: array<f32>",
    "var<storage, read> x: array<f32>",
    "var<storage, read> mean: array<f32>",
    "var<storage, read> inverse: array<f32>",
  ],
  type: "vec2<f32>",
  accumulate: `
    let m = mean[column];
    for (var row = first + lane; row < end; row += lanes) {
      let at = row * size.columns + column;
      sum += dy[at] * vec2(1.0, x[at] - m);
    }`,
  merge: "a + b",
  write: `
    let at = chunk * size.columns + column;
    result[at] = sum.x;
    result[size.chunks * size.columns + at] = sum.y * inverse[column];`,
};

const finishGradient: ColumnReduction = {
  name: "batch_norm_finish_gradient",
  bindings: [
    "var<storage, read> given: array<f32>",
    "var<storage, read_write> dbeta: array<f32>",
    "var<storage, read_write> dgamma: array<f32>",
  ],
  type: "vec2<f32>",
  accumulate: `
    for (var row = first + lane; row < end; row += lanes) {
      let at = row * size.columns + column;
      sum += vec2(given[at], given[size.rows * size.columns + at]);
    }`,
  merge: "a + b",
  write: "dbeta[column] = sum.x; dgamma[column] = sum.y;",
};

const inputGradient: Shader = {
  name: "batch_norm_input_gradient",
  code: `
@group(0) @binding(0) var<storage, read_write> dx: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> mean: array<f32>;
@group(0) @binding(4) var<storage, read> inverse: array<f32>;
@group(0) @binding(5) var<storage, read> gamma: array<f32>;
@group(0) @binding(6) var<storage, read> dbeta: array<f32>;
@group(0) @binding(7) var<storage, read> dgamma: array<f32>;
@compute @workgroup_size(256)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let channels = arrayLength(&mean);
  let count = f32(arrayLength(&dx) / channels);
  for (var i = id.x; i < arrayLength(&dx); i += 256 * groups.x) {
    let c = i % channels;
    let normed = (x[i] - mean[c]) * inverse[c];
    dx[i] = gamma[c] * inverse[c] *
      (dy[i] - (dbeta[c] + normed * dgamma[c]) / count);
  }
}`,
};

/** Gives `dx`, `dgamma` and `dbeta`. */
export const batchNormGradKernel = defineKernel<
  Named<"dy" | "x" | "gamma" | "mean" | "inverse">
>(
  BATCH_NORM_GRAD,
  ({ inputs, backend }) => {
    const { dy, x, gamma, mean, inverse } = inputs;
    const [columns] = gamma.shape;
    const rows = sizeOf(x.shape) / columns;
    const plan = planColumns({ rows, columns });
    const parts = backend.allocate([2, plan.chunks, columns]);
    backend.run(
      columnShader(gradientSums, plan),
      [parts, dy, x, mean, inverse],
      { words: [plan.words], groups: plan.groups },
    );
    const dbeta = backend.allocate([columns]);
    const dgamma = backend.allocate([columns]);
    const rest = planColumns({ rows: plan.chunks, columns }, { whole: true });
    backend.run(
      columnShader(finishGradient, rest),
      [parts, dbeta, dgamma],
      { words: [rest.words], groups: rest.groups },
    );
    backend.disposeData(parts.dataId);
    const dx = backend.allocate([...x.shape]);
    backend.run(
      inputGradient,
      [dx, dy, x, mean, inverse, gamma, dbeta, dgamma],
      { groups: groupsFor(sizeOf(x.shape)) },
    );
    return [dx, dgamma, dbeta];
  },
);
