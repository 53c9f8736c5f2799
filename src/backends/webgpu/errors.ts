/** Why WebGPU cannot be used here. */
export type WebGPUUnavailableReason =
  | "no-webgpu"
  | "no-adapter"
  | "software-adapter"
  | "no-such-device"
  | "no-device";

/** Thrown by {@linkcode startWebGPU} where there is no usable GPU. */
export class WebGPUUnavailableError extends Error {
  /** What is missing, for programs to act on. */
  readonly reason: WebGPUUnavailableReason;

  /** An error for `reason`, explained in `message`. */
  constructor(
    reason: WebGPUUnavailableReason,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "WebGPUUnavailableError";
    this.reason = reason;
  }
}

/**
 * Thrown by the next read or submission after the GPU was lost: its driver was
 * reset, it was unplugged, or the device was destroyed. All tensors on it are
 * gone. Training goes on from the last checkpoint, after
 * {@linkcode startWebGPU} was called again or on another backend.
 */
export class DeviceLostError extends Error {
  /** The device that was lost, as its driver names it. */
  readonly device: string;

  /** An error for `device`, lost for what the driver calls `cause`. */
  constructor(device: string, cause: string) {
    super(
      `Cannot continue on ${device} as the GPU must be present: ` +
        `it was lost (${cause}). Start the backend again, or choose another ` +
        "one, and resume from the last checkpoint",
    );
    this.name = "DeviceLostError";
    this.device = device;
  }
}

/**
 * Thrown where the GPU has no memory for a tensor. What was computed since the
 * last read is not valid; weights are, up to the last step that ended.
 */
export class GpuMemoryError extends Error {
  /** The device, as its driver names it. */
  readonly device: string;
  /** The bytes that were asked for. */
  readonly bytes: number;
  /** The bytes that tensors took at that moment. */
  readonly bytesInUse: number;
  /**
   * The largest batch that can fit, where tensors of a batch take the memory.
   * It is an upper bound: the step that failed may have needed more later.
   */
  readonly largestBatch?: number;

  /** An error from its parts; see the fields. */
  constructor(
    parts: {
      device: string;
      shape: readonly number[] | undefined;
      bytes: number;
      bytesInUse: number;
      batch?: { size: number; largest: number };
    },
    options?: ErrorOptions,
  ) {
    const { device, shape, bytes, bytesInUse, batch } = parts;
    const what = shape ? ` for a tensor of shape [${shape}]` : "";
    const remedy = batch === undefined
      ? "Use a smaller model or batch"
      : batch.largest > 0
      ? `A batch of ${batch.size} does not fit: use one of at most ` +
        `${batch.largest}`
      : `A batch of ${batch.size} does not fit, nor does a smaller one: use ` +
        "a smaller model";
    super(
      `Cannot take ${
        megabytes(bytes)
      } on ${device}${what} as its memory must ` +
        `suffice: current value is ${megabytes(bytesInUse)} in use. ${remedy}`,
      options,
    );
    this.name = "GpuMemoryError";
    this.device = device;
    this.bytes = bytes;
    this.bytesInUse = bytesInUse;
    if (batch) this.largestBatch = batch.largest;
  }
}

function megabytes(bytes: number): string {
  return `${
    (bytes / 1e6).toLocaleString("en", { maximumFractionDigits: 1 })
  } MB`;
}
