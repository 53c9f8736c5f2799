import type { Chart } from "@clr/clr/plots";

// deno-lint-ignore no-explicit-any -- a part of a specification, taken apart
export type Json = any;

/** The panels of a chart. */
export function panelsOf({ vconcat }: Chart): Json[] {
  return vconcat!;
}

/** The layer of that name in a panel. */
export function layerOf(panel: Json, name: string): Json {
  return panel.layer.find((layer: Json) => layer.name === name);
}
