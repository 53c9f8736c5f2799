/** Recurrent layers as jobs for the compute kernels. */

import { ROWS } from "./_recurrent.ts";
import type { Compute, Extent, Scratch } from "./compute.ts";
import { multiplyTransposed } from "./multiply_transposed.ts";
import { plain } from "./finish.ts";
import { moveBlock } from "./move.ts";
import { multiplyMatrix } from "./multiply.ts";
import { sumColumns } from "./rows.ts";
import { scoped } from "../../../runtime/scoped.ts";
import { packWeights, toPanels, type Weights } from "./weights.ts";

/** The sizes of a recurrent layer's call. */
export interface Recurrence {
  readonly batch: number;
  readonly steps: number;
  readonly inputs: number;
  readonly units: number;
  /** The gates of a unit, those of its candidate state included. */
  readonly gates: number;
  /** Whether gates are smooth sigmoids rather than their three lines. */
  readonly soft: boolean;
  readonly goBackwards: boolean;
}

/** A part of the columns of a row-major matrix, as weights or their transpose. */
export function columnsOf(
  address: number,
  { rows, rowColumns, first = 0, columns, transposed = false }: {
    readonly rows: number;
    readonly rowColumns: number;
    readonly first?: number;
    readonly columns: number;
    readonly transposed?: boolean;
  },
): Weights {
  const rowStep = 4 * rowColumns;
  const single = { tapRows: 1, tapRowStep: 0, taps: 1, tapStep: 0 };
  const part = { ...single, address: address + 4 * first };
  return transposed
    ? { ...part, run: columns, rowStep: 4, columns: rows, columnStep: rowStep }
    : { ...part, run: rows, rowStep, columns, columnStep: 4 };
}

/** The recurrent weights from a gate on, packed. */
export function packGates(
  compute: Compute,
  { units, gates }: Recurrence,
  part: {
    /** Where the weights of all gates lie. */
    readonly address: number;
    readonly first: number;
    readonly count: number;
    readonly transposed?: boolean;
  },
): Scratch {
  return packWeights(
    compute,
    columnsOf(part.address, {
      rows: units,
      rowColumns: gates * units,
      first: part.first * units,
      columns: part.count * units,
      transposed: part.transposed,
    }),
  );
}

/** The rows of a batch as chunks of a job. */
export function extentOf(
  { batch, steps, units, gates }: Recurrence,
): Extent {
  return {
    chunks: Math.ceil(batch / ROWS),
    multiplications: batch * steps * units * units * gates,
  };
}

/** Memory for some rows of each chunk, of whole panels of columns. */
export function chunkScratch(
  compute: Compute,
  recurrence: Recurrence,
  columns: number,
): Scratch {
  const { chunks } = extentOf(recurrence);
  return compute.scratch(4 * chunks * ROWS * toPanels(columns));
}

/** Sequences with the batch first from those with time first, or back. */
export function swapTime(
  compute: Compute,
  recurrence: Recurrence,
  { batchFirst, timeFirst, back = false }: {
    readonly batchFirst: number;
    readonly timeFirst: number;
    readonly back?: boolean;
  },
): void {
  const { batch, steps, inputs, goBackwards } = recurrence;
  const row = 4 * inputs;
  const step = goBackwards ? -row : row;
  const first = batchFirst + (goBackwards ? (steps - 1) * row : 0);
  const [own, other] = [
    { address: first, steps: [step, steps * row, 4] },
    { address: timeFirst, steps: [batch * row, row, 4] },
  ];
  const [from, to] = back ? [other, own] : [own, other];
  moveBlock(compute, {
    from: from.address,
    to: to.address,
    shape: [steps, batch, inputs],
    fromSteps: from.steps,
    toSteps: to.steps,
  });
}

/** Writes z = x · kernel + bias for all time steps at once. */
export function projectInputs(
  compute: Compute,
  recurrence: Recurrence,
  { x, kernel, bias, z }: {
    readonly x: number;
    readonly kernel: number;
    readonly bias: number;
    readonly z: number;
  },
): void {
  const { batch, steps, inputs, units, gates } = recurrence;
  const rows = batch * steps;
  scoped((own) => {
    const timeFirst = own(compute.scratch(4 * rows * inputs));
    swapTime(compute, recurrence, {
      batchFirst: x,
      timeFirst: timeFirst.address,
    });
    const columns = gates * units;
    multiplyMatrix(compute, {
      a: timeFirst.address,
      rows,
      weights: columnsOf(kernel, {
        rows: inputs,
        rowColumns: columns,
        columns,
      }),
      out: z,
      finish: { ...plain, bias },
    });
  });
}

/** Writes the gradients of x, kernel and bias from those of z. */
export function projectGradients(
  compute: Compute,
  recurrence: Recurrence,
  { x, kernel, dz, dx, dkernel, dbias }: {
    readonly x: number;
    readonly kernel: number;
    readonly dz: number;
    readonly dx: number;
    readonly dkernel: number;
    readonly dbias: number;
  },
): void {
  const { batch, steps, inputs, units, gates } = recurrence;
  const rows = batch * steps;
  const columns = gates * units;
  scoped((own) => {
    const timeFirst = own(compute.scratch(4 * rows * inputs));
    swapTime(compute, recurrence, {
      batchFirst: x,
      timeFirst: timeFirst.address,
    });
    multiplyTransposed(compute, {
      a: timeFirst.address,
      rows,
      run: inputs,
      d: dz,
      columns,
      out: dkernel,
    });
    sumColumns(compute, { from: dz, rows, columns, to: dbias });
    multiplyMatrix(compute, {
      a: dz,
      rows,
      weights: columnsOf(kernel, {
        rows: inputs,
        rowColumns: columns,
        columns,
        transposed: true,
      }),
      out: timeFirst.address,
      finish: plain,
    });
    swapTime(compute, recurrence, {
      batchFirst: dx,
      timeFirst: timeFirst.address,
      back: true,
    });
  });
}
