import { assert, assertEquals, assertThrows } from "@std/assert";
import { listRows, tasksOf } from "../../../examples/paper.ts";
import { ROWS, selectRows } from "../../../examples/paper/rows.ts";

Deno.test("ROWS has every line of the paper's tables with a name of its own", () => {
  assertEquals(new Set(ROWS.map(({ id }) => id)).size, ROWS.length);
  const of = (place: string) =>
    ROWS.filter(({ where }) => where.split(", ").includes(place));
  const figures = (place: string) =>
    of(place).map(({ published }) => published);
  assertEquals(figures("Table 1"), [
    ...[81.4, 81.4, 78.5, 79.1, 82.2],
    ...[58, 58.4, 56, 56.5, 56.5],
    ...[63, 64.4, 58.2, 60.2],
  ]);
  const [stages] = of("Table 2");
  assert(stages.rate.policy === "stages" && stages.rate.stages.length === 3);
  assertEquals(figures("Table 3"), [
    ...[82.1, 81.3],
    ...[81.4, 79.8, 81.1],
    ...[75.2, 72.8, 75.1],
    ...[74.6, 76],
    ...[67.3, 67.3],
  ]);
  assertEquals(
    of("Table 3").map(({ rate, iterations }) => [rate.policy, iterations]),
    [2, 3, 3, 2, 2].flatMap((rows) =>
      [
        ["fixed", 70_000],
        ["triangular", 25_000],
        ["triangular", 70_000],
      ].slice(0, rows)
    ),
  );
  assertEquals(of("Table 4").length, 3 * 2 * 4);
  assertEquals(figures("Figure 4"), [79.1, 82.2]);
  assertEquals(of("Figure 5").length, 5);
  assertEquals(figures("Figure 6"), [60.8, 72.2]);
  assertEquals(of("Figure 3").length, 1);
  assertEquals(figures("section 4.1.2"), [91.67, 92.17, 92.46, 93.33]);
  assertEquals(of("section 3.1").length, 2);
  assertEquals(of("section 3.2").length, 4);
});

Deno.test("ROWS of the successors have their figures", () => {
  const of = (family: string) =>
    selectRows(family).map((
      { published, iterations },
    ) => [published, iterations]);
  assertEquals(of("super"), [
    [91.2, 80_000],
    [92.4, 10_000],
    [71.4, 80_000],
    [80.6, 10_000],
  ]);
  assertEquals(of("onecycle"), [[65.4, 2_450], [66.4, 4_900], [69, 9_800]]);
});

for (const [family, width] of [["small", "a quarter"], ["half", "half"]]) {
  Deno.test(`ROWS of the network of ${width} of the width are those of the paper, with its controls`, () => {
    const rows = selectRows(family);
    const paper = ROWS.filter(({ id, model }) =>
      /^(table1|section3|figure3)-/.test(id) && model === "cifar10_full"
    );
    for (const { id, rate, iterations } of paper) {
      const beside = rows.find((row) =>
        row.id === `${family}-${id.slice(id.indexOf("-") + 1)}`
      )!;
      assertEquals([beside.rate, beside.iterations], [rate, iterations]);
      assertEquals(beside.published, undefined);
    }
    assertEquals(
      rows.filter(({ control }) => control).map(({ id }) => id),
      [
        ...["25k", "70k"].flatMap((length) =>
          [0.001, 0.002, 0.004, 0.008, 0.016].map((lr) =>
            `${family}-step-${lr}-${length}`
          )
        ),
        `${family}-linear`,
        `${family}-cosine`,
      ],
    );
  });
}

Deno.test("ROWS of the small MiniGoogLeNet have the tutorials' rates, with a fixed one and controls", () => {
  const rows = selectRows("minigooglenet");
  for (const mode of ["triangular", "triangular2"]) {
    const [{ rate, iterations, batchSize }] = selectRows(
      `tutorial-cifar10-${mode}`,
    );
    const beside = rows.find(({ id }) => id === `minigooglenet-${mode}`)!;
    assertEquals(
      [beside.rate, beside.iterations, beside.batchSize, beside.published],
      [rate, iterations, batchSize, undefined],
    );
  }
  assertEquals(rows.filter(({ control }) => control).length, 4);
  assertEquals(new Set(rows.map(({ iterations }) => iterations)).size, 1);
});

Deno.test("ROWS of ImageNet are those that need it", () => {
  for (const { dataset, model } of ROWS) {
    assertEquals(
      dataset === "imagenet",
      model === "alexnet" || model === "googlenet",
    );
  }
});

Deno.test("selectRows() takes ids, beginnings of ids and commas", () => {
  const ids = (selection: string) => selectRows(selection).map(({ id }) => id);
  assertEquals(ids("table1-exp"), ["table1-exp"]);
  assertEquals(ids("figure6"), ["figure6-fixed", "figure6-triangular"]);
  assertEquals(ids("table3-adam,table1-decay"), [
    "table3-adam-fixed",
    "table3-adam-triangular-25k",
    "table3-adam-triangular-70k",
    "table1-decay",
  ]);
  for (const name of ["table9", "table", ""]) {
    assertThrows(() => ids(name), RangeError, "id of --list");
  }
});

Deno.test("listRows() has a line of at most 80 columns for every row", () => {
  const lines = listRows().split("\n");
  assert(lines.every((line) => line.length <= 80));
  for (const { id } of ROWS) {
    assertEquals(
      lines.filter((line) => line.trim().startsWith(`${id} `)).length,
      1,
    );
  }
  assert(listRows().includes("needs ImageNet"));
});

Deno.test("ROWS that go on from another name one of the same data and network", () => {
  const going = ROWS.filter(({ continues }) => continues !== undefined);
  assertEquals(going.map(({ id }) => id), ["tutorial-mnist-triangular"]);
  for (const row of going) {
    const first = ROWS.find(({ id }) => id === row.continues)!;
    assertEquals([row.dataset, row.model], [first.dataset, first.model]);
    assertEquals(first.continues, undefined);
  }
});

Deno.test("tasksOf() has ImageNet's rows where --data is a folder of its layout", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const count = (data?: string) =>
      tasksOf("table1", { seed: 1, seeds: 1, data })
        .filter(({ row }) => row.dataset === "imagenet").length;
    assertEquals([undefined, "synthetic", folder].map(count), [0, 0, 0]);
    await Deno.mkdir(`${folder}/train`);
    assertEquals(count(folder), 9);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
