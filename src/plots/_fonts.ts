import { toBase64 } from "../runtime/base64.ts";
import "@fontsource/inter/package.json" with { type: "json" };
import { readPackageFile } from "../runtime/package_file.ts";

/** The bundled font's weights: text, and titles. */
const WEIGHTS = [400, 600] as const;

let loaded: Promise<Uint8Array<ArrayBuffer>[]> | undefined;

/** The bundled font as woff2, one file a weight. */
export function fonts(): Promise<Uint8Array<ArrayBuffer>[]> {
  return loaded ??= Promise.all(
    WEIGHTS.map((weight) =>
      readPackageFile(
        `@fontsource/inter/files/inter-latin-${weight}-normal.woff2`,
      )
    ),
  );
}

/** The bundled font as style rules that need no other file. */
export async function fontRules(): Promise<string> {
  return (await fonts()).map((font, i) =>
    `@font-face{font-family:Inter;font-weight:${
      WEIGHTS[i]
    };src:url(data:font/woff2;base64,${toBase64(font)}) format("woff2")}`
  ).join("");
}
