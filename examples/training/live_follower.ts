import * as tf from "@tensorflow/tfjs";
import type { LivePage, LiveRun } from "@clr/clr/plots";

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
