/** Moves of values between tensors: slices, repetitions, joins. */

import type { Compute } from "./compute.ts";

/** A block of 32-bit values and where each dimension takes them. */
export interface Block {
  /** Addresses of the first value. */
  readonly from: number;
  readonly to: number;
  readonly shape: readonly number[];
  /** For each dimension, how far apart in bytes; 0 repeats, negative reverses. */
  readonly fromSteps: readonly number[];
  readonly toSteps: readonly number[];
}

/** Dimensions that an array of addresses steps through together. */
export interface Steps {
  readonly size: number;
  readonly steps: readonly number[];
}

/** Leaves out dimensions of 1, and joins those that lie one after the other. */
export function joinDimensions(dimensions: readonly Steps[]): Steps[] {
  const joined: Steps[] = [];
  for (const next of dimensions) {
    if (next.size === 1) continue;
    const last = joined.at(-1);
    const follows = last?.steps.every((step, i) =>
      step === next.steps[i] * next.size
    );
    if (follows) {
      joined.pop();
      joined.push({ size: last!.size * next.size, steps: next.steps });
    } else {
      joined.push(next);
    }
  }
  return joined;
}

/** Values in a chunk, about. */
const CHUNK = 16_384;

const one: Steps = { size: 1, steps: [0, 0] };

/** How many dimensions of rows a job counts. */
export const COUNTED = 4;

/** Rows that a job counts in four dimensions, some of them together in a chunk. */
export function countRows(
  counted: readonly Steps[],
  { inner, chunk }: { readonly inner: number; readonly chunk: number },
) {
  const [d0, d1, d2, d3] = [
    ...Array<Steps>(COUNTED - counted.length).fill(one),
    ...counted,
  ];
  const rows = counted.reduce((product, { size }) => product * size, 1);
  const chunkRows = Math.max(1, Math.floor(chunk / inner));
  return {
    dimensions: [d0, d1, d2, d3] as const,
    counts: {
      rows,
      chunkRows,
      size0: d0.size,
      size1: d1.size,
      size2: d2.size,
      size3: d3.size,
    },
    chunks: Math.ceil(rows / chunkRows),
  };
}

function run(compute: Compute, block: Block, joined: readonly Steps[]): void {
  const { size: inner, steps: [fromStep, toStep] } = joined.at(-1) ??
    { size: 1, steps: [4, 4] };
  const { dimensions: [d0, d1, d2, d3], counts, chunks } = countRows(
    joined.slice(0, -1),
    { inner, chunk: CHUNK },
  );
  compute.run(
    "move",
    {
      from: block.from,
      to: block.to,
      inner,
      fromStep,
      toStep,
      ...counts,
      from0: d0.steps[0],
      to0: d0.steps[1],
      from1: d1.steps[0],
      to1: d1.steps[1],
      from2: d2.steps[0],
      to2: d2.steps[1],
      from3: d3.steps[0],
      to3: d3.steps[1],
    },
    { chunks, multiplications: counts.rows * inner },
  );
}

/** Moves a block of values of any number of dimensions. */
export function moveBlock(compute: Compute, block: Block): void {
  const { from, to, shape, fromSteps, toSteps } = block;
  if (shape.includes(0)) return;
  const joined = joinDimensions(
    shape.map((size, i) => ({ size, steps: [fromSteps[i], toSteps[i]] })),
  );
  if (joined.length > COUNTED + 1) {
    // More than a job counts: one for each place in the first dimension.
    const [{ size, steps }, ...rest] = joined;
    for (let i = 0; i < size; i++) {
      moveBlock(compute, {
        from: from + i * steps[0],
        to: to + i * steps[1],
        shape: rest.map((dimension) => dimension.size),
        fromSteps: rest.map((dimension) => dimension.steps[0]),
        toSteps: rest.map((dimension) => dimension.steps[1]),
      });
    }
    return;
  }
  const last = joined.at(-1);
  if (joined.length > COUNTED || last === undefined || last.size < 2 * CHUNK) {
    run(compute, block, joined);
    return;
  }
  // A long row is cut, so that threads share it.
  const { size, steps } = last;
  const whole = Math.floor(size / CHUNK);
  const outer = joined.slice(0, -1);
  run(compute, block, [
    ...outer,
    { size: whole, steps: steps.map((step) => CHUNK * step) },
    { size: CHUNK, steps },
  ]);
  const done = whole * CHUNK;
  if (done === size) return;
  run(
    compute,
    { ...block, from: from + done * steps[0], to: to + done * steps[1] },
    [...outer, { size: size - done, steps }],
  );
}

/** The distance between neighbours in each dimension of a tensor, in bytes. */
export function stepsOf(shape: readonly number[]): number[] {
  const steps: number[] = [];
  let step = 4;
  for (const size of shape.toReversed()) {
    steps.unshift(step);
    step *= size;
  }
  return steps;
}
