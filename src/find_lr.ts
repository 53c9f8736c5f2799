/**
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
 *   or a promise of some;
 * - `findLrFlags`, if there is one, describes flags of the module's own, which
 *   both functions are given beside those of the command.
 *
 * It prints the curve, both bounds and the schedule to paste, and writes
 * `lr_range.json`, `lr_range.csv` and pictures of the curve. Exit status: 0 for a usable range, 3 for
 * any other verdict, 2 for bad usage, 1 for any other error.
 *
 * @module
 */

import { join, resolve, toFileUrl } from "@std/path";
import { LayersModel } from "@tensorflow/tfjs";
import {
  preflight,
  PreflightError,
  selectBackend,
  type SelectedBackend,
} from "./backends/mod.ts";
import { runCommand } from "./command/run.ts";
import {
  BACKEND_FLAGS,
  describeFlags,
  type Flags,
  type FlagValues,
  parseFlags,
  UsageError,
} from "./command/flags.ts";
import {
  openLivePage,
  PICTURE_FLAGS,
  writeRangePictures,
} from "./command/pictures.ts";
import { writeFile } from "./runtime/write_file.ts";
import { metricDirection } from "./metrics/direction.ts";
import {
  type Better,
  findLearningRate,
  type LearningRateRange,
  type Metric,
  type RangeTestProgress,
  type Trainee,
  type TrainingData,
} from "./finder/mod.ts";

const FLAGS = {
  "start-lr": {
    kind: "number",
    min: 0,
    default: 1e-5,
    help: "the first rate",
  },
  "end-lr": { kind: "number", above: 0, default: 10, help: "the last rate" },
  iterations: {
    kind: "integer",
    min: 1,
    default: 120,
    help: "rates from first to last",
  },
  growth: {
    kind: "choice",
    choices: ["exponential", "linear"],
    default: "exponential",
    help: "how the rate grows",
  },
  "batch-size": {
    kind: "integer",
    min: 1,
    default: 100,
    help: "examples in a batch",
  },
  "batches-per-rate": {
    kind: "integer",
    min: 1,
    default: 1,
    help: "batches trained on, and averaged, at each rate",
  },
  beta: {
    kind: "number",
    min: 0,
    max: 0.999,
    default: 0.9,
    help: "share of the past in the smoothed losses",
  },
  repeats: {
    kind: "integer",
    min: 1,
    default: 3,
    help: "runs of the test; the bounds are their medians",
  },
  metric: {
    kind: "text",
    value: "NAME",
    help: "curve to read the bounds from, such as loss or acc (default: the " +
      "clearer one)",
  },
  better: {
    kind: "choice",
    choices: ["higher", "lower"],
    help: "where the metric is better, if its name is not a usual one",
  },
  seed: {
    kind: "integer",
    min: 0,
    default: 1,
    help: "of the batch order, and of what the module makes random",
  },
  ...BACKEND_FLAGS,
  out: {
    kind: "text",
    value: "DIR",
    default: "output/find_lr",
    help: "folder of lr_range.json, .csv, .svg and .png",
  },
  ...PICTURE_FLAGS,
  json: {
    kind: "switch",
    help: "print the result as JSON in place of the chart",
  },
  help: { kind: "switch", help: "show this" },
} as const satisfies Flags;

type Values = FlagValues<typeof FLAGS>;

/** What the command needs of a module. */
interface TestedModule {
  createModel(flags: Values): Trainee<unknown> | Promise<Trainee<unknown>>;
  createData(
    flags: Values,
  ): TrainingData<unknown> | Promise<TrainingData<unknown>>;
  readonly findLrFlags?: Flags;
}

/** What is tested where no module is named: in the repository, CIFAR-10. */
const DEFAULT_MODULE = "../examples/cifar10.ts";

async function loadModule(path: string | undefined): Promise<TestedModule> {
  const url = path === undefined
    ? new URL(DEFAULT_MODULE, import.meta.url)
    : /^(https?|file|jsr|npm|data):/.test(path)
    ? new URL(path)
    : toFileUrl(resolve(path));
  let module: Partial<TestedModule>;
  try {
    module = await import(url.href);
  } catch (error) {
    const missing = (error as { code?: string }).code ===
      "ERR_MODULE_NOT_FOUND";
    if (!missing || !`${error}`.includes(url.href)) throw error;
    throw new UsageError(
      path === undefined
        ? "Name a module that exports createModel() and createData()"
        : `There is no module ${path}`,
    );
  }
  for (const name of ["createModel", "createData"] as const) {
    if (typeof module[name] !== "function") {
      throw new UsageError(
        `${path ?? url.href} must export a function ${name}()`,
      );
    }
  }
  return module as TestedModule;
}

/** The first argument that is no flag and no value of one. */
function modulePath(args: readonly string[]): string | undefined {
  return args[0]?.startsWith("-") ? undefined : args[0];
}

/** Says how far the test is: on a terminal in one line that changes. */
class ProgressLine {
  readonly #isTerminal = Deno.stderr.isTerminal();
  #shown = 0;

  show(progress: RangeTestProgress): void {
    const { iteration, iterations, repeat, repeats } = progress;
    const text = [
      ...(repeats > 1 ? [`run ${repeat}/${repeats}`] : []),
      `rate ${iteration}/${iterations}`,
      `lr ${progress.learningRate.toExponential(2)}`,
      `loss ${progress.smoothedLoss.toPrecision(4)}`,
    ].join("  ");
    if (this.#isTerminal) {
      const now = performance.now();
      if (now - this.#shown < 100) return;
      this.#shown = now;
      Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
    } else if (iteration % 20 === 0) {
      console.error(text);
    }
  }

  clear(): void {
    if (this.#isTerminal) {
      Deno.stderr.writeSync(new TextEncoder().encode("\r\x1b[K"));
    }
  }
}

/** Ctrl-C as a signal; a second one ends the process. */
function interruptSignal(): { signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const onInterrupt = () => {
    if (controller.signal.aborted) Deno.exit(130);
    controller.abort();
  };
  Deno.addSignalListener("SIGINT", onInterrupt);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => Deno.removeSignalListener("SIGINT", onInterrupt),
  };
}

/** The curve to read, with its direction where that must or may be said. */
function readMetric(
  { metric, better }: Pick<Values, "metric" | "better">,
): Metric | undefined {
  if (metric === undefined) {
    if (better === undefined) return undefined;
    throw new UsageError("Cannot read --better: it needs --metric");
  }
  if (better !== undefined) return { name: metric, better: better as Better };
  if (metricDirection(metric) !== undefined) return metric;
  throw new UsageError(
    `Cannot read --metric: its name does not tell where "${metric}" is better; add --better higher or --better lower`,
  );
}

/** What the result was measured on, for people and files. */
function describeRun(
  module: string,
  backend: SelectedBackend,
  range: LearningRateRange,
): string[] {
  const { startLr, endLr, iterations, growth, repeats, batchesPerRate } =
    range.settings;
  const batches = batchesPerRate > 1 ? `, ${batchesPerRate} batches each` : "";
  return [
    `${module} on ${backend.backend} (${backend.device})`,
    `${repeats} x ${iterations} rates, ${startLr} to ${endLr}, ${growth}${batches}`,
  ];
}

/** The schedule to paste, or nothing where a bound is missing. */
function describeSchedule({ baseLr, maxLr }: LearningRateRange): string {
  if (baseLr === undefined || maxLr === undefined) return "";
  const [base, max] = [baseLr, maxLr].map((lr) => Number(lr.toPrecision(3)));
  return `new CyclicLR({ baseLr: ${base}, maxLr: ${max}, stepSize: 2000 })\n` +
    "A stepSize of 2 to 10 epochs of batches suits most training.";
}

const HELP =
  `Finds the bounds of a cyclical learning rate for the model and data of a module.

deno run -A jsr:@clr/clr/find-lr MODULE [flags]

MODULE exports createModel() and createData(). Exit status: 0 for a usable
range, 3 for another verdict, 2 for bad usage, 130 when Ctrl-C stopped it.
`;

/** Runs the command and returns its exit status. */
async function main(args: readonly string[]): Promise<number> {
  const path = modulePath(args);
  const ownFlags = path === undefined ? args : args.slice(1);
  const isHelp = ownFlags.some((arg) => arg === "--help" || arg === "-h");
  // Help needs no module; where there is one, its flags are shown as well.
  const module = isHelp && path === undefined
    ? await loadModule(path).catch(() => undefined)
    : await loadModule(path);
  const flags = { ...module?.findLrFlags, ...FLAGS };
  const values = parseFlags(flags, ownFlags) as Values;
  if (values.help || module === undefined) {
    console.log(`${HELP}\n${describeFlags(flags)}`);
    return 0;
  }
  if (!(values["end-lr"] > values["start-lr"])) {
    throw new UsageError(
      `Cannot read --end-lr: it must be > --start-lr (${
        values["start-lr"]
      }), current value is "${values["end-lr"]}"`,
    );
  }
  if (values.growth === "exponential" && values["start-lr"] === 0) {
    throw new UsageError(
      `Cannot read --start-lr: it must be > 0 for exponential growth, current value is "0"`,
    );
  }

  const metric = readMetric(values);

  const backend = await selectBackend(values);
  const model = await module.createModel(values);
  if (model instanceof LayersModel) await preflight(model);
  const data = await module.createData(values);
  const progress = new ProgressLine();
  const title = path ?? "examples/cifar10.ts";
  await using live = await openLivePage(values.live, {
    title: `Range test of ${title}`,
    iterations: values.iterations * values.repeats,
    x: "lr",
  });
  live?.tell({ backend: backend.backend, device: backend.device });
  let batches = 0;
  using interrupt = interruptSignal();
  const started = performance.now();
  const range = await findLearningRate(model, data, {
    startLr: values["start-lr"],
    endLr: values["end-lr"],
    iterations: values.iterations,
    growth: values.growth as "exponential" | "linear",
    batchSize: values["batch-size"],
    repeats: values.repeats,
    batchesPerRate: values["batches-per-rate"],
    beta: values.beta,
    metric,
    seed: values.seed,
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
  });
  const seconds = (performance.now() - started) / 1000;
  progress.clear();

  const origin = {
    module: title,
    backend,
    flags: values,
    seconds,
  };
  const json = JSON.stringify({ ...range.toJSON(), origin }, null, 2);
  const stopped = interrupt.signal.aborted;
  const files: string[] = [];
  // What Ctrl-C left is shown, and replaces no result of an earlier test.
  if (!stopped) {
    await writeFile(join(values.out, "lr_range.json"), json);
    await writeFile(join(values.out, "lr_range.csv"), range.toCSV());
    files.push("lr_range.json", "lr_range.csv");
    if (values.plots) {
      const told = describeRun(title, backend, range).join(": ");
      files.push(...await writeRangePictures(values.out, range, told));
    }
  }
  await live?.end(
    `${range.verdict}: base ${range.baseLr ?? "–"}, max ${range.maxLr ?? "–"}`,
  );

  if (values.json) {
    console.log(json);
  } else {
    console.log(describeRun(title, backend, range).join("\n") + "\n");
    console.log(
      range.format({
        color: Deno.stdout.isTerminal() && !Deno.noColor,
        flags: true,
      }),
    );
    const schedule = describeSchedule(range);
    if (schedule) console.log(`\n${schedule}`);
    console.log(
      `\n${seconds.toFixed(1)} s. ${
        stopped
          ? "Stopped: nothing was written."
          : `In ${values.out}: ${files.join(", ")}`
      }`,
    );
  }
  if (stopped) return 130;
  return range.verdict === "good" ? 0 : 3;
}

if (import.meta.main) await runCommand(() => main(Deno.args), [PreflightError]);
