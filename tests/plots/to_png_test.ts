import { assert, assertEquals, assertRejects } from "@std/assert";
import { historyChart, rangeChart, scheduleChart, toPng } from "@clr/clr/plots";
import { exampleRange, exampleRun } from "./_data.ts";
import { decodePng } from "./_png.ts";

Deno.test("toPng() draws a picture 800 pixels wide that is not blank", async () => {
  for (
    const chart of [rangeChart(exampleRange()), historyChart(exampleRun())]
  ) {
    const picture = decodePng(await toPng(chart, { scale: 1 }));
    assert(picture.width >= 780 && picture.width <= 810, `${picture.width}`);
    assertEquals(picture.at(1, 1), "#ffffff");
    for (const color of ["#1f2933", "#0072b2"]) {
      const drawn = picture.count(color, [80, 100, 700, picture.height - 60]);
      assert(drawn > 50, `${color} is missing`);
    }
  }
});

Deno.test("toPng() draws the title with the bundled font", async () => {
  const chart = scheduleChart(() => 1, 10, { title: "MMMMMMMM" });
  const picture = decodePng(await toPng(chart, { scale: 1 }));
  // 8 letters of 16 pixels, semibold: 0.922 of the font size each.
  const title = (left: number, right: number) =>
    picture.count("#1f2933", [left, 12, right, 34]);
  assert(title(70, 70 + 118) > 200);
  assertEquals(title(70 + 125, 780), 0);
});

Deno.test("toPng() draws letters of other alphabets, and no boxes", async () => {
  const draw = async (title: string) =>
    decodePng(
      await toPng(scheduleChart(() => 1, 10, { title }), { scale: 1 }),
    ).count("#1f2933", [60, 12, 780, 34]);
  // What no file has is drawn so, and what follows it as it is.
  const unknown = await draw("?");
  assertEquals(await draw("中"), unknown);
  for (const letter of ["ł", "β", "ж", "ỹ", "ӝ", "ἀ"]) {
    const drawn = await draw(letter);
    assert(drawn > 0 && drawn !== unknown, `${letter}: ${drawn} of ${unknown}`);
    assertEquals(await draw(`中 ${letter}`), await draw(`? ${letter}`));
  }
});

Deno.test("toPng() scales, and draws on dark", async () => {
  const chart = scheduleChart((t) => t, 10);
  const [one, two] = await Promise.all(
    [1, 2].map(async (scale) =>
      decodePng(await toPng(chart, { scale, theme: "dark" }))
    ),
  );
  assertEquals([two.width, two.height], [2 * one.width, 2 * one.height]);
  assertEquals(one.at(1, 1), "#14181d");
  assertEquals(one.at(1, one.height - 1), "#14181d");
});

Deno.test("toPng() gives the same bytes each time", async () => {
  const chart = () => rangeChart(exampleRange());
  assertEquals(
    await toPng(chart(), { scale: 1 }),
    await toPng(chart(), { scale: 1 }),
  );
});

Deno.test("toPng() refuses a scale that is not positive", async () => {
  await assertRejects(
    () => toPng(scheduleChart(() => 1, 10), { scale: 0 }),
    RangeError,
    "scale must be > 0: current value is 0",
  );
});

Deno.test("toPng() refuses a picture that is too large, and draws the next", async () => {
  const chart = scheduleChart(() => 0.1, 10);
  await assertRejects(
    () => toPng({ ...chart, height: 3e6 }, { scale: 1 }),
    RangeError,
    "it must have at most 100000000 pixels: current value is 240",
  );
  assert((await toPng(chart, { scale: 1 })).length > 1000);
});
