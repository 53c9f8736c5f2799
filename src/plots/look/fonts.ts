import { toBase64 } from "../../runtime/base64.ts";
import "@fontsource/inter/package.json" with { type: "json" };
import { keysOf, recordOf } from "../../runtime/records.ts";
import { readPackageFile } from "../../runtime/package_file.ts";

/** The bundled font's weights: text, and titles. */
const WEIGHTS = [400, 600] as const;

/** The characters of the files of the bundled font, as regular expressions do. */
const CHARACTERS = {
  latin:
    "\\0-\\u00ff\\u0131\\u0152\\u0153\\u02bb\\u02bc\\u02c6\\u02da\\u02dc\\u2000-\\u206f\\u20ac\\u2122\\u2191\\u2193\\u2212\\u2215",
  "latin-ext":
    "\\u0100-\\u0130\\u0132-\\u0151\\u0154-\\u02ba\\u02bd-\\u02c5\\u02c7-\\u02cc\\u02ce-\\u02d7\\u02dd-\\u02ff\\u1e00-\\u1e9f\\u20a0-\\u20ab\\u20ad-\\u20bf\\u2113",
  cyrillic: "\\u0400-\\u045f\\u0490\\u0491\\u04b0\\u04b1\\u2116",
  "cyrillic-ext": "\\u0460-\\u048f\\u0492-\\u04af\\u04b2-\\u052f",
  greek: "\\u0370-\\u03ff",
  "greek-ext": "\\u1f00-\\u1fff",
  vietnamese:
    "\\u01a0\\u01a1\\u01af\\u01b0\\u0300-\\u0309\\u0323\\u1ea0-\\u1ef9",
} as const;

type Subset = keyof typeof CHARACTERS;

const NEEDED = recordOf(
  keysOf(CHARACTERS),
  (subset) => new RegExp(`[${CHARACTERS[subset]}]`, "u"),
);
const OTHERS = new RegExp(`[^${Object.values(CHARACTERS).join("")}]`, "gu");

const loaded = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

function load(
  subset: Subset,
  weight: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const name = `inter-${subset}-${weight}-normal.woff2`;
  const file = loaded.get(name) ??
    readPackageFile(`@fontsource/inter/files/${name}`);
  loaded.set(name, file);
  return file;
}

function loadLatin(): Promise<Uint8Array<ArrayBuffer>[]> {
  return Promise.all(WEIGHTS.map((weight) => load("latin", weight)));
}

/**
 * The files of the bundled font that have the characters of `text`. Beside Latin
 * one weight will do: the renderer takes the first file that has a letter.
 */
export async function fonts(text: string): Promise<Uint8Array<ArrayBuffer>[]> {
  const others = keysOf(CHARACTERS).filter((name) =>
    name !== "latin" && NEEDED[name].test(text)
  );
  return [
    ...await loadLatin(),
    ...await Promise.all(others.map((name) => load(name, WEIGHTS[0]))),
  ];
}

/**
 * `text` with a question mark for each character that no file has. The renderer
 * looks for no letter after the first that it does not find.
 */
export function withKnownCharacters(text: string): string {
  return text.replaceAll(OTHERS, "?");
}

/**
 * The bundled font as style rules that need no other file. What is not Latin is
 * left to the viewer, who has fonts for it.
 */
export async function fontRules(): Promise<string> {
  return (await loadLatin()).map((font, i) =>
    `@font-face{font-family:Inter;font-weight:${
      WEIGHTS[i]
    };src:url(data:font/woff2;base64,${toBase64(font)}) format("woff2")}`
  ).join("");
}
