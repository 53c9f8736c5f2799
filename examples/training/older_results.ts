import { hasModel } from "./model_files.ts";

/** What is made of a run's history and model, each time anew. */
const DERIVED = [
  "report.json",
  "report.html",
  "learning_rate.svg",
  "training.svg",
  "model.onnx",
];

/** What a run writes before it has ended well. */
const OWN = ["plan.json", "history.json", "history.csv"];

/** Where in the folder of the results a run lies that was stopped. */
function stoppedOf(out: string): string {
  return `${out}/stopped`;
}

/**
 * The folder that a run writes into until it has ended well: `out`, or a folder in
 * it where the model of another run is, whose results a run that is stopped or
 * diverges is not to replace.
 *
 * @param goesOn Whether it goes on from a checkpoint.
 */
export async function folderUntilDone(
  out: string,
  goesOn: boolean,
): Promise<string> {
  if (!await hasModel(`${out}/model`)) return out;
  const stopped = stoppedOf(out);
  // A run that goes on may itself have left what is there.
  const isOwn = goesOn && !await exists(`${out}/report.json`) &&
    !await exists(`${stopped}/plan.json`);
  return isOwn ? out : stopped;
}

/**
 * Removes from a folder what an earlier run made of its history and model, which
 * are replaced: a run that is stopped, or draws no pictures, leaves none of its
 * own.
 */
export async function removeOlderResults(folder: string): Promise<void> {
  for (const name of DERIVED) await remove(`${folder}/${name}`);
}

/**
 * Gives `out` the plan and the history of a run that has ended well, and removes
 * what a run left there that was stopped.
 *
 * @param from The run's folder until then.
 */
export async function takeOver(out: string, from: string): Promise<void> {
  if (from !== out) {
    for (const name of OWN) {
      await Deno.rename(`${from}/${name}`, `${out}/${name}`);
    }
  }
  await removeStopped(stoppedOf(out));
}

async function removeStopped(folder: string): Promise<void> {
  await remove(`${folder}/model`);
  for (const name of OWN) await remove(`${folder}/${name}`);
  try {
    for await (const _ of Deno.readDir(folder)) return;
    await Deno.remove(folder);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Removes what is at `path`, if anything is. */
export async function remove(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
