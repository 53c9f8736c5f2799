import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  meanAndSpread,
  readResults,
  reportCharts,
  reportMarkdown,
  writeReport,
} from "../../../examples/paper/report.ts";
import { ROWS } from "../../../examples/paper/rows.ts";
import type { RowResult } from "../../../examples/paper/row_result.ts";
import { tempDir } from "../../_folder.ts";

function result(row: string, seed: number, accuracy: number): RowResult {
  return {
    row,
    model: "cifar10_full",
    optimizer: "momentum",
    scale: 0.02,
    seed,
    iterations: 500,
    batchSize: 100,
    rate: "triangular",
    accuracy,
    bestAccuracy: accuracy,
    diverged: false,
    epochHistory: {
      iterations: [250, 500],
      val_acc: [0.2, accuracy / 100],
      loss: [2.1, 1.8],
    },
    data: {
      name: "CIFAR-10",
      origin: "synthetic",
      trainImages: 50,
      testImages: 10,
    },
    backend: "wasm",
    device: "WASM SIMD, 2 threads",
    seconds: 60,
    versions: {},
    finished: "2030-01-01T00:00:00Z",
  };
}

Deno.test("meanAndSpread() gives the mean and, of several, the deviation", () => {
  assertEquals(meanAndSpread([81.44]), "81.4");
  assertEquals(meanAndSpread([80, 82]), "81.0 ± 1.4");
});

Deno.test("reportMarkdown() shows published figures, and measured ones only where a run made them", () => {
  const markdown = reportMarkdown([
    result("table1-decay", 1, 41),
    result("table1-decay", 2, 43),
  ]);
  const rowOf = (id: string) =>
    markdown.split("\n").find((line) => line.startsWith(`| ${id} |`))!
      .split("|").map((cell) => cell.trim());
  for (const { id, dataset } of ROWS) {
    const cells = rowOf(id);
    if (id === "table1-decay") continue;
    assertEquals(
      cells[6],
      dataset === "imagenet" ? "needs ImageNet" : "not run",
    );
    assertEquals(cells.slice(7).join(""), "");
  }
  assertEquals(rowOf("table1-decay").slice(4, 10), [
    "78.5",
    "25000",
    "42.0 ± 1.4",
    "500",
    "1, 2",
    "60 s",
  ]);
  assertStringIncludes(
    markdown,
    "## Table 1\n\ncifar10_full on CIFAR-10, synthetic, 50/10 images; " +
      "scale 0.02; wasm, WASM SIMD, 2 threads.",
  );
});

Deno.test("reportMarkdown() names the bounds that range tests found, by seed", () => {
  const markdown = reportMarkdown([1, 2].map((seed) => ({
    ...result("small-triangular2-found", seed, 41),
    foundBounds: { baseLr: 0.00123456 * seed, maxLr: 0.005 },
  })));
  assertStringIncludes(
    markdown,
    "\nFound for small-triangular2-found: 0.00123–0.005 (seed 1), 0.00247–0.005 (seed 2).\n",
  );
});

Deno.test("reportMarkdown() says how many runs diverged", () => {
  const markdown = reportMarkdown([
    result("table1-decay", 1, 41),
    { ...result("table1-decay", 2, 10), diverged: true },
  ]);
  assertStringIncludes(markdown, "| 25.5 ± 21.9 (1 diverged) |");
});

Deno.test("reportMarkdown() keeps runs of another scale or other data apart", () => {
  const one = result("table1-decay", 1, 41);
  const markdown = reportMarkdown([
    one,
    { ...one, scale: 0.1, accuracy: 60 },
    { ...one, data: { ...one.data, note: "JPEG copy" }, accuracy: 50 },
  ]);
  const lines = markdown.split("\n").filter((l) =>
    l.startsWith("| table1-decay")
  );
  assertEquals(lines.map((line) => line.split(" | ")[5]), [
    "41.0",
    "60.0",
    "50.0",
  ]);
  for (const settings of ["scale 0.02", "scale 0.1", "CIFAR-10, JPEG copy"]) {
    assertStringIncludes(markdown, settings);
  }
});

Deno.test("reportCharts() compares rows that were run alike", () => {
  const results = [
    result("table1-fixed", 1, 40),
    result("table1-decay", 1, 41),
    result("table1-decay", 2, 43),
    { ...result("table1-exp", 1, 50), scale: 0.1 },
    result("table3-adam-fixed", 1, 44),
  ];
  const charts = reportCharts(results);
  assertEquals(charts.map(({ name }) => name), [
    "table1_cifar10_full_scale-0.02_cifar-10",
  ]);
  const text = JSON.stringify(charts[0].chart);
  assertStringIncludes(text, "decay");
  assertStringIncludes(text, "synthetic");
  assertStringIncludes(text, "mean of seeds 1, 2 (fixed: 1)");
  // The decay's two runs end at 0.41 and 0.43.
  assertStringIncludes(text, "0.42");
});

Deno.test("writeReport() reads its results and nothing else from the folder", async () => {
  await using dir = await tempDir();
  assertEquals(await readResults(`${dir.path}/nowhere`), []);
  for (
    const [name, value] of [
      ["a.json", result("table1-fixed", 1, 40)],
      ["b.json", result("table1-decay", 1, 41)],
      ["c.json", { row: "something else" }],
      ["d.json", null],
    ] as const
  ) {
    await Deno.writeTextFile(`${dir.path}/${name}`, JSON.stringify(value));
  }
  const paths = await writeReport(dir.path);
  assertEquals(paths.length, 2);
  const markdown = await Deno.readTextFile(paths[0]);
  assertStringIncludes(markdown, "| 40.0 |");
  assertStringIncludes(markdown, paths[1].slice(dir.path.length + 1));
  assert((await Deno.readTextFile(paths[1])).startsWith("<svg"));
  await Deno.writeTextFile(`${dir.path}/e.json`, "{");
  await assertRejects(() => readResults(dir.path), SyntaxError, "e.json");
});

Deno.test("reportMarkdown() sets a row beside its controls, paired by seed", () => {
  const of = (row: string, accuracies: number[], iterations: number) =>
    accuracies.map((accuracy, i) => ({
      ...result(row, i + 1, accuracy),
      model: "cifar10_quick_small",
      iterations,
      rate: row,
      epochHistory: {
        iterations: [iterations / 2, iterations],
        val_acc: [accuracy / 200, accuracy / 100],
        loss: [2, 1],
      },
    }));
  const markdown = reportMarkdown([
    ...of("small-fixed", [50, 51, 52], 1_400),
    ...of("small-triangular2", [52, 53.2, 53.8], 500),
    ...of("small-step-0.004-25k", [54, 54, 54], 500),
    // Of one seed alone, which no average of three is to be beaten by.
    ...of("small-step-0.008-25k", [60], 500),
    ...of("small-step-0.002-25k", [40, 40, 40], 500),
  ]);
  const cells = (start: string) =>
    markdown.split("\n").find((line) => line.startsWith(start))!
      .split("|").slice(3, 7).map((cell) => cell.trim());
  // Differences 2, 2.2 and 1.8: mean 2, standard error 0.2 / √3, t 4.303.
  assertEquals(cells("| triangular2 | fixed |"), [
    "1, 2, 3",
    "+2.0 (+1.5 to +2.5)",
    "500 of 500",
    "+14.3 (+13.7 to +14.8)",
  ]);
  assertEquals(cells("| triangular2 | step-0.004-25k |")[2], "not reached");
  assertStringIncludes(
    markdown,
    "triangular2 is ahead of fixed, +2.0 (+1.5 to +2.5); not to be told from the best fixed rate of a search, −1.0 (−3.3 to +1.3).",
  );
  assert(!markdown.includes("| step-0.002-25k |"));
  assert(!markdown.includes("| step-0.008-25k |"));
});

Deno.test("reportCharts() states what the table does of rows with controls", () => {
  const of = (row: string, accuracy: number) => [
    result(row, 1, accuracy),
    result(row, 2, accuracy + 1),
  ];
  const [{ chart }] = reportCharts(
    ["small-fixed", "small-triangular2", "small-step-0.004-25k"]
      .flatMap((row, i) => of(row, 50 + i)),
  );
  assertStringIncludes(
    JSON.stringify(chart),
    "triangular2 is ahead of fixed, +1.0 (+1.0 to +1.0); behind the best fixed rate of a search, −1.0 (−1.0 to −1.0)",
  );
});

Deno.test("reportCharts() shows each row once, however many there are", () => {
  const ids = ROWS.filter(({ id }) => id.startsWith("table1-"))
    .map(({ id }) => id);
  assert(ids.length > 7);
  for (let count = 2; count <= ids.length; count++) {
    const charts = reportCharts(
      ids.slice(0, count).map((id, i) => result(id, 1, 40 + i)),
    );
    assertEquals(charts.length, Math.ceil(count / 7));
    const words = charts.map(({ chart }) => JSON.stringify(chart));
    for (const id of ids.slice(0, count)) {
      const name = JSON.stringify(id.replace("table1-", ""));
      const showing = words.filter((text) => text.includes(name));
      assertEquals(showing.length, 1, `${name} of ${count}`);
    }
  }
});
