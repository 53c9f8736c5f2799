import { assertEquals } from "@std/assert";
import {
  curveLooks,
  MOST_COLOURS,
} from "../../../src/plots/look/named_curves.ts";

function looksOf(count: number): [color: unknown, dash: unknown][] {
  const names = Array.from({ length: count }, (_, i) => `run ${i}`);
  const { color, strokeDash } = curveLooks("run", names);
  const rangeOf = ({ scale }: { scale?: unknown }) => {
    const { domain, range } = scale as { domain: unknown; range: unknown[] };
    assertEquals(domain, names);
    assertEquals(range.length, count);
    return range;
  };
  const dashes = rangeOf(strokeDash as { scale?: unknown });
  return rangeOf(color as { scale?: unknown }).map((c, i) => [c, dashes[i]]);
}

function different(values: unknown[]): number {
  return new Set(values.map((value) => JSON.stringify(value))).size;
}

Deno.test("curveLooks() tells as many curves as there are colours apart by either", () => {
  const looks = looksOf(MOST_COLOURS);
  assertEquals(different(looks.map(([color]) => color)), MOST_COLOURS);
  assertEquals(different(looks.map(([, dash]) => dash)), MOST_COLOURS);
});

Deno.test("curveLooks() tells more curves apart by both together", () => {
  for (const count of [8, 20, MOST_COLOURS ** 2]) {
    assertEquals(different(looksOf(count)), count);
  }
});
