import { wrap } from "../runtime/wrap.ts";
import { checkFlags, type Flags } from "./flags.ts";

/** Characters of the choices that `--help` shows beside a flag. */
const MOST_CHOICES = 64;

/**
 * The part of `--help` that lists the flags, aligned for 80 columns.
 *
 * @param flags The flags by name, without the dashes.
 * @returns One or more lines for each flag, without a line break at the end.
 * @throws {TypeError} If `flags` has something else than flags.
 *
 * @example
 * ```ts
 * import { describeFlags } from "@clr/clr/command";
 *
 * console.log(describeFlags({
 *   epochs: { kind: "integer", default: 6, help: "of training" },
 *   plots: { kind: "switch", default: true, help: "write no pictures" },
 * }));
 * //   --epochs N  of training (default 6)
 * //   --no-plots  write no pictures
 * ```
 */
export function describeFlags(flags: Flags): string {
  checkFlags("describe flags", flags);
  const rows = Object.entries(flags).map(([name, flag]) => {
    const negated = flag.kind === "switch" && flag.default === true;
    const choices = flag.kind === "choice" ? flag.choices.join("|") : "";
    // More choices than a line holds are listed below.
    const listed = choices.length > MOST_CHOICES;
    const value = flag.value ??
      (flag.kind === "choice"
        ? listed ? "NAME" : choices
        : flag.kind === "switch"
        ? ""
        : flag.kind === "text"
        ? "TEXT"
        : flag.kind === "numbers"
        ? "N,…"
        : "N");
    const left = `  --${negated ? "no-" : ""}${name}${value && ` ${value}`}`;
    const shown = flag.kind !== "switch" && flag.default !== undefined;
    return [
      left,
      flag.help + (shown ? ` (default ${flag.default})` : "") +
      (listed ? `: ${choices.replaceAll("|", ", ")}` : ""),
    ];
  });
  const width = Math.min(
    28,
    Math.max(...rows.map(([left]) => left.length)) + 2,
  );
  return rows.map(([left, help]) => {
    const lines = wrap(help, 80 - width);
    const indent = " ".repeat(width);
    const head = left.length + 2 > width
      ? `${left}\n${indent}`
      : left.padEnd(width);
    return head + lines.join(`\n${indent}`);
  }).join("\n");
}
