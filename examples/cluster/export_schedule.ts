/**
 * Writes the cyclical schedule between the bounds of a range test as a PyTorch
 * scheduler:
 *
 * ```sh
 * deno run -A export_schedule.ts output/find_lr/lr_range.json 8 schedule.py
 * ```
 *
 * The 8 are the epochs of the training, whose end is then that of a cycle.
 *
 * @module
 */

import { CyclicLR, LearningRateRange } from "@clr/clr";
import { toPyTorch } from "@clr/clr/schedules";

const [from, epochs, to] = Deno.args;
const range = LearningRateRange.fromJSON(await Deno.readTextFile(from));
const clr = CyclicLR.fromRange(range, {
  epochs: Number(epochs),
  mode: "triangular2",
});
await Deno.writeTextFile(to, toPyTorch(clr));
console.log(`${to}: ${clr}`);
