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
import {
  OWN_VERSION,
  runCommand,
  UsageError,
  writeFile,
} from "@clr/clr/command";
import { toPyTorch } from "@clr/clr/schedules";

async function exportSchedule(args: readonly string[]): Promise<number> {
  const [from, epochs, to] = args;
  if (args.length !== 3) {
    throw new UsageError(
      `Name a range, epochs and a file: current value is "${args.join(" ")}"`,
    );
  }
  if (!(Number(epochs) > 0)) {
    throw new UsageError(
      `Cannot read EPOCHS: it must be a number > 0, current value is "${epochs}"`,
    );
  }
  const range = LearningRateRange.fromJSON(await Deno.readTextFile(from));
  const clr = CyclicLR.fromRange(range, {
    epochs: Number(epochs),
    mode: "triangular2",
  });
  await writeFile(to, toPyTorch(clr));
  console.log(`${to}: ${clr}`);
  return 0;
}

await runCommand({
  summary: "Writes the schedule between a range's bounds for PyTorch.",
  usage: "deno run -A export_schedule.ts RANGE.json EPOCHS SCHEDULE.py",
  version: OWN_VERSION,
  flags: {},
  positional: true,
  main: ({ _ }) => exportSchedule(_),
  // A file that holds no range.
  expected: [TypeError],
});
