import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { LearningRateRange } from "@clr/clr";
import { rangeChart, toSvg } from "@clr/clr/plots";
import { fitLocally } from "../../../src/finder/curves/_local_fit.ts";
import { seededRandom } from "../../../src/runtime/random.ts";

/** The line through the points about `i` with tricube weights, in plain sums. */
function lineAt(
  values: readonly number[],
  { i, halfWidth }: { readonly i: number; readonly halfWidth: number },
): { value: number; slope: number } {
  const near = values.map((y, j) => ({ y, x: j - i })).filter(({ x }) =>
    Math.abs(x) <= halfWidth
  ).map((point) => ({
    ...point,
    w: (1 - (Math.abs(point.x) / (halfWidth + 1)) ** 3) ** 3,
  }));
  const total = near.reduce((sum, { w }) => sum + w, 0);
  const meanX = near.reduce((sum, { w, x }) => sum + w * x, 0) / total;
  const meanY = near.reduce((sum, { w, y }) => sum + w * y, 0) / total;
  const spread = near.reduce((sum, { w, x }) => sum + w * (x - meanX) ** 2, 0);
  const slope = near.reduce(
    (sum, { w, x, y }) => sum + w * (x - meanX) * (y - meanY),
    0,
  ) / spread;
  return { value: meanY - slope * meanX, slope };
}

function noisyFall(length: number): number[] {
  const random = seededRandom(5);
  return Array.from(
    { length },
    (_, i) => 2 / (1 + Math.exp(12 * i / length - 6)) + 0.2 * random(),
  );
}

Deno.test("fitLocally() is a weighted line about each point of narrow windows", () => {
  const values = noisyFall(90);
  const halfWidths = values.map((_, i) => 2 + i % 60);
  const fit = fitLocally(values, halfWidths);
  values.forEach((_, i) => {
    const { value, slope } = lineAt(values, { i, halfWidth: halfWidths[i] });
    assertAlmostEquals(fit.values[i], value, 1e-12);
    assertAlmostEquals(fit.slopes[i], slope, 1e-12);
  });
});

Deno.test("fitLocally() comes within a thousandth of it in wide windows, also where they widen and narrow", () => {
  const values = noisyFall(3000);
  const widths = {
    same: values.map(() => 320),
    wider: values.map((_, i) => 2 + Math.floor(i / 8)),
    narrower: values.map((_, i) => 2 + Math.floor((3000 - i) / 8)),
    jumping: values.map((_, i) => i % 1000 < 500 ? 400 : 3),
  };
  for (const [name, halfWidths] of Object.entries(widths)) {
    const fit = fitLocally(values, halfWidths);
    for (let i = 0; i < values.length; i += 7) {
      const { value } = lineAt(values, { i, halfWidth: halfWidths[i] });
      const least = halfWidths[i] < 64 ? 1e-9 : 1e-3;
      assertAlmostEquals(fit.values[i], value, least, `${name} at ${i}`);
    }
  }
});

Deno.test("fitLocally() reads each value a bounded number of times, however many there are", () => {
  const reads = [2000, 20_000].map((length) => {
    let count = 0;
    const values = new Proxy(noisyFall(length), {
      get(target, key) {
        if (key !== "length") count++;
        return Reflect.get(target, key);
      },
    });
    fitLocally(values, values.map(() => length / 20));
    return count / length;
  });
  assert(reads[1] < 300 && reads[1] < 1.5 * reads[0], `${reads} of each`);
});

Deno.test("LearningRateRange of a very long test is read, told, drawn and saved", async () => {
  // Some hundred thousand arguments of Math.min fill the stack.
  const length = 150_000;
  const rates = Array.from(
    { length },
    (_, i) => 1e-5 * 1e6 ** (i / (length - 1)),
  );
  const range = LearningRateRange.fromCurve(rates, noisyFall(length));
  assert(`${range}`.length < 10_000);
  assert((await toSvg(rangeChart(range))).length < 400_000);
  const again = LearningRateRange.fromJSON(JSON.parse(JSON.stringify(range)));
  assertEquals([again.baseLr, again.maxLr], [range.baseLr, range.maxLr]);
  // A thousandth of its rates tell the same bounds.
  const few = LearningRateRange.fromCurve(
    rates.filter((_, i) => i % 1000 === 0),
    noisyFall(length).filter((_, i) => i % 1000 === 0),
  );
  assertEquals(few.verdict, range.verdict);
});
