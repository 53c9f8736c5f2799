import { assert, assertMatch, assertStringIncludes } from "@std/assert";
import { CyclicLR } from "@clr/clr";
import { scheduleChart } from "@clr/clr/plots";
import type { Json } from "./_layers.ts";

Deno.test("scheduleChart() knows the cycles of a rate that decays into rounding", () => {
  for (const mode of ["exp_range", "triangular2"] as const) {
    for (const waveform of ["triangular", "welch", "hann"] as const) {
      for (const iterations of [100_000, 600_000, 1_000_000]) {
        const chart = scheduleChart(
          new CyclicLR({ stepSize: 2000, mode, waveform }),
          iterations,
        );
        assertMatch(
          chart.title.text.join(" "),
          / every 4,000 iterations$/,
          `${mode}, ${waveform}, ${iterations}`,
        );
      }
    }
  }
});

Deno.test("scheduleChart() knows a period that it does not look at iteration by iteration", () => {
  const title = (schedule: Parameters<typeof scheduleChart>[0]) =>
    scheduleChart(schedule, 1e7).title.text.join(" ");
  // As the options say, and as well as it can be told of a function.
  const clr = new CyclicLR({ stepSize: 1234.5 });
  assertStringIncludes(title(clr), "every 2,469 iterations");
  const sawtooth = (t: number) => t % 4000 < 2000 ? t % 2000 : 0;
  assertStringIncludes(title(sawtooth), "every 4,000 iterations");
});

Deno.test("scheduleChart() reaches 2^31 iterations", () => {
  const chart = scheduleChart((t) => 1 / (1 + t), 2 ** 31);
  assert((chart.data as Json).values.length <= 1600);
  assert((chart.data as Json).values.at(-1).iteration > 2 ** 31 - 1024);
});
