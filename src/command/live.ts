import type { Flags } from "./flags.ts";
import { UsageError } from "./usage_error.ts";
import type { LivePage, LivePageOptions } from "../plots/mod.ts";

/** Flags of what a person looks at. */
export const PICTURE_FLAGS = {
  plots: {
    kind: "switch",
    default: true,
    help: "write no pictures",
  },
  live: {
    kind: "text",
    value: "[PORT]",
    optional: true,
    help: "show the run in a browser as it goes, on this computer alone",
  },
} as const satisfies Flags;

/**
 * The port that `--live [PORT]` names: 0, for any, where it names none.
 *
 * @throws {UsageError} When the value is no port.
 */
export function livePort(flag: string | undefined): number {
  const port = Number(flag ?? "");
  if (/^\d*$/.test(flag ?? "") && port <= 65535) return port;
  throw new UsageError(
    `Cannot read --live: it must be a port from 0 to 65535, current value is "${flag}"`,
  );
}

/**
 * Opens the page that `--live [PORT]` asks for and says where it is.
 *
 * @returns Nothing when the flag was not given.
 * @throws {UsageError} When the value is no port.
 */
export async function openLivePage(
  flag: string | undefined,
  options: Omit<LivePageOptions, "port">,
): Promise<LivePage | undefined> {
  if (flag === undefined) return undefined;
  const port = livePort(flag);
  // A run that nobody watches loads nothing for it.
  const { LivePage } = await import("../plots/mod.ts");
  const live = await LivePage.open({ ...options, port });
  console.error(`Live at ${live.url}`);
  return live;
}
