import * as tf from "@tensorflow/tfjs";

/** What every model of layers has, of whichever copy of tfjs. */
const MODEL_METHODS = ["fit", "compile", "predictOnBatch", "trainOnBatch"];

/** Whether `value` is a model of layers, but of another copy of tfjs. */
export function isForeignModel(value: unknown): boolean {
  return typeof value === "object" && value !== null &&
    !(value instanceof tf.LayersModel) &&
    MODEL_METHODS.every((name) =>
      typeof (value as Record<string, unknown>)[name] === "function"
    );
}

/** Where the tfjs of this package lies, where the runtime says. */
function location(): string {
  try {
    return ` at ${import.meta.resolve("@tensorflow/tfjs")}`;
  } catch {
    return "";
  }
}

/** The error of a program that loads tfjs twice, in two versions as a rule. */
export function twoCopies(action: string): TypeError {
  return new TypeError(
    `Cannot ${action} as the model must be of the same copy of tfjs as @clr/clr, ${tf.version.tfjs}${location()}: current value is of another; import "@tensorflow/tfjs" in one version everywhere (deno info, or npm ls @tensorflow/tfjs, shows who brings which)`,
  );
}
