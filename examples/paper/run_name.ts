import { originOf } from "./row_result.ts";
import type { PaperRow } from "./rows.ts";
import type { RunOptions } from "./run_options.ts";

/** A name of its own for each combination of what decides over the result. */
export async function runName(
  row: PaperRow,
  { dataset, scale, seed, model, testEvery, curveImages }: RunOptions,
): Promise<string> {
  // Words about a row decide over nothing.
  const { where: _, published: __, note: ___, control: ____, ...deciding } =
    row;
  const settings = JSON.stringify([
    model ?? row.model,
    dataset.name,
    originOf(dataset),
    dataset.train.count,
    dataset.test.count,
    deciding,
    testEvery,
    curveImages,
  ]);
  const hash = new Uint8Array(
    await crypto.subtle.digest("SHA-256", new TextEncoder().encode(settings)),
  );
  const short = Array.from(
    hash.subarray(0, 4),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
  return `${row.id}_scale-${scale}_seed-${seed}_${short}`;
}
