import { checkKind } from "../runtime/check_given.ts";
import { isRecord } from "../runtime/records.ts";
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
 * @param flag What `parseFlags` read: `values.live`.
 * @returns A port from 0 to 65535.
 * @throws {UsageError} When the value is no port.
 * @throws {TypeError} When it is no text.
 *
 * @example
 * ```ts
 * import { livePort, parseFlags, PICTURE_FLAGS } from "@clr/clr/command";
 *
 * const { live } = parseFlags(PICTURE_FLAGS, ["--live", "8080"]);
 * console.log(livePort(live)); // 8080
 * ```
 */
export function livePort(flag: string | undefined): number {
  checkKind(
    "read --live",
    { name: "it", value: flag, must: "text" },
    flag === undefined || typeof flag === "string",
  );
  const port = Number(flag ?? "");
  if (/^\d*$/.test(flag ?? "") && port <= 65535) return port;
  throw new UsageError(
    `Cannot read --live: it must be a port from 0 to 65535, current value is "${flag}"`,
  );
}

/**
 * Throws where the page that `--live [PORT]` asks for could not be opened, for
 * programs that have much to do before they know what it is to show.
 *
 * @param flag What `parseFlags` read: `values.live`.
 * @throws {UsageError} When the value is no port.
 * @throws {Deno.errors.AddrInUse} When the port is taken, and what else `Deno.listen`
 * throws.
 *
 * @example
 * ```ts
 * import { checkLivePort, parseFlags, PICTURE_FLAGS } from "@clr/clr/command";
 *
 * const { live } = parseFlags(PICTURE_FLAGS, ["--live"]);
 * checkLivePort(live);
 * // … load the data, and only then openLivePage(live, { title, iterations })
 * ```
 */
export function checkLivePort(flag: string | undefined): void {
  const port = livePort(flag);
  if (flag === undefined) return;
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
  } catch (error) {
    const { constructor, message } = error as Error;
    throw new (constructor as ErrorConstructor)(
      `Cannot open the live page as it must listen on 127.0.0.1:${port}: ${message}`,
      { cause: error },
    );
  }
}

/**
 * Opens the page that `--live [PORT]` asks for, to this computer alone, and says
 * on standard error where it is.
 *
 * @param flag What `parseFlags` read: `values.live`.
 * @param options The page's title and axis, as `LivePage.open` takes them.
 * @returns The page, to be closed; nothing when the flag was not given.
 * @throws {UsageError} When the value is no port.
 * @throws What `LivePage.open` throws, as where the port is taken.
 *
 * @example A page of a training, where it was asked for
 * ```ts
 * import { CyclicLR } from "@clr/clr";
 * import { openLivePage, parseFlags, PICTURE_FLAGS } from "@clr/clr/command";
 *
 * const { live } = parseFlags(PICTURE_FLAGS, ["--live"]);
 * const clr = new CyclicLR({ stepSize: 100 });
 * await using page = await openLivePage(live, { title: "Training" });
 * // … train, and now and then:
 * page?.follow(clr);
 * ```
 */
export async function openLivePage(
  flag: string | undefined,
  options: Omit<LivePageOptions, "port">,
): Promise<LivePage | undefined> {
  if (flag === undefined) return undefined;
  const port = livePort(flag);
  checkKind(
    "open a live page",
    { name: "options", value: options, must: "an object" },
    isRecord(options),
  );
  // A run that nobody watches loads nothing for it.
  const { LivePage } = await import("../plots/mod.ts");
  const live = await LivePage.open({ ...options, port });
  console.error(`Live at ${live.url}`);
  return live;
}
