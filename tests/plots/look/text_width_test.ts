import { assert } from "@std/assert";
import { toPng } from "@clr/clr/plots";
import { Resvg } from "@resvg/resvg-wasm";
import { fonts } from "../../../src/plots/look/fonts.ts";
import { textWidth } from "../../../src/plots/look/text_width.ts";
import { scheduleSpec } from "../../../src/plots/specs/schedule_spec.ts";

const TEXTS = [
  "Train between learning rates 0.00048 and 0.0041",
  "iteration",
  "Learning-rate range test: 120 rates from 1e-5 to 0.1",
  "validation accuracy, smoothed (WASM & WebGPU)",
];

Deno.test("textWidth() agrees with the renderer's own measure of the font", async () => {
  // Starts the renderer.
  await toPng(scheduleSpec(() => 1, 10), { scale: 0.1 });
  const fontBuffers = await fonts("Latin");
  for (const weight of [400, 600]) {
    for (const text of TEXTS) {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="1000" ` +
        `height="50"><text y="40" font-family="Inter" font-size="16" ` +
        `font-weight="${weight}">${text.replace("&", "&amp;")}</text></svg>`;
      const measured = new Resvg(svg, {
        font: { fontBuffers, loadSystemFonts: false },
      });
      const expected = measured.getBBox()!.width;
      measured.free();
      // The renderer measures the ink, which ends within the last advance.
      const width = textWidth(text, 16, weight === 600);
      assert(
        Math.abs(width - expected) < 2.5 + 0.01 * expected,
        `${text} (${weight}): ${width} instead of ${expected}`,
      );
    }
  }
});
