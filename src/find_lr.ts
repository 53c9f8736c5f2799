/**
 * Deno's own: it does not run in Node, Bun or browsers.
 *
 * The learning-rate finder as a command:
 *
 * ```sh
 * deno run -A jsr:@clr/clr/find-lr ./train.ts
 * ```
 *
 * runs the range test on what a module exports:
 *
 * - `createModel(flags)` returns a compiled `tf.LayersModel`, or
 *   `{ optimizer, variables, trainOnBatch }`, or a promise of one;
 * - `createData(flags)` returns data in any form that `findLearningRate` takes,
 *   a generator of batches, or a promise of some; where these have
 *   `validationData` too, each rate is evaluated on those;
 * - `findLrFlags`, if there is one, describes flags of the module's own, which
 *   both functions are given beside those of the command.
 *
 * With `--task-index`, as a task of an array, both functions are given its number
 * as `flags["task-index"]`, and the results go into a folder of that name.
 *
 * It prints the curve, both bounds and the schedule to paste, and writes
 * `lr_range.json`, `lr_range.csv` and pictures of the curve. Exit status: 0 for a usable range, 3 for
 * any other verdict, 2 for bad usage, 1 for any other error.
 *
 * @module
 */

import "./runtime/in_deno.ts";
import { scoped } from "./runtime/scoped.ts";
import { LayersModel } from "@tensorflow/tfjs";
import {
  preflight,
  PreflightError,
  selectBackend,
  type SelectedBackend,
} from "./backends/mod.ts";
import { describeFlags } from "./command/describe_flags.ts";
import { parseFlags } from "./command/parse_flags.ts";
import { UsageError } from "./command/usage_error.ts";
import { Interrupt, stoppedStatus } from "./command/interrupt.ts";
import { lockFolder } from "./command/lock_folder.ts";
import { openLivePage } from "./command/live.ts";
import { writeRangeFiles } from "./command/range_files.ts";
import { RangeProgress } from "./command/range_progress.ts";
import {
  asksForHelp,
  exitWith,
  orShowHelp,
  OWN_VERSION,
} from "./command/run.ts";
import { columnsOf } from "./command/tell.ts";
import { taskIndex } from "./command/task_index.ts";
import { newLogFolder } from "./command/tensorboard.ts";
import {
  checkRates,
  FLAGS,
  GRID_FLAGS,
  readGrid,
  readMetric,
  type Values,
} from "./find_lr/flags.ts";
import {
  callModule,
  checkSwapped,
  loadModule,
  ModuleError,
  repeatable,
  type TestedModule,
} from "./find_lr/module.ts";
import { findLearningRate, type LearningRateRange } from "./finder/mod.ts";
import { makeFolder } from "./runtime/make_folder.ts";
import { shortNumber } from "./runtime/short_number.ts";
import { wrap } from "./runtime/wrap.ts";
import { silenceBanner } from "./tfjs/slow_backend.ts";
import { TensorBoardLogger } from "./training/tensorboard_logger.ts";

/** What the result was measured on, for people and files. */
function describeRun(
  module: string,
  backend: SelectedBackend,
  range: LearningRateRange,
): string[] {
  const { startLr, endLr, iterations, growth, repeats, batchesPerRate } =
    range.settings;
  const each = batchesPerRate > 1 ? `, ${batchesPerRate} batches each` : "";
  const { maxBatches, learningRates } = { ...range.settings, ...range };
  return [
    `${module} on ${backend.backend} (${backend.device})`,
    maxBatches === undefined
      ? `${repeats} x ${iterations} rates, ${startLr} to ${endLr}, ${growth}${each}`
      : `rates of its own choice, ${
        shortNumber(learningRates[0] ?? startLr)
      } to ${
        shortNumber(learningRates.at(-1) ?? endLr)
      }, ${maxBatches} batches at most`,
  ];
}

/** The schedule to paste, and a sentence in lines; nothing without both bounds. */
function describeSchedule(
  { baseLr, maxLr, grid }: LearningRateRange,
  width: number,
): string {
  if (baseLr === undefined || maxLr === undefined) return "";
  const [base, max] = [baseLr, maxLr].map((lr) => Number(lr.toPrecision(3)));
  const { best } = grid ?? {};
  const point = best === undefined ? "" : `with ${grid!.points[best].label}: `;
  const advice = wrap(
    "Steps of 2 to 10 epochs suit most training, which is best ended with a cycle.",
    width,
  );
  return `${point}new CyclicLR({ baseLr: ${base}, maxLr: ${max}, stepSizeEpochs: 4 })\n${
    advice.join("\n")
  }`;
}

const HELP =
  `Finds the bounds of a cyclical learning rate for the model and data of a module.

deno run -A jsr:@clr/clr/find-lr MODULE [flags]

MODULE exports createModel() and createData(). Exit status: 0 for a usable
range, 3 for another verdict, 2 for bad usage, 1 for any other error, 130 when
Ctrl-C stopped it, 143 and 129 for SIGTERM and SIGHUP.
`;

/** Runs the command and returns its exit status. */
async function main(args: readonly string[]): Promise<number> {
  const [first = ""] = args;
  const path = first === "" || first.startsWith("-") ? undefined : first;
  const ownFlags = path === undefined ? args : args.slice(1);
  const isAsked = asksForHelp(ownFlags) || ownFlags.includes("--version");
  if (path === undefined && !isAsked) {
    throw new UsageError(
      first === ""
        ? "Name a module that exports createModel() and createData()"
        : "Name the module before the flags: find-lr MODULE [flags]",
    );
  }
  // The module may make tensors before a backend is selected.
  silenceBanner();
  if (ownFlags.includes("--json")) keepOutputClean();
  // Help and version need no module; where there is one, help has its flags too.
  const module = path === undefined ? undefined : await loadModule(path);
  const flags = { ...GRID_FLAGS, ...module?.findLrFlags, ...FLAGS };
  const showHelp = () => print(`${HELP}\n${describeFlags(flags)}`);
  const values = orShowHelp(() => parseFlags(flags, ownFlags), {
    args: ownFlags,
    showHelp,
  });
  if (values.version && !values.help) {
    print(OWN_VERSION);
    return 0;
  }
  if (values.help || path === undefined || module === undefined) {
    showHelp();
    return 0;
  }
  const index = taskIndex(values["task-index"]);
  if (index === undefined) return await testModule(path, module, values);
  return await testModule(path, module, {
    ...values,
    "task-index": index,
    out: `${values.out}/${index}`,
  });
}

/** Prints on standard output, whatever becomes of the console. */
const print = console.log;

/**
 * Sends what a module says to standard error, as standard output is to be JSON and
 * nothing else.
 */
function keepOutputClean(): void {
  console.log = console.info = console.debug = console.error;
}

/** Says in a line what of a module's exports cannot be tested. */
async function testExports<T>(
  path: string,
  test: () => Promise<T>,
): Promise<T> {
  try {
    return await test();
  } catch (error) {
    const isRefusal = (error instanceof TypeError ||
      error instanceof RangeError) && error.message.startsWith("Cannot ");
    if (!isRefusal) throw error;
    throw new ModuleError(`${path}: ${error.message}`);
  }
}

/** Runs the range test on a module, and says and writes what it found. */
async function testModule(
  path: string,
  module: TestedModule,
  values: Values,
): Promise<number> {
  checkRates(values);
  return await scoped(async (own) => {
    // What is wrong with a folder or a port is said before any time is spent.
    own(await lockFolder(values.out, { by: `find-lr ${path}` }));
    const live = own(
      await openLivePage(values.live, {
        title: `Range test of ${path}`,
        iterations: values.iterations === undefined
          ? values["max-batches"]
          : values.iterations * (values.repeats ?? 1),
        x: "lr",
      }),
    );
    let logs = values.tensorboard;
    if (logs !== undefined) {
      await makeFolder("log to TensorBoard", logs);
      logs = await newLogFolder(logs);
    }
    const metric = readMetric(values);
    const backend = await selectBackend(values);
    const model = await callModule(
      path,
      "createModel",
      () => module.createModel(values),
    );
    if (model instanceof LayersModel) await preflight(model);
    const createData = () => module.createData(values);
    const data = repeatable(
      await callModule(path, "createData", createData),
      createData,
    );
    checkSwapped(path, model, data);
    const progress = new RangeProgress();
    live?.tell({ backend: backend.backend, device: backend.device });
    let batches = 0;
    const interrupt = own(new Interrupt());
    const started = performance.now();
    const range = await testExports(path, () =>
      findLearningRate(model, data, {
        startLr: values["start-lr"],
        endLr: values["end-lr"],
        iterations: values.iterations,
        maxBatches: values["max-batches"],
        growth: values.growth,
        batchSize: values["batch-size"],
        repeats: values.repeats,
        batchesPerRate: values["batches-per-rate"],
        beta: values.beta,
        metric,
        seed: values.seed,
        validationData: data?.validationData,
        grid: readGrid(values),
        signal: interrupt.signal,
        onBatch: (batch) => {
          progress.show(batch);
          const { learningRate, loss, metrics } = batch;
          live?.record({
            iterations: ++batches,
            lr: learningRate,
            loss,
            ...metrics,
          });
        },
      }));
    const seconds = (performance.now() - started) / 1000;
    progress.clear();

    const stopped = interrupt.signal.aborted;
    const details = { module: path, backend, flags: values, seconds };
    const told = describeRun(path, backend, range);
    // What a signal left is kept, and replaces no result of an earlier test.
    const files = await writeRangeFiles(values.out, range, {
      name: stopped ? "lr_range_stopped" : "lr_range",
      origin: told.join(": "),
      plots: values.plots && !stopped,
      details,
    });
    if (logs !== undefined) {
      const logger = new TensorBoardLogger(logs);
      await logger.text("plan", told.join("\n\n"));
      await logger.text("result", `${range.headline}\n\n${range.advice}`);
      await logger.logRange(range);
    }
    await live?.end(
      `${range.verdict}: base ${range.baseLr ?? "–"}, max ${
        range.maxLr ?? "–"
      }`,
    );

    if (values.json) {
      const data = { ...range.toJSON(), origin: details };
      print(JSON.stringify(data, null, 2));
    } else {
      // Wider than 80, lines are no better read.
      const width = Math.min(80, columnsOf(Deno.stdout));
      const lines = told.flatMap((line) => wrap(line, width));
      console.log(lines.join("\n") + "\n");
      console.log(
        range.format({
          width,
          color: Deno.stdout.isTerminal() && !Deno.noColor,
          flags: true,
        }),
      );
      const schedule = describeSchedule(range, width);
      if (schedule) console.log(`\n${schedule}`);
      const written = `${seconds.toFixed(1)} s.${
        stopped ? " Stopped." : ""
      } In ${values.out}: ${files.join(", ")}`;
      console.log(`\n${wrap(written, width).join("\n")}`);
    }
    if (stopped) return stoppedStatus();
    return range.verdict === "good" ? 0 : 3;
  });
}

if (import.meta.main) await exitWith(() => main(Deno.args), [PreflightError]);
