/** A row of the paper's Table 1 in full, with checkpoints and a time limit. */

import { loadCifar10 } from "../../examples/datasets/cifar10.ts";
import { selectRows } from "../../examples/paper/rows.ts";
import { runRow } from "../../examples/paper/run_row.ts";
import { unpackJpegArchive } from "./_jpeg_archive.ts";

/** The row: `triangular2` on Caffe's full network, 25,000 iterations. */
const ROW = "table1-triangular2";

/** What became of the row. */
export interface PaperRowResult {
  readonly row: string;
  /** Test accuracy in percent; published are 81.4. */
  readonly accuracy?: number;
  readonly published?: number;
  readonly iterations?: number;
  readonly seconds?: number;
  readonly scale: number;
  readonly data: string;
  /** Why there is no accuracy. */
  readonly problem?: string;
}

/** How to run it. */
export interface PaperRowOptions {
  /** A folder of CIFAR-10's binary layout, or its images as JPEG (.tar.gz). */
  readonly data: string;
  /** Where checkpoints and the row's own result go. */
  readonly out: string;
  readonly scale: number;
  /** Images to train and test on; all by default. */
  readonly images?: { readonly train: number; readonly test: number };
  readonly device: string;
  readonly signal: AbortSignal;
}

/** Runs the row, or goes on with it. */
export async function runPaperRow(
  { data, out, scale, images, device, signal }: PaperRowOptions,
): Promise<PaperRowResult> {
  const isArchive = data.endsWith(".tar.gz");
  const source = isArchive
    ? await unpackJpegArchive(data, `${out}/cifar-10`)
    : data;
  const dataset = await loadCifar10({
    source,
    ...images && { trainImages: images.train, testImages: images.test },
  });
  const [row] = selectRows(ROW);
  const note = isArchive ? "images that passed through JPEG once" : undefined;
  const facts = {
    row: ROW,
    scale,
    data: note ? `CIFAR-10, ${note}` : "CIFAR-10",
  };
  const result = await runRow(row, {
    dataset,
    scale,
    seed: 1,
    ...note && { dataNote: note },
    backend: { backend: "webgpu", device },
    out,
    log: console.log,
    signal,
  });
  if (!result) {
    const problem = "the time was over; the same command goes on with it";
    return { ...facts, problem };
  }
  return {
    ...facts,
    accuracy: result.accuracy,
    ...row.published !== undefined && { published: row.published },
    iterations: result.iterations,
    seconds: result.seconds,
  };
}
