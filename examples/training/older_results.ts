/** What is made of a run's history and model, each time anew. */
const DERIVED = [
  "report.json",
  "report.html",
  "learning_rate.svg",
  "training.svg",
  "model.onnx",
];

/**
 * Removes from `out` what an earlier run made of its history and model, which are
 * replaced: a run that is stopped, or draws no pictures, leaves none of its own.
 */
export async function removeOlderResults(out: string): Promise<void> {
  for (const name of DERIVED) {
    try {
      await Deno.remove(`${out}/${name}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
