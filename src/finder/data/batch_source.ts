import type { Random } from "../../runtime/random.ts";
import type { TensorPair } from "./training_data.ts";

/** What a {@linkcode BatchSource} needs to know. */
export interface BatchSourceOptions {
  /** Examples in a batch drawn from tensors. */
  readonly batchSize: number;
  /** Draws the order of the examples; without it they stay in order. */
  readonly random?: Random;
  /** What the data are called in errors. */
  readonly name: string;
  /** When to wait no longer for a batch that does not come. */
  readonly signal?: AbortSignal | undefined;
}

/** Passes over the data, batch by batch; the caller disposes each batch. */
export interface BatchSource {
  /** What the data are called in errors. */
  readonly name: string;
  /**
   * Batches in a pass, where that is known: beforehand, or since one ended;
   * Infinity without end.
   */
  readonly batches: number | undefined;
  /** Is told, once a pass ended, how many batches it had. */
  ended?(batches: number): void;
  /** Whether batches come from a `tf.data.Dataset`. */
  readonly isDataset: boolean;
  /** Examples, where all of them are at hand. */
  readonly examples?: number;
  /** All of them, where they are; they stay the source's. */
  readonly all?: TensorPair;
  /** Which of them, where all are at hand, hold numbers that are not finite. */
  notFinite?(): Promise<
    { part: "xs" | "ys"; examples: number[] } | undefined
  >;
  /**
   * A fresh pass over the data. Where the signal is aborted it may end before
   * they do.
   */
  pass(): AsyncIterable<unknown> | Iterable<unknown>;
  /** What to throw where a pass had no batch. */
  emptyError(): Error;
  /** What to throw where a pass that must end does not. */
  endlessError(): Error;
}

/** Batches in a pass, where that is known and the data end. */
export function passOf(
  { batches }: Pick<BatchSource, "batches">,
): number | undefined {
  return batches === Infinity ? undefined : batches;
}

/** The error of data that must end and do not. */
export function withoutEnd(name: string): RangeError {
  return new RangeError(
    `Cannot evaluate as ${name} must end: current value yields batches without end; take(n) of it`,
  );
}

/** The error of data without a batch. */
export function noBatch(name: string): RangeError {
  return new RangeError(
    `Cannot draw batches as ${name} must yield at least one: current value is none`,
  );
}
