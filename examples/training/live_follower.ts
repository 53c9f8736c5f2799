import * as tf from "@tensorflow/tfjs";
import { formatGpuSample, type GpuSampler } from "@clr/clr/devices";
import type { LivePage, LiveRun } from "@clr/clr/plots";

/** Options of {@linkcode LiveFollower}. */
export interface LiveFollowerOptions {
  /** Whose history is shown. */
  readonly run: LiveRun;
  /** Shown under the progress. */
  readonly facts: { readonly [name: string]: string };
  /** Says how busy the GPUs are, where they compute. */
  readonly sampler?: GpuSampler;
}

/** Shows a run on a live page, batch by batch; goes into `callbacks`. */
export class LiveFollower extends tf.Callback {
  readonly #live: LivePage;
  readonly #options: LiveFollowerOptions;
  #shown: GpuSampler["latest"] | undefined;

  constructor(live: LivePage, options: LiveFollowerOptions) {
    super();
    this.#live = live;
    this.#options = options;
    live.tell(options.facts);
  }

  override onBatchEnd(): Promise<void> {
    const { run, facts, sampler } = this.#options;
    this.#live.follow(run);
    if (sampler !== undefined && sampler.latest !== this.#shown) {
      this.#shown = sampler.latest;
      const use = sampler.latest.map(formatGpuSample).join("; ");
      this.#live.tell(use ? { ...facts, use } : facts);
    }
    return Promise.resolve();
  }
}
