import { wrap } from "../runtime/wrap.ts";
import type { Flags } from "./flags.ts";

/** Characters of the choices that `--help` shows beside a flag. */
const MOST_CHOICES = 64;

/** The part of `--help` that lists the flags, aligned for 80 columns. */
export function describeFlags(flags: Flags): string {
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
