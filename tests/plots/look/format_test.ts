import { assertEquals } from "@std/assert";
import { percent } from "../../../src/plots/look/format.ts";

Deno.test("percent() rounds a float32 as the fraction that it stands for", () => {
  for (let right = 0; right <= 2000; right++) {
    const fraction = right / 2000;
    assertEquals(percent(Math.fround(fraction)), percent(fraction));
  }
  assertEquals(percent(1933 / 2000), "96.7 %");
  assertEquals(percent(0.761), "76.1 %");
});
