/**
 * Deno's own: it does not run in Node, Bun or browsers.
 *
 * What command-line programs that train share: flags described as data, Ctrl-C as
 * a signal, progress on the terminal, files written whole.
 *
 * @example
 * ```ts
 * import { BACKEND_FLAGS, runCommand } from "@clr/clr/command";
 * import { selectBackend } from "@clr/clr/backends";
 *
 * await runCommand({
 *   summary: "Says what training would run on.",
 *   usage: "deno run -A where.ts [flags]",
 *   flags: BACKEND_FLAGS,
 *   async main(flags) {
 *     const { backend, device } = await selectBackend(flags);
 *     console.log(`${backend} on ${device}`);
 *     return 0;
 *   },
 * }, ["--backend", "cpu"]);
 * ```
 *
 * @module
 */

import "../runtime/in_deno.ts";
export { describeFlags } from "./describe_flags.ts";
export {
  BACKEND_FLAGS,
  type ChoiceFlag,
  type Flag,
  type FlagBase,
  type Flags,
  type FlagValue,
  type FlagValues,
  type NumberFlag,
  type NumbersFlag,
  type SwitchFlag,
  type TextFlag,
} from "./flags.ts";
export { Interrupt, loadInterruptibly, stoppedStatus } from "./interrupt.ts";
export {
  checkLivePort,
  livePort,
  openLivePage,
  PICTURE_FLAGS,
} from "./live.ts";
export {
  FolderInUseError,
  lockFolder,
  type LockFolderOptions,
} from "./lock_folder.ts";
export { parseFlags, type ParseFlagsOptions } from "./parse_flags.ts";
export {
  ProgressBar,
  type ProgressBarOptions,
  type ProgressBarTexts,
} from "./progress_bar.ts";
export { type RangeFilesOptions, writeRangeFiles } from "./range_files.ts";
export { RangeProgress } from "./range_progress.ts";
export {
  type Command,
  type ErrorClass,
  OWN_VERSION,
  runCommand,
} from "./run.ts";
export { TASK_FLAGS, taskIndex } from "./task_index.ts";
export {
  markdownTable,
  newLogFolder,
  TENSORBOARD_FLAGS,
} from "./tensorboard.ts";
export { UsageError } from "./usage_error.ts";
export { writeAll } from "./write_all.ts";
export { systemCode } from "../runtime/system_error.ts";
export { meantName } from "../runtime/nearest_name.ts";
export { VERSION } from "../runtime/version.ts";
export { wrap } from "./wrap.ts";
export { writeFile } from "../runtime/write_file.ts";
