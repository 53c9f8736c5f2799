/** No checkpoint in the folder can be used, or it is of something else. */
export class CheckpointError extends Error {
  /** `"CheckpointError"`. */
  override name = "CheckpointError";
}
