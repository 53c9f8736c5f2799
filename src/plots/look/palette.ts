/**
 * The colours of every chart. Each is told apart by lightness as well as by
 * hue (Okabe and Ito's set), so that charts survive colour blindness and grey
 * print, and each has a counterpart for dark backgrounds.
 */

import { keysOf } from "../../runtime/records.ts";

/** What a colour is for. */
export type Role =
  | "background"
  | "grid"
  | "ink"
  | "muted"
  | "noise"
  | "blue"
  | "orange"
  | "green"
  | "purple"
  | "yellow"
  | "sky";

/** Colours for a light background; specifications are written in these. */
export const LIGHT: Readonly<Record<Role, string>> = {
  background: "#ffffff",
  grid: "#e4e7eb",
  ink: "#1f2933",
  muted: "#52606d",
  noise: "#b8c2cc",
  blue: "#0072b2",
  orange: "#d55e00",
  green: "#009e73",
  purple: "#a3467c",
  yellow: "#b58900",
  sky: "#56b4e9",
};

/** Colours for a dark background, role by role. */
export const DARK: Readonly<Record<Role, string>> = {
  background: "#14181d",
  grid: "#2c333b",
  ink: "#eef1f4",
  muted: "#a9b4c0",
  noise: "#59646f",
  blue: "#5cb8f2",
  orange: "#ff9351",
  green: "#3fd0a4",
  purple: "#e391bf",
  yellow: "#f0d060",
  sky: "#9ad4f7",
};

/** Light colour to dark colour. */
const DARK_OF: ReadonlyMap<string, string> = new Map(
  keysOf(LIGHT).map((role) => [LIGHT[role], DARK[role]]),
);

/** The font that is bundled, and what stands in for it where it is missing. */
export const FONT = "Inter, system-ui, sans-serif";

/** A copy of `value` in the dark palette: any string that is a palette colour is replaced. */
export function darkened<T>(value: T): T {
  if (typeof value === "string") {
    return (DARK_OF.get(value) ?? value) as T;
  }
  if (Array.isArray(value)) return value.map(darkened) as T;
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, darkened(inner)]),
    ) as T;
  }
  return value;
}

/** Style rules that give the chart's colours their dark counterparts on dark screens. */
export function darkRules(): string {
  const rules = [...DARK_OF].flatMap(([light, dark]) =>
    ["fill", "stroke"].map((paint) => `[${paint}="${light}"]{${paint}:${dark}}`)
  );
  return `@media screen and (prefers-color-scheme:dark){${rules.join("")}}`;
}
