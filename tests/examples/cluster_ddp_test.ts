/**
 * The recipe of docs/beyond_one_machine.md: bounds found here, trained between in
 * two processes of PyTorch's DistributedDataParallel.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { CyclicLR, LearningRateRange } from "@clr/clr";
import { runProgram } from "../_run.ts";
import { withFolder } from "../_folder.ts";
import { PYTHON } from "../_python.ts";

const CLUSTER = new URL("../../examples/cluster/", import.meta.url);
const EPOCHS = 5;
const STEPS = EPOCHS * 8;

/** A module for the range test, of the network that train_ddp.py has. */
const MODULE = `
import * as tf from "@tensorflow/tfjs";
const { xs, ys } = JSON.parse(Deno.readTextFileSync(new URL("data.json", import.meta.url)));
export function createModel() {
  const { dense } = tf.layers;
  const model = tf.sequential({
    layers: [
      dense({ units: 16, activation: "relu", inputShape: [4] }),
      dense({ units: 1 }),
    ],
  });
  model.compile({ optimizer: tf.train.momentum(0.1, 0.9), loss: "meanSquaredError" });
  return model;
}
export const createData = () => ({ xs: tf.tensor2d(xs), ys: tf.tensor2d(ys) });
`;

/** Points in [-1, 1]⁴ and a curved function of them, without chance. */
function points() {
  const xs = Array.from(
    { length: 256 },
    (_, i) => [2, 3, 5, 7].map((prime) => 2 * ((i * Math.sqrt(prime)) % 1) - 1),
  );
  return { xs, ys: xs.map(([a, b, c, d]) => [a + b * c + d * d]) };
}

interface DdpResult {
  readonly processes: number;
  readonly step: number;
  readonly loss: number;
  readonly rates: readonly number[];
  readonly "same weights": boolean;
  readonly weights: readonly number[];
}

/** A port that is free. */
function freePort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}

/**
 * Trains in two processes up to `steps`, on from what lies in `folder`. They are
 * started as torchrun starts them, which PyTorch 1.13 cannot on Python 3.11.
 */
async function train(folder: string, steps: number): Promise<DdpResult> {
  const port = String(freePort());
  await Promise.all(["0", "1"].map(async (rank) => {
    const { success, stderr } = await new Deno.Command(PYTHON!, {
      args: [
        fromFileUrl(new URL("train_ddp.py", CLUSTER)),
        ...["--steps", String(steps), "--data", "../data.json"],
      ],
      cwd: folder,
      env: {
        ...{ RANK: rank, LOCAL_RANK: rank, WORLD_SIZE: "2" },
        ...{ MASTER_ADDR: "127.0.0.1", MASTER_PORT: port },
        OMP_NUM_THREADS: "1",
        // PyTorch 2 asks for libuv, which Debian builds it without.
        USE_LIBUV: "0",
        // Where schedule.py lies.
        PYTHONPATH: join(folder, ".."),
      },
    }).output();
    assert(success, new TextDecoder().decode(stderr));
  }));
  return JSON.parse(await Deno.readTextFile(join(folder, "result.json")));
}

Deno.test({
  name:
    "train_ddp.py follows the schedule that was found here, step by step, also where it goes on",
  ignore: PYTHON === undefined,
  fn: () =>
    withFolder(async (folder) => {
      await Deno.writeTextFile(
        join(folder, "data.json"),
        JSON.stringify(points()),
      );
      await Deno.writeTextFile(join(folder, "train.ts"), MODULE);
      // Two processes of 16 examples each.
      const found = await runProgram(
        "src/find_lr.ts",
        ...[join(folder, "train.ts"), "--batch-size", "32"],
        ...["--backend", "cpu", "--no-plots", "--out", folder],
      );
      assertEquals(found.code, 0, found.stdout + found.stderr);
      const json = join(folder, "lr_range.json");
      const exported = await runProgram(
        "examples/cluster/export_schedule.ts",
        ...[json, String(EPOCHS), join(folder, "schedule.py")],
      );
      assertEquals(exported.code, 0, exported.stderr);

      const range = LearningRateRange.fromJSON(await Deno.readTextFile(json));
      const clr = CyclicLR.fromRange(range, {
        epochs: EPOCHS,
        mode: "triangular2",
      });
      assertStringIncludes(exported.stdout, `${clr}`);
      const expected = Array.from({ length: STEPS }, (_, t) => clr.at(t));

      const [whole, parts] = ["whole", "parts"].map((name) =>
        join(folder, name)
      );
      for (const name of [whole, parts]) await Deno.mkdir(name);
      const all = await train(whole, STEPS);
      assertEquals(all.processes, 2);
      assertEquals(all["same weights"], true);
      assertEquals(all.rates, expected);
      // The targets have a variance of 0.5.
      assert(all.loss < 0.25, `the loss is ${all.loss}`);

      // Stopped in the middle of an epoch, and started again.
      const stopped = 21;
      assertEquals(
        (await train(parts, stopped)).rates,
        expected.slice(0, stopped),
      );
      const resumed = await train(parts, STEPS);
      assertEquals(resumed.rates, expected.slice(stopped));
      assertEquals(resumed.weights, all.weights);
    }),
});
