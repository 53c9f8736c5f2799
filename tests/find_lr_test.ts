import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { CyclicLR } from "../src/training/schedulers/cyclic_lr.ts";
import { LearningRateRange } from "../src/finder/range.ts";
import { withFolder } from "./_folder.ts";
import { type ProgramResult, runDeno } from "./_run.ts";
import { pointsOf, readFolder } from "./training/_event_reader.ts";

const COMMAND = fromFileUrl(new URL("../src/find_lr.ts", import.meta.url));

/** A module as a person would write it: a linear regression. */
const MODULE = `
import * as tf from "@tensorflow/tfjs";

export const findLrFlags = {
  factor: { kind: "number", default: 1, help: "of the targets" },
};

export function createModel() {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 1, inputShape: [4], kernelInitializer: "zeros" }),
    ],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError", metrics: ["mae"] });
  return model;
}

export function createData({ factor, seed }) {
  const xs = tf.randomNormal([256, 4], 0, 1, "float32", seed);
  const ys = xs.sum(1, true).mul(factor);
  return Promise.resolve({ xs, ys });
}
`;

function findLr(
  args: string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<ProgramResult> {
  const config = fromFileUrl(new URL("../deno.json", import.meta.url));
  return runDeno([
    ...["run", "--allow-all", "--no-check", "--config", config],
    ...[COMMAND, ...args],
  ], { cwd, env });
}

/** Runs `body` in a folder of its own that holds the module as train.ts. */
function inFolder(body: (folder: string) => Promise<void>) {
  return withFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "train.ts"), MODULE);
    await body(folder);
  });
}

const TEST = ["--backend", "cpu", "--batch-size", "32", "--no-plots"];

Deno.test("find-lr prints chart and schedule, and writes both files", () =>
  inFolder(async (folder) => {
    const { code, stdout, stderr } = await findLr(
      [
        "./train.ts",
        ...TEST,
        "--end-lr",
        "10",
        "--repeats",
        "2",
        "--out",
        "found",
        "--tensorboard",
        "logs",
      ],
      folder,
    );
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "./train.ts on cpu");
    assertStringIncludes(stdout, "Train between");
    for (const line of stdout.split("\n")) assert(line.length <= 80, line);
    const [, pasted] = stdout.match(/new CyclicLR\((.*)\)/)!;
    const json = await Deno.readTextFile(join(folder, "found/lr_range.json"));
    const range = LearningRateRange.fromJSON(json);
    const options = new Function(`return ${pasted}`)();
    const clr = new CyclicLR({ ...options, batchesPerEpoch: 10 });
    assert(Math.abs(clr.at(0) / range.baseLr! - 1) < 0.01);
    assert(Math.abs(clr.at(40) / range.maxLr! - 1) < 0.01);
    const { origin } = JSON.parse(json);
    assertEquals(origin.backend.backend, "cpu");
    const csv = await Deno.readTextFile(join(folder, "found/lr_range.csv"));
    assertEquals(csv, range.toCSV());
    assertMatch(csv, /^lr,loss,smoothed_loss,mae\r\n/);
    const events = await readFolder(join(folder, "logs"));
    const columns = [
      ["range/learning_rate", range.learningRates],
      ["range/loss", range.losses],
      ["range/mae", range.metrics.mae],
    ] as const;
    for (const [tag, values] of columns) {
      assertEquals(pointsOf(events, tag), {
        steps: Array.from(values, (_, i) => i),
        values: Array.from(values, Math.fround),
      });
    }
    const result = events.flatMap(({ texts }) => texts.result ?? []).join();
    assertStringIncludes(result, range.headline);
  }));

Deno.test("find-lr exits with 3 where there is no usable range, and gives JSON alone with --json", () =>
  inFolder(async (folder) => {
    // What a module says itself is none of it.
    await Deno.writeTextFile(
      join(folder, "talks.ts"),
      `console.log("noise"); console.info("too"); export * from "./train.ts";`,
    );
    const { code, stdout, stderr } = await findLr(
      ["talks.ts", ...TEST, "--iterations", "4", "--json", "--factor", "2"],
      folder,
    );
    assertEquals(code, 3);
    assertMatch(stderr, /^noise\ntoo$/m);
    const range = LearningRateRange.fromJSON(stdout);
    assertEquals(range.verdict, "too-short");
    assertEquals(JSON.parse(stdout).origin.flags.factor, 2);
  }));

Deno.test("find-lr gives advice that its flags can follow", () =>
  inFolder(async (folder) => {
    const short = ["train.ts", ...TEST, "--repeats", "1"];
    const { code, stdout } = await findLr(
      [...short, "--end-lr", "0.03"],
      folder,
    );
    assertEquals(code, 3);
    assertMatch(stdout, /raise\s--end-lr,\sto\s3\ssay/);
    assert(!/endLr/.test(stdout), stdout);
    for (const line of stdout.split("\n")) assert(line.length <= 80, line);

    const averaged = await findLr(
      [
        ...short,
        "--batches-per-rate",
        "4",
        "--beta",
        "0.5",
        "--metric",
        "mae",
        "--json",
      ],
      folder,
    );
    const { settings } = LearningRateRange.fromJSON(averaged.stdout);
    assertEquals(settings.batchesPerRate, 4);
    assertEquals(settings.beta, 0.5);
    assertEquals(settings.metric, { name: "mae", better: "lower" });

    const said = await findLr(
      [...short, "--metric", "skill", "--better", "higher"],
      folder,
    );
    // The direction is known now; there is no such metric.
    assertStringIncludes(said.stderr, "metric must be one of loss, mae");
  }));

Deno.test("find-lr refuses bad usage with 2, by name", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "empty.ts"), "export {};");
    for (
      const [args, message] of [
        [[""], "Name a module that exports"],
        [["train.ts", "--bogus"], `Unknown flag "--bogus"`],
        [["train.ts", "--iterations", "many"], "--iterations"],
        [["train.ts", "--end-lr", "1e-9"], "--end-lr"],
        [["train.ts", "--metric", "skill"], "add --better higher"],
        [["train.ts", "--better", "lower"], "--metric"],
        [["missing.ts"], "There is no module missing.ts"],
        [["."], ". is a folder: name a module in it"],
        [
          ["./trian.ts"],
          "There is no module ./trian.ts; did you mean train.ts?",
        ],
        [["train.ts", "--max-batch", "9"], "; did you mean --max-batches?"],
        [["--json", "train.ts"], "Name the module before the flags"],
        [["empty.ts"], "empty.ts must export a function createModel()"],
      ] as const
    ) {
      const { code, stdout, stderr } = await findLr([...args], folder);
      assertEquals(code, 2, stderr);
      assertStringIncludes(stderr, message);
      assertEquals(stdout, "");
    }
  }));

Deno.test("find-lr shows the module's flags in --help", () =>
  inFolder(async (folder) => {
    const { code, stdout } = await findLr(["train.ts", "--help"], folder);
    assertEquals(code, 0);
    assertStringIncludes(stdout, "--factor N");
    assertStringIncludes(stdout, "--start-lr N");
    for (const line of stdout.split("\n")) assert(line.length <= 80, line);
  }));

Deno.test({
  name: "find-lr ends on Ctrl-C while it waits for a batch that never comes",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      const start = MODULE.indexOf("export function createData");
      await Deno.writeTextFile(
        join(folder, "train.ts"),
        `${MODULE.slice(0, start)}
export function createData() {
  return async function* () {
    for (let i = 0; i < 12; i++) {
      yield { xs: tf.ones([8, 4]), ys: tf.randomNormal([8, 1]) };
    }
    setTimeout(() => Deno.kill(Deno.pid, "SIGINT"));
    // As a connection that stays open would, it keeps the process alive as well.
    await new Promise((resolve) => setInterval(resolve, 2 ** 30));
  };
}
`,
      );
      const { code, stdout } = await findLr(
        ["train.ts", "--backend", "cpu", "--out", ".", "--start-lr", "1e-9"],
        folder,
      );
      assertEquals(code, 130);
      assertStringIncludes(stdout, "Stopped. In .: lr_range_stopped.json, ");
    }),
});

Deno.test({
  name:
    "find-lr shows what Ctrl-C left of a test, and keeps the earlier result",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      // The module presses Ctrl-C itself, after a dozen batches.
      const start = MODULE.indexOf("export function createData");
      await Deno.writeTextFile(
        join(folder, "train.ts"),
        `${MODULE.slice(0, start)}
export function createData() {
  return async function* () {
    for (let i = 0;; i++) {
      if (i === 12) Deno.kill(Deno.pid, "SIGINT");
      // Lets the signal arrive, which the loop of a test so small never does.
      if (i >= 12) await new Promise((resolve) => setTimeout(resolve, 20));
      yield { xs: tf.ones([8, 4]), ys: tf.randomNormal([8, 1]) };
    }
  };
}
`,
      );
      await Deno.writeTextFile(join(folder, "lr_range.json"), "earlier");
      const { code, stdout } = await findLr(
        ["train.ts", "--backend", "cpu", "--out", ".", "--start-lr", "1e-9"],
        folder,
      );
      assertEquals(code, 130);
      assertStringIncludes(stdout, "Verdict: too-short. The test was stopped");
      assertStringIncludes(stdout, "Stopped. In .: lr_range_stopped.json, ");
      const stopped = LearningRateRange.fromJSON(
        await Deno.readTextFile(join(folder, "lr_range_stopped.json")),
      );
      assertEquals(stopped.stopReason, "aborted");
      assertEquals(
        await Deno.readTextFile(join(folder, "lr_range.json")),
        "earlier",
      );
    }),
});

Deno.test("find-lr says in a line what is wrong with a module, and where", () =>
  inFolder(async (folder) => {
    const head = 'import * as tf from "@tensorflow/tfjs";\n';
    const model = MODULE.slice(
      MODULE.indexOf("export function createModel"),
      MODULE.indexOf("export function createData"),
    );
    const data =
      "export const createData = () => [tf.ones([8, 4]), tf.ones([8, 1])];\n";
    const modules: [name: string, text: string, said: string][] = [
      ["syntax", "export const createModel = ;", "Expression expected"],
      ["missing", 'import "./nope.ts";', 'Module not found "file:'],
      ["bare", 'import "lodash";', 'Import "lodash" not a dependency'],
      ["array", head + model + data, "write { xs, ys } for [xs, ys]"],
      [
        "uncompiled",
        head + model.replace(/model.compile.*/, "") +
        data.replace("[tf.ones([8, 4]), tf.ones([8, 1])]", "({})"),
        "the model must be compiled",
      ],
      [
        "swapped",
        head + model.replace("createModel", "createData") +
        data.replace("createData", "createModel"),
        "createModel() returns data and createData() a model: swap their names",
      ],
      [
        "defaults",
        `${head}${model.replace("export ", "")}export default { createModel };`,
        "not as a part of its default export",
      ],
      [
        "spelling",
        `${head}${model.replace("createModel", "createmodel")}`,
        "did you mean its createmodel?",
      ],
      [
        "constant",
        "export const createModel = 1;",
        "something else of that name",
      ],
      [
        "top",
        'throw new Error("at load");',
        "top.ts: Error: at load\n    at file:",
      ],
      [
        "throws",
        `${head}${model}export const createData = () => { throw new Error("no data.csv"); };`,
        "throws.ts: createData() failed: Error: no data.csv\n    at ",
      ],
      [
        "class",
        `${head}export class createModel {}\n${data}`,
        "createModel() failed: TypeError: Class constructor",
      ],
      [
        "nothing",
        `${head}${model}export function createData() {}`,
        "data must be { xs, ys }",
      ],
      [
        "shape",
        head + model +
        data.replace(
          "[tf.ones([8, 4]), tf.ones([8, 1])]",
          "({ xs: tf.ones([8, 5]), ys: tf.ones([8, 1]) })",
        ),
        "xs must have the model's shape [examples, 4]: current value is a float32 tensor of shape [8,5]",
      ],
    ];
    for (const [name, text, said] of modules) {
      const path = `${name}.ts`;
      await Deno.writeTextFile(join(folder, path), text);
      const { code, stderr } = await findLr([path, "--backend", "cpu"], folder);
      assertEquals(code, 2, stderr);
      assertStringIncludes(stderr, said);
      assertStringIncludes(stderr, path);
      assert(!stderr.includes("find_lr.ts:"), stderr);
      // What is wrong is no flag, and the package is mapped nowhere.
      assert(!/--help|maps it/.test(stderr), stderr);
    }
    const { code, stderr } = await findLr(["none.ts"], folder);
    assertEquals(code, 2);
    assertStringIncludes(stderr, "There is no module none.ts");
    const json = await findLr(["data.json"], folder);
    assertEquals(json.code, 2);
    assertStringIncludes(json.stderr, "a module is TypeScript or JavaScript");
  }));

Deno.test("find-lr says how to run it where a project maps a package for itself", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "sub"));
    await Deno.writeTextFile(
      join(folder, "deno.json"),
      `{ "imports": { "lodash": "npm:lodash@^4" } }`,
    );
    const path = join(folder, "sub/train.ts");
    await Deno.writeTextFile(path, 'import "lodash";');
    // As where it was installed for all projects, its own map is another.
    const { code, stderr } = await findLr([path], folder);
    assertEquals(code, 2);
    assertStringIncludes(stderr, "deno.json maps it");
    assertStringIncludes(stderr, "deno run -A jsr:@clr/clr/find-lr");
  }));

Deno.test("find-lr takes a module from the folder that a task was called in, and its validation data", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(
      join(folder, "train.ts"),
      MODULE.replace(
        "return Promise.resolve({ xs, ys })",
        "return Promise.resolve({ xs, ys, validationData: { xs, ys } })",
      ),
    );
    const elsewhere = join(folder, "elsewhere");
    await Deno.mkdir(elsewhere);
    const args = ["train.ts", ...TEST, "--iterations", "20", "--json"];
    const { stdout, stderr } = await findLr(args, elsewhere, {
      INIT_CWD: folder,
    });
    assertEquals(JSON.parse(stdout || stderr).settings.validated, true);
  }));

Deno.test("find-lr tests weight decays and momenta, and says which is best", () =>
  inFolder(async (folder) => {
    const module = MODULE.replace(
      'optimizer: "sgd"',
      "optimizer: tf.train.momentum(0.1, 0.9)",
    );
    await Deno.writeTextFile(join(folder, "momentum.ts"), module);
    const grid = ["--momentum", "0.5,0.9"];
    const { stdout, stderr } = await findLr(
      ["momentum.ts", ...TEST, ...grid],
      folder,
    );
    assertMatch(
      stdout.replace(/\s+/g, " "),
      /Momentum 0\.\d is best: /,
      stderr,
    );
    assertMatch(stdout, /with momentum 0\.\d: new CyclicLR\(/);
    const range = LearningRateRange.fromJSON(
      await Deno.readTextFile(join(folder, "output/find_lr/lr_range.json")),
    );
    assertEquals(range.grid?.points.map(({ momentum }) => momentum), [
      0.5,
      0.9,
    ]);
    const refused = await findLr(
      ["momentum.ts", ...TEST, "--weight-decay", "0,1e-4"],
      folder,
    );
    assertEquals(refused.code, 2);
    assertStringIncludes(
      refused.stderr,
      "the optimizer must have a weightDecay, as AdamW and SGDW",
    );
  }));
