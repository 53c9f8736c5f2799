import * as tf from "@tensorflow/tfjs";
import type { LearningRateScheduler } from "@clr/clr";
import { ProgressBar, systemCode } from "@clr/clr/command";
import { formatGpuSample, type GpuSampler } from "@clr/clr/devices";
import { formatDuration, type Plan } from "./plan.ts";

/** Between two looks at the training, in milliseconds. */
const LOOK_EVERY = 250;

/** Options of {@linkcode Progress}. */
export interface ProgressOptions {
  readonly plan: Plan;
  /** Whose learning rate is shown. */
  readonly scheduler: LearningRateScheduler;
  /** Ends training at the next batch. */
  readonly signal: AbortSignal;
  /** How busy NVIDIA's GPUs are, where their driver tells. */
  readonly sampler?: Pick<GpuSampler, "latest">;
  /** Where a line for each epoch goes. @default {console.log} */
  readonly log?: (line: string) => void;
  /** Whether to draw a bar that moves. @default {whether stderr is a terminal} */
  readonly isTerminal?: boolean;
}

/**
 * Shows how training goes: a bar on a terminal, and one line for each epoch.
 * Four times a second it looks at the loss, lets other work of the process run
 * (Ctrl-C, timers), and stops a training whose loss is no longer a number, at
 * the end of that epoch at the latest.
 */
export class Progress extends tf.Callback {
  readonly #options: ProgressOptions;
  readonly #log: (line: string) => void;
  #bar: ProgressBar | undefined;
  #epoch = 0;
  #epochStart = 0;
  #epochFirst = 0;
  #iterations: number;
  #looked = 0;
  #start = 0;
  /** Iterations before `#start`; more than 0 in a run that was resumed. */
  #first = 0;
  /** Whether a loss was seen that is no finite number. */
  diverged = false;

  constructor(options: ProgressOptions) {
    super();
    this.#options = options;
    this.#log = options.log ?? printLine;
    this.#iterations = options.scheduler.totalIterations;
  }

  override onTrainBegin(): Promise<void> {
    this.#start = this.#looked = performance.now();
    this.#first = this.#iterations;
    if (this.#options.isTerminal ?? Deno.stderr.isTerminal()) this.#startBar();
    return Promise.resolve();
  }

  override onEpochBegin(epoch: number): Promise<void> {
    this.#epoch = epoch + 1;
    this.#epochStart = performance.now();
    this.#epochFirst = this.#iterations;
    return Promise.resolve();
  }

  override async onBatchEnd(_batch: number, logs?: tf.Logs): Promise<void> {
    this.#iterations++;
    if (this.#options.signal.aborted) this.model.stopTraining = true;
    const now = performance.now();
    if (now - this.#looked < LOOK_EVERY) return;
    this.#looked = now;
    const { loss, acc } = await read(logs, ["loss", "acc"]);
    this.#check(loss);
    const { iterations } = this.#options.plan;
    const perSecond = (this.#iterations - this.#first) /
      ((now - this.#start) / 1000);
    this.#bar?.update(this.#iterations, {
      rate: formatRate(this.#options.scheduler.learningRate),
      loss: loss.toFixed(3),
      accuracy: percent(acc),
      speed: Math.round(perSecond * this.#options.plan.batchSize),
      left: formatDuration((iterations - this.#iterations) / perSecond),
      gpu: this.#gpuLoad(),
    });
    await new Promise((resolve) => setTimeout(resolve));
  }

  override async onEpochEnd(_epoch: number, logs?: tf.Logs): Promise<void> {
    const { plan, scheduler } = this.#options;
    const seconds = (performance.now() - this.#epochStart) / 1000;
    const values = await read(logs, ["loss", "acc", "val_loss", "val_acc"]);
    this.#check(values.loss);
    const parts = [
      `epoch ${
        String(this.#epoch).padStart(String(plan.epochs).length)
      }/${plan.epochs}`,
      `lr ${formatRate(scheduler.learningRate)}`,
      `loss ${values.loss.toFixed(3)} acc ${percent(values.acc)}`,
    ];
    if (!Number.isNaN(values.val_acc)) {
      parts.push(
        `test loss ${values.val_loss.toFixed(3)} acc ${
          percent(values.val_acc)
        }`,
      );
    }
    const part = (this.#iterations - this.#epochFirst) / plan.batchesPerEpoch;
    parts.push(`${Math.round(part * plan.images / seconds)}/s`);
    parts.push(...(this.#options.sampler?.latest ?? []).map(formatGpuSample));
    const bar = this.#bar;
    bar?.stop();
    this.#log(parts.join("  "));
    if (bar && this.#iterations < plan.iterations) this.#startBar();
  }

  override onTrainEnd(): Promise<void> {
    this.stop();
    return Promise.resolve();
  }

  /** Takes the bar away; `fit` does not call `onTrainEnd` when it throws. */
  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  #check(loss: number): void {
    if (Number.isFinite(loss)) return;
    this.diverged = true;
    this.model.stopTraining = true;
  }

  /** " GPU 87 %", or nothing where no driver tells. */
  #gpuLoad(): string {
    const loads = (this.#options.sampler?.latest ?? [])
      .flatMap(({ utilization }) => utilization ?? []);
    return loads.length > 0 ? ` GPU ${Math.max(...loads)} %` : "";
  }

  #startBar(): void {
    this.#bar = new ProgressBar({
      format:
        "{bar} {value}/{total} lr {rate} loss {loss} acc {accuracy} {speed}/s{gpu} {left} left",
      total: this.#options.plan.iterations,
      value: this.#iterations,
      clears: true,
    }, {
      rate: "–",
      loss: "–",
      accuracy: "–",
      speed: "–",
      left: "–",
      gpu: "",
    });
  }
}

/**
 * A line on standard output, where it takes one: a closed terminal or a full disk
 * is no reason to end a training.
 */
function printLine(line: string): void {
  try {
    console.log(line);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
}

/** A learning rate in the digits that tell it apart from its neighbours. */
export function formatRate(learningRate: number): string {
  return Number(learningRate.toPrecision(3)).toString();
}

function percent(fraction: number): string {
  return Number.isNaN(fraction) ? "–" : `${(100 * fraction).toFixed(1)} %`;
}

/** The named logs as numbers, NaN where there is none. */
async function read<Name extends string>(
  logs: tf.Logs | undefined,
  names: readonly Name[],
): Promise<Record<Name, number>> {
  const values = await Promise.all(names.map(async (name) => {
    const value = logs?.[name] as number | tf.Tensor | undefined;
    if (value === undefined || typeof value === "number") return value ?? NaN;
    return (await value.data())[0];
  }));
  return Object.fromEntries(
    names.map((name, i) => [name, values[i]]),
  ) as Record<Name, number>;
}
