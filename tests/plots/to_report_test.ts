import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { historyChart, type ReportContent, toReport } from "@clr/clr/plots";
import { classificationReport } from "@clr/clr/metrics";
import { exampleRun } from "./_data.ts";
import { decodePng } from "./_png.ts";

function content(): ReportContent {
  return {
    title: "A run",
    summary: "It went well.",
    facts: { Plan: { epochs: 2 }, Device: { backend: "wasm" } },
    charts: [historyChart(exampleRun())],
    classification: classificationReport(
      [0, 0, 0, 1, 1, 1],
      [0, 0, 1, 1, 1, 1],
      { classNames: ["cat & dog", "<ship>"] },
    ),
    samples: [{
      pixels: Uint8Array.of(255, 0, 0, 0, 128, 0),
      shape: [1, 2, 3],
      label: "cat & dog",
      predicted: "<ship>",
      confidence: 0.75,
    }],
  };
}

Deno.test("toReport() has a section for everything given", async () => {
  const html = await toReport(content());
  for (
    const part of [
      "<h1>A run</h1>",
      "It went well.",
      '<th scope="row">epochs</th><td>2</td>',
      "<h2>Charts</h2>",
      // Precision, recall and F1 of the first class: 2/2, 2/3 and 4/5.
      '<th scope="row">cat &amp; dog</th><td>1.00</td><td>0.67</td><td>0.80</td><td>3</td>',
      // One of three examples of the first class was taken for the second.
      '<td style="--share:0.333" title="33.3 %">1</td>',
      "<b>&lt;ship&gt;</b> <span>75.0 %</span>",
      "is: cat &amp; dog",
    ]
  ) assertStringIncludes(html, part);
});

Deno.test("toReport() shows results before the plan, and numbers in few digits", async () => {
  const html = await toReport({
    ...content(),
    facts: {
      Plan: {
        epochs: 16,
        "base learning rate": 0.000412097519097234,
        seconds: 12345.678,
        seed: 20260101,
      },
    },
  });
  const at = ["It went well.", "<h2>Charts", "<h2>Confusion", "<h2>Plan"]
    .map((part) => html.indexOf(part));
  assertEquals(at, at.toSorted((a, b) => a - b));
  assertEquals(at.includes(-1), false);
  for (
    const [name, told] of [
      ["epochs", "16"],
      ["base learning rate", "0.000412"],
      ["seconds", "12346"],
      ["seed", "20260101"],
    ]
  ) {
    assertStringIncludes(html, `<th scope="row">${name}</th><td>${told}</td>`);
  }
});

Deno.test("toReport() leaves out what is not given", async () => {
  const html = await toReport({ title: "Nothing yet" });
  assertEquals(html.includes("<h2>"), false);
  assertEquals(html.includes("<script"), false);
});

Deno.test("toReport() shows the pixels of the samples as they are", async () => {
  const html = await toReport(content());
  const [, base64] = /src="data:image\/png;base64,([^"]+)"/.exec(html)!;
  const picture = decodePng(Uint8Array.fromBase64(base64));
  assertEquals([picture.width, picture.height], [2, 1]);
  assertEquals([picture.at(0, 0), picture.at(1, 0)], ["#ff0000", "#008000"]);
});

Deno.test("toReport() gives the same bytes each time", async () => {
  assertEquals(await toReport(content()), await toReport(content()));
});

Deno.test("toReport() refuses pixels that do not fit their shape", async () => {
  const sample = { label: "a", predicted: "a", pixels: new Uint8Array(5) };
  await assertRejects(
    async () =>
      await toReport({
        title: "a",
        samples: [{ ...sample, shape: [1, 2, 3] }],
      }),
    RangeError,
    "current value is 5 values",
  );
});

Deno.test("toReport() escapes whatever a confusion matrix holds", async () => {
  const html = await toReport({
    title: "x",
    classification: {
      classNames: ["a"],
      confusion: [["<script>alert(1)</script>" as unknown as number]],
      classes: [{ precision: 1, recall: 1, f1: 1, support: 1 }],
      accuracy: 1,
    },
  });
  assert(!html.includes("<script>alert"));
});
