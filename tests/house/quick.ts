/**
 * Runs the tests that are done in half a minute: those of the core, of commands
 * and charts. Left out are those that start programs, browsers, GPUs or Python,
 * and those of kernels and of the export, which their own folders have.
 *
 * ```sh
 * deno task test:quick
 * ```
 *
 * `deno task test` runs all of them.
 */

import { fromFileUrl } from "@std/path";

/** What is left out, folders and files of `tests`. */
export const SLOW: readonly string[] = [
  // They train.
  "bench",
  "finder/circumstances/baseline_test.ts",
  "finder/verdict/dead_units_test.ts",
  "finder/grid_test.ts",
  "finder/verdict/verdicts_test.ts",
  // They start programs.
  "doctor_test.ts",
  "examples",
  "faults",
  "find_lr_test.ts",
  "house/examples_test.ts",
  "init_test.ts",
  "plots/pictures_test.ts",
  "runtime/browser_onnx_test.ts",
  "runtime/browser_test.ts",
  "runtime/npm_test.ts",
  "tfjs/slow_backend_test.ts",
  "training/checkpoints/killed_run_test.ts",
  // They start a browser, or draw pictures pixel by pixel.
  "plots/look/text_width_test.ts",
  "plots/browser_test.ts",
  "plots/to_png_test.ts",
  // It parses all of the code.
  "house/measures_test.ts",
  // They look at millions of iterations, or read what has many thousands.
  "finder/curves/_local_fit_test.ts",
  "plots/long_schedules_test.ts",
  "training/tensorboard_logger_test.ts",
  // They ask PyTorch.
  "schedules/coming_from_pytorch_test.ts",
  "schedules/export_test.ts",
  "schedules/from_pytorch_test.ts",
  "schedules/random_test.ts",
  "training/schedulers/reduce_lr_on_plateau_test.ts",
  "training/optimizers/weight_decay_test.ts",
  // They try every entry point with every kind of value.
  "runtime/odd_numbers_test.ts",
  "runtime/wrong_kinds_test.ts",
  // They try every kernel, layer and backend.
  "backends",
  "finder/trainees/accumulate_test.ts",
  "finder/trainees/bystanders_test.ts",
  "finder/no_trace_test.ts",
  "finder/webgpu_test.ts",
  "onnx",
];

if (import.meta.main) {
  const ignored = SLOW.map((path) => `tests/${path}`).join(",");
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "-A",
      "--no-check",
      "--parallel",
      `--ignore=${ignored}`,
      "tests",
    ],
    cwd: fromFileUrl(new URL("../../", import.meta.url)),
  }).spawn().status;
  Deno.exitCode = code;
}
