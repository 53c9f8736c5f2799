/** Functions of one value or of two as jobs for the compute kernels. */

import { broadcast_util } from "@tensorflow/tfjs";
import {
  type BinaryOp,
  binaryOps,
  type UnaryOp,
  unaryOps,
} from "./_elementwise.ts";
import { type Compute, floatBits } from "./compute.ts";
import {
  COUNTED,
  countRows,
  joinDimensions,
  type Steps,
  stepsOf,
} from "./move.ts";

/** Values in a chunk. */
const CHUNK = 8192;

/** About how many multiplications a value takes. */
const work: Partial<Record<UnaryOp, number>> = {
  elu: 12,
  exp: 10,
  log: 14,
  log1p: 18,
  tanh: 20,
  sigmoid: 12,
  softplus: 24,
};

/** A function over a tensor's values. */
export interface UnaryCall {
  readonly x: number;
  readonly out: number;
  readonly length: number;
  /** Numbers that the function takes, such as the ends of a range. */
  readonly numbers?: readonly [number, number?];
}

/** Computes a function of each value. */
export function computeUnary(
  compute: Compute,
  op: UnaryOp,
  { x, out, length, numbers: [first, second = 0] = [0] }: UnaryCall,
): void {
  if (length === 0) return;
  compute.run(
    "unary",
    {
      x,
      out,
      op: unaryOps.indexOf(op),
      first: floatBits(first),
      second: floatBits(second),
      length,
      chunk: CHUNK,
    },
    {
      chunks: Math.ceil(length / CHUNK),
      multiplications: length * (work[op] ?? 1),
    },
  );
}

/** An operand of a function of two values. */
export interface Operand {
  readonly address: number;
  readonly shape: number[];
}

/** The steps of an operand through the result, 0 where it is broadcast. */
function stepsThrough(shape: number[], operand: number[]): number[] {
  const own = stepsOf(operand);
  const missing = shape.length - operand.length;
  return shape.map((_, axis) => {
    const at = axis - missing;
    return at < 0 || operand[at] === 1 ? 0 : own[at];
  });
}

/** The shape of a result of two operands. */
export function broadcastShape(a: number[], b: number[]): number[] {
  return broadcast_util.assertAndGetBroadcastShape(a, b);
}

/** A function of two values each, in the shape to which both are broadcast. */
export interface BinaryCall {
  readonly a: Operand;
  readonly b: Operand;
  readonly out: number;
  readonly shape: number[];
}

/** Computes a function of two values each. */
export function computeBinary(
  compute: Compute,
  op: BinaryOp,
  { a, b, out, shape }: BinaryCall,
): void {
  if (shape.includes(0)) return;
  const aSteps = stepsThrough(shape, a.shape);
  const bSteps = stepsThrough(shape, b.shape);
  const joined = joinDimensions(
    shape.map((size, i) => ({ size, steps: [aSteps[i], bSteps[i]] })),
  );
  computeJoined(compute, { op, joined }, [a.address, b.address, out]);
}

function computeJoined(
  compute: Compute,
  { op, joined }: { readonly op: BinaryOp; readonly joined: readonly Steps[] },
  [a, b, out]: readonly number[],
): void {
  const length = joined.reduce((product, { size }) => product * size, 1);
  if (joined.length > COUNTED + 1) {
    // More than a job counts: one for each place in the first dimension.
    const [{ size, steps: [aStep, bStep] }, ...rest] = joined;
    for (let i = 0; i < size; i++) {
      computeJoined(compute, { op, joined: rest }, [
        a + i * aStep,
        b + i * bStep,
        out + 4 * i * (length / size),
      ]);
    }
    return;
  }
  let { size: inner, steps: [aStep, bStep] } = joined.at(-1) ??
    { size: 1, steps: [4, 4] };
  let counted = joined.slice(0, -1);
  if (counted.length === 0 && inner > CHUNK) {
    // One long row, cut for all threads; the last piece may be shorter.
    const size = Math.ceil(inner / CHUNK);
    counted = [{ size, steps: [aStep * CHUNK, bStep * CHUNK] }];
    inner = CHUNK;
  }
  const { dimensions: [d0, d1, d2, d3], counts, chunks } = countRows(counted, {
    inner,
    chunk: CHUNK,
  });
  compute.run(
    "binary",
    {
      a,
      b,
      out,
      op: binaryOps.indexOf(op),
      inner,
      aStep,
      bStep,
      length,
      ...counts,
      a0: d0.steps[0],
      b0: d0.steps[1],
      a1: d1.steps[0],
      b1: d1.steps[1],
      a2: d2.steps[0],
      b2: d2.steps[1],
      a3: d3.steps[0],
      b3: d3.steps[1],
    },
    { chunks, multiplications: length },
  );
}
