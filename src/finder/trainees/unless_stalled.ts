import { unlessAborted } from "../../runtime/until_aborted.ts";
import { disposeBatch } from "../data/tensor_tree.ts";

/** A step of a loop of one's own gave nothing although the signal is aborted. */
export class StalledStep extends Error {
  /** `"StalledStep"`. */
  override name = "StalledStep";
}

/**
 * What a step gives.
 *
 * @throws {StalledStep} If it gives nothing although `signal` was aborted a while
 * ago; what it gives after all is disposed.
 */
export async function unlessStalled<T>(
  step: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  // Undefined may be what the step gives.
  const given = await unlessAborted(step.then((value) => ({ value })), signal);
  if (given !== undefined) return given.value;
  step.then(disposeBatch).catch(() => {});
  throw new StalledStep("Cannot wait longer as the signal was aborted");
}
