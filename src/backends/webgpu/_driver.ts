/** What the driver reports between commands, thrown where it is noticed. */

import * as tf from "@tensorflow/tfjs";
import { adapterName } from "../../devices/adapters.ts";
import { DeviceLostError, type GpuMemoryError } from "./errors.ts";

/** The largest tensor that fits into one binding, in bytes. */
export function largestTensor({ limits }: GPUDevice): number {
  return Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
}

/** Why a device was lost. */
export function lossCause({ reason, message }: GPUDeviceLostInfo): string {
  return message || reason || "the driver gives no reason";
}

/** Whether a device still computes; its loss is announced only later. */
export function isAlive(device: GPUDevice): boolean {
  const buffer = device.createBuffer({
    size: 4,
    usage: GPUBufferUsage.COPY_SRC,
    mappedAtCreation: true,
  });
  try {
    buffer.getMappedRange();
    return true;
  } catch {
    return false;
  } finally {
    buffer.destroy();
  }
}

/** Keeps what the driver of a device complains of until somebody asks. */
export class Driver {
  /** The device's name. */
  readonly name: string;
  readonly #device: GPUDevice;
  #lost: string | undefined;
  #refused: Error | undefined;
  #verdicts: Promise<unknown> = Promise.resolve();

  /** Listens to the driver of `device`. */
  constructor(device: GPUDevice, info: GPUAdapterInfo) {
    this.name = adapterName(info);
    this.#device = device;
    device.lost.then((info) => this.#lost = lossCause(info));
    device.addEventListener("uncapturederror", (event) => {
      const { message } = (event as GPUUncapturedErrorEvent).error;
      this.#refused ??= new Error(
        `Cannot compute on ${this.name} as its driver must accept every ` +
          `command: it answered "${message.trim()}". What was computed since ` +
          "the last read is not valid",
      );
    });
  }

  /** Keeps `describe`'s error if an allocation turns out to have failed. */
  await(
    verdict: Promise<GPUError | null>,
    describe: () => GpuMemoryError,
  ): void {
    const heard = verdict.then((error) => {
      if (error !== null) this.#refused ??= describe();
    }, () => {}); // of a lost device, which is reported as such
    const before = this.#verdicts;
    this.#verdicts = heard.then(() => before);
  }

  /** Resolves when every allocation so far was heard of. */
  settled(): Promise<unknown> {
    return this.#verdicts;
  }

  /** Throws what the driver complained of, once. */
  throwFailure(): void {
    if (this.#lost !== undefined) {
      throw new DeviceLostError(this.name, this.#lost);
    }
    const refused = this.#refused;
    this.#refused = undefined;
    if (refused !== undefined) throw refused;
  }

  /** Runs `action`; what it throws names the device and why. */
  attempt<T>(action: () => T): T {
    this.throwFailure();
    try {
      return action();
    } catch (cause) {
      if (!(cause instanceof DOMException)) throw cause;
      const { message } = cause;
      // The loss itself is announced only with the event loop's next turn.
      if (!isAlive(this.#device)) {
        throw new DeviceLostError(this.name, message);
      }
      throw new Error(
        `Cannot compute on ${this.name} as its memory must suffice: it ` +
          `answered "${message}" with ${tf.memory().numBytes} bytes of ` +
          "tensors alive",
        { cause },
      );
    }
  }
}
