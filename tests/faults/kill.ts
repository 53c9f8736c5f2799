/**
 * Ends training runs, downloads and writes at seeded moments, by SIGKILL, SIGTERM,
 * SIGHUP and SIGINT: `deno task test:kill --kills 30 --seed 1`.
 */

import { runCommand } from "../../src/command/run.ts";
import { killAndResume } from "../training/checkpoints/_kill_and_resume.ts";
import { killFiles } from "./_kill_files.ts";

const WHATS = ["all", "wasm", "cpu", "writes", "downloads"] as const;

function say(
  what: string,
  seed: number,
  by: { readonly [signal: string]: number },
): string {
  const total = Object.values(by).reduce((a, b) => a + b, 0);
  const each = Object.entries(by).map(([name, times]) => `${name} ${times}`);
  return `${what}, seed ${seed}: ended ${total} times (${each.join(", ")})`;
}

await runCommand({
  summary: "Ends runs, downloads and writes at seeded moments.",
  usage: "deno task test:kill [flags]",
  flags: {
    kills: { kind: "integer", min: 1, default: 30, help: "of each" },
    seed: { kind: "integer", default: 1, help: "of the moments" },
    what: {
      kind: "choice",
      choices: WHATS,
      default: "all",
      help: "training on a backend, writes or downloads alone",
    },
  },
  async main({ kills, seed, what }) {
    const wanted = WHATS.filter((one) =>
      one !== "all" && (what === "all" || what === one)
    );
    for (const one of wanted) {
      if (one === "writes" || one === "downloads") {
        console.log(
          `${
            say(one, seed, await killFiles(one, kills, seed))
          }: no file was half or lost`,
        );
        continue;
      }
      const training = { backend: one, batches: 12 * kills, every: 3 };
      const { whole, killed, by } = await killAndResume(training, kills, {
        seed,
      });
      const same = whole === killed;
      console.log(
        `${say(one, seed, by)} in ${training.batches} batches: ${
          same ? "bit for bit the same" : "DIFFERENT"
        } (${whole}, ${killed})`,
      );
      if (!same) return 1;
    }
    return 0;
  },
});
