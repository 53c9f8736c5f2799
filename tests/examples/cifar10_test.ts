import * as tf from "@tensorflow/tfjs";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertStringIncludes,
} from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { CyclicLR, LearningRateRange } from "@clr/clr";
import { createSession } from "@clr/clr/onnx";
import { loadCifar10 } from "../../examples/datasets/cifar10.ts";
import { ImageBatches } from "../../examples/datasets/image_batches.ts";
import { meanImage } from "../../examples/datasets/normalization.ts";
import { loadModel } from "../../examples/training/model_files.ts";
import { runDeno, runProgram } from "../_run.ts";
import { namesIn, withFolder } from "../_folder.ts";
import { pointsOf, readFolder } from "../training/_event_reader.ts";

const run = (...args: string[]) => runProgram("examples/cifar10.ts", ...args);

Deno.test("cifar10.ts trains, reports and writes files that read back", () =>
  withFolder(async (folder) => {
    const out = join(folder, "out");
    const { code, stdout, stderr } = await run(
      ...["--data", "synthetic", "--backend", "wasm", "--threads", "1"],
      ...["--train-images", "200", "--test-images", "100", "--seed", "3"],
      ...["--epochs", "3", "--batch-size", "50", "--onnx", "--out", out],
      ...["--tensorboard", join(folder, "logs")],
    );
    assertEquals(code, 0, stderr);
    for (const line of stdout.split("\n")) assert(line.length <= 80, line);
    assertStringIncludes(stdout, "the same class as tfjs for 100 of 100");
    assertStringIncludes(stdout, "12 iterations");
    assertStringIncludes(stdout, "--epochs 2 or 4 would");
    assertStringIncludes(stdout, "epoch 3/3");
    assertStringIncludes(stdout, "weighted avg");

    const onnx = await Deno.readFile(join(out, "model.onnx"));
    await using session = await createSession(onnx, { threads: 1 });
    assertEquals(JSON.parse(session.metadata.classNames).length, 10);

    const read = (name: string) => Deno.readTextFileSync(join(out, name));
    const plan = JSON.parse(read("plan.json"));
    assertEquals(plan.options.seed, 3);
    assertEquals(plan.backend.backend, "wasm");
    assertEquals(plan.dataset.origin, "synthetic");

    assert(read("learning_rate.svg").startsWith("<svg"));
    assert(read("training.svg").includes("Validation accuracy reaches"));
    assertStringIncludes(read("report.html"), "<h2>Confusion matrix</h2>");

    const clr = CyclicLR.fromJSON(read("history.json"));
    assertEquals(clr.totalIterations, 12);
    assertEquals([clr.history.lr[0], clr.history.lr[4]], [0.001, 0.006]);
    assertEquals(clr.epochHistory.val_acc.length, 3);
    assertEquals(read("history.csv").trim().split("\r\n").length, 13);

    const events = await readFolder(join(folder, "logs"));
    const [{ texts: { plan: table } }] = events.filter(({ texts }) =>
      "plan" in texts
    );
    assertStringIncludes(table, "| cycles | 1.5; training ends 4 iterations");
    assertEquals(pointsOf(events, "batch/lr"), {
      steps: clr.history.iterations,
      values: Array.from(clr.history.lr, Math.fround),
    });
    assertEquals(pointsOf(events, "epoch/val_acc"), {
      steps: clr.epochHistory.iterations,
      values: Array.from(clr.epochHistory.val_acc, Math.fround),
    });

    await tf.setBackend("cpu");
    const { train, test, ...rest } = await loadCifar10({
      source: "synthetic",
      trainImages: 200,
      testImages: 100,
      seed: 3,
    });
    const dataset = { ...rest, train, test: { ...test, count: 4 } };
    const batches = new ImageBatches(dataset, "test", {
      normalization: meanImage(train, dataset.shape),
      shuffle: false,
    });
    const model = await loadModel(join(out, "model"));
    const { xs, ys } = batches.tensorsAt(0);
    const probabilities = model.predict(xs) as tf.Tensor;
    assertEquals(probabilities.shape, [4, 10]);
    const [total] = probabilities.sum().dataSync();
    assertAlmostEquals(total, 4, 1e-4);
    model.dispose();
    tf.dispose([xs, ys, probabilities]);

    const report = JSON.parse(read("report.json"));
    assertAlmostEquals(report.accuracy, clr.epochHistory.val_acc[2], 1e-6);
  }));

Deno.test("cifar10.ts refuses flags by name and shows the ones there are", async () => {
  const cases: [string[], string][] = [
    [["--epoch", "3"], '"--epoch"'],
    [["--epochs", "three"], "--epochs: it must be a whole number >= 1"],
    [["--max-lr", "-1"], "--max-lr"],
    [["--mode", "square"], "exp_range, onecycle, restarts, plateau"],
    [
      ["--mode", "onecycle", "--step-size", "9"],
      "--step-size: --mode onecycle has none",
    ],
    [
      ["--mode", "plateau", "--base-lr", "0.1"],
      "--base-lr: --mode plateau has none",
    ],
    [["--out"], "--out: it needs a value"],
    [["images"], '"images"'],
  ];
  await Promise.all(cases.map(async ([args, expected]) => {
    const { code, stderr } = await run(...args);
    assertEquals(code, 2, stderr);
    assertStringIncludes(stderr, expected);
  }));
  const { code, stdout } = await run("--help");
  assertEquals(code, 0);
  for (const line of stdout.split("\n")) assert(line.length <= 80, line);
  assertStringIncludes(stdout, "--step-size");
});

Deno.test("cifar10.ts says what is wrong with data, bounds and out folders", () =>
  withFolder(async (folder) => {
    const tiny = ["--backend", "wasm", "--train-images", "10"];
    const missing = await run(...tiny, "--data", join(folder, "none"));
    assertEquals(missing.code, 1);
    assertStringIncludes(missing.stderr, "none");

    const synthetic = [...tiny, "--test-images", "10", "--data", "synthetic"];
    const bounds = await run(...synthetic, "--base-lr", "1");
    assertEquals(bounds.code, 1);
    assertStringIncludes(bounds.stderr, "maxLr must be >= baseLr");

    const file = join(folder, "file");
    await Deno.writeTextFile(file, "mine");
    const taken = await run(...synthetic, "--find-lr", "--out", file);
    assertEquals([taken.code, taken.stdout], [1, ""]);
    assertStringIncludes(taken.stderr, file);
    assertEquals(await Deno.readTextFile(file), "mine");

    const archive = await run(...tiny, "--data", file);
    assertEquals(archive.code, 1);
    assertStringIncludes(archive.stderr, "current value is a file");

    const port = await run(...synthetic, "--live", "99999");
    assertEquals([port.code, port.stdout], [2, ""]);
    assertStringIncludes(port.stderr, "--live: it must be a port from 0 to");
  }));

const SMALL = [
  ...["--data", "synthetic", "--backend", "wasm", "--threads", "1"],
  ...["--test-images", "10", "--epochs", "1"],
];

/** Trains four batches an epoch, and saves at the end of each. */
function trainMode(mode: string, epochs: number, ...args: string[]) {
  return run(
    ...["--data", "synthetic", "--backend", "wasm", "--threads", "1"],
    ...["--train-images", "80", "--test-images", "20", "--batch-size", "20"],
    ...["--checkpoint-every", "4", "--mode", mode, "--epochs", `${epochs}`],
    "--no-plots",
    ...args,
  );
}

for (
  const [mode, description] of [
    ["restarts", "cosine from 0.006 to 0.001, restarted every 8 iterations"],
    ["plateau", "0.006, a tenth of it after more than 1 epochs in which"],
  ] as const
) {
  Deno.test(`cifar10.ts --mode ${mode} says what it does, and goes on to the same history`, () =>
    withFolder(async (folder) => {
      const [whole, parts] = ["whole", "parts"].map((name) =>
        join(folder, name)
      );
      const { code, stdout, stderr } = await trainMode(
        ...[mode, 3, "--out", whole] as const,
      );
      assertEquals(code, 0, stderr);
      const plain = stdout.replaceAll(/\s+/g, " ");
      assertStringIncludes(plain, description);
      assertEquals(plain.includes("cycles 1.5;"), mode === "restarts");

      const first = await trainMode(mode, 2, "--out", parts);
      assertEquals(first.code, 0, first.stderr);
      const rest = await trainMode(mode, 3, "--resume", "--out", parts);
      assertEquals(rest.code, 0, rest.stderr);
      assertStringIncludes(rest.stdout, "Resuming after 8 iterations");
      const historyOf = (out: string) =>
        Deno.readTextFileSync(join(out, "history.csv"));
      assertEquals(historyOf(parts), historyOf(whole));
    }));
}

Deno.test("cifar10.ts --mode onecycle cycles the momentum the other way", () =>
  withFolder(async (folder) => {
    const { code, stdout, stderr } = await trainMode(
      ...["onecycle", 5, "--out", folder] as const,
    );
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "1; training ends at the end of a cycle");
    const { history } = JSON.parse(
      await Deno.readTextFile(join(folder, "history.json")),
    );
    // Twenty iterations, the peak in the sixth.
    assertEquals(history.lr.indexOf(Math.max(...history.lr)), 5);
    assertEquals([history.lr[5], history.momentum[5]], [0.006, 0.85]);
    assertEquals([history.momentum[0], history.momentum[19]], [0.95, 0.95]);
    assert(history.lr[19] < 1e-7);
  }));

Deno.test("cifar10.ts ends a training whose loss is no number with its history alone", () =>
  withFolder(async (folder) => {
    const earlier = [
      ...["report.json", "report.html", "training.svg", "learning_rate.svg"],
      ...["model.onnx", "history.csv", "history.json", "plan.json"],
      "model/model.json",
    ];
    const diverge = (out: string) =>
      run(
        ...SMALL,
        ...["--train-images", "60", "--batch-size", "10", "--out", out],
        ...["--base-lr", "1e20", "--max-lr", "1e30", "--onnx"],
      );
    const alone = await diverge(join(folder, "alone"));
    assertEquals(alone.code, 1, alone.stderr);
    assertEquals(namesIn(join(folder, "alone")), [
      ...["history.csv", "history.json", "plan.json"],
    ]);

    const out = join(folder, "out");
    for (const name of [...earlier, "stopped/model/model.json"]) {
      await Deno.mkdir(dirname(join(out, name)), { recursive: true });
      await Deno.writeTextFile(join(out, name), "of an earlier run");
    }
    const { code, stdout, stderr } = await diverge(out);
    assertEquals(code, 1, stderr);
    assertStringIncludes(stderr, "not a number any more at iteration 2, ");
    assertStringIncludes(
      stderr.replaceAll(/\s+/g, " "),
      `The history is in ${out}/stopped. The results in ${out} are those of before.`,
    );
    assert(!stdout.includes("Test accuracy"));
    for (const name of earlier) {
      assertEquals(
        await Deno.readTextFile(join(out, name)),
        "of an earlier run",
      );
    }
    assertEquals(namesIn(join(out, "stopped")), [
      ...["history.csv", "history.json", "plan.json"],
    ]);
  }));

Deno.test({
  name: "cifar10.ts writes nothing of a range test that Ctrl-C stopped",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (folder) => {
      const path = join(folder, "lr_range.json");
      await Deno.writeTextFile(path, "of an earlier run");
      const program = new URL("../../examples/cifar10.ts", import.meta.url);
      const child = new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "-A", program.href, ...SMALL],
          ...["--train-images", "600", "--find-lr", "--out", folder],
        ],
        stdout: "piped",
        stderr: "null",
      }).spawn();
      let stdout = "";
      for await (
        const text of child.stdout.pipeThrough(new TextDecoderStream())
      ) {
        const started = stdout.includes("range test");
        stdout += text;
        if (!started && stdout.includes("range test")) child.kill("SIGINT");
      }
      assertEquals((await child.status).code, 130);
      assertStringIncludes(stdout, "The range test was stopped");
      assertEquals(await Deno.readTextFile(path), "of an earlier run");
    }),
});

Deno.test("cifar10.ts --find-lr --resume keeps the bounds that the run began with", () =>
  withFolder(async (folder) => {
    const lrs = Array.from({ length: 60 }, (_, i) => 1e-5 * 1e5 ** (i / 59));
    const range = LearningRateRange.fromCurve(
      lrs,
      lrs.map((lr) => 2.3 - 1.5 / (1 + 1e-3 / lr) + (lr / 0.1) ** 3),
    );
    assertEquals(range.verdict, "good");
    await Deno.writeTextFile(
      join(folder, "lr_range.json"),
      JSON.stringify(range),
    );
    const { code, stdout, stderr } = await run(
      ...SMALL,
      ...["--train-images", "20", "--batch-size", "10", "--out", folder],
      ...["--find-lr", "--resume", "--no-plots"],
    );
    assertEquals(code, 0, stderr);
    assert(!stdout.includes("range test, "));
    const plan = JSON.parse(
      await Deno.readTextFile(join(folder, "plan.json")),
    );
    assertEquals(
      [plan.schedule.baseLr, plan.schedule.maxLr],
      [range.baseLr, range.maxLr],
    );
  }));

Deno.test("cifar10.ts and find-lr say that the port of --live is taken before they do anything", () =>
  withFolder(async (folder) => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const live = ["--live", String(taken.addr.port), "--out", folder];
    for (
      const ended of [
        await run(...SMALL, "--find-lr", ...live),
        await runProgram("src/find_lr.ts", "examples/cifar10.ts", ...live),
      ]
    ) {
      assertEquals([ended.code, ended.stdout], [1, ""]);
      assertStringIncludes(
        ended.stderr,
        `Cannot open the live page as it must listen on 127.0.0.1:${taken.addr.port}: `,
      );
      assertEquals(Array.from(Deno.readDirSync(folder)), []);
    }
  }));

Deno.test("cifar10.ts says in a line that it knows no folder for downloads", async () => {
  const home = Deno.env.get("HOME");
  const { code, stderr } = await runDeno(
    [
      "run",
      "-A",
      fromFileUrl(new URL("../../examples/cifar10.ts", import.meta.url)),
    ],
    {
      env: {
        DENO_DIR: Deno.env.get("DENO_DIR") ?? `${home}/.cache/deno`,
        HOME: "",
        XDG_CACHE_HOME: "",
      },
    },
  );
  assertEquals(code, 1);
  assertEquals(
    // What a GPU's driver says of the same comes before it.
    stderr.trim().split("\n").at(-1),
    "error: Cannot find a cache folder as XDG_CACHE_HOME or HOME must be set: current value is neither",
  );
});
