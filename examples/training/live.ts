import * as tf from "@tensorflow/tfjs";
import { LivePage, type LivePageOptions, type LiveRun } from "@clr/clr/plots";
import { UsageError } from "../../src/_flags.ts";

/**
 * Opens the page that `--live [PORT]` asks for and says where it is.
 *
 * @returns Nothing when the flag was not given.
 * @throws {UsageError} When the value is no port.
 */
export async function openLivePage(
  flag: string | undefined,
  options: Omit<LivePageOptions, "port">,
): Promise<LivePage | undefined> {
  if (flag === undefined) return undefined;
  const port = Number(flag);
  if (!/^\d*$/.test(flag) || port > 65535) {
    throw new UsageError(
      `Cannot read --live: it must be a port from 0 to 65535, current value is "${flag}"`,
    );
  }
  const live = await LivePage.open({ ...options, port });
  console.log(`${"live".padEnd(14)} ${live.url}\n`);
  return live;
}

/** Shows a run on a live page, batch by batch; goes into `callbacks`. */
export class LiveFollower extends tf.Callback {
  readonly #live: LivePage;
  readonly #run: LiveRun;

  constructor(live: LivePage, run: LiveRun) {
    super();
    this.#live = live;
    this.#run = run;
  }

  override onBatchEnd(): Promise<void> {
    this.#live.follow(this.#run);
    return Promise.resolve();
  }
}
