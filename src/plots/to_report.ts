import {
  checkData,
  count as wholeNumber,
  listOf,
  mapOf,
  optional,
  record,
  text,
  that,
} from "../runtime/check_data.ts";
import { checkKind } from "../runtime/check_given.ts";
import { toBase64 } from "../runtime/base64.ts";
import { formatRate } from "../metrics/format_rate.ts";
import { count, percent } from "./look/format.ts";
import { escapeHtml, figure, page } from "./page/page.ts";
import { pngImage } from "./_png_image.ts";
import type { Chart } from "./look/grammar.ts";

/** How well the classes were told apart, class by class. */
export interface ReportClassification {
  /** The names of the classes, in the order of their indices. */
  readonly classNames: readonly string[];
  /** `confusion[label][prediction]` counts the examples. */
  readonly confusion: readonly (readonly number[])[];
  /** The scores by class index, as fractions, and the number of examples. */
  readonly classes: readonly {
    /** Of what was predicted as this class, the fraction that is. */
    readonly precision: number;
    /** Of what is this class, the fraction predicted as it. */
    readonly recall: number;
    /** The harmonic mean of both. */
    readonly f1: number;
    /** How many examples are of this class. */
    readonly support: number;
  }[];
  /** The fraction of examples predicted right. */
  readonly accuracy: number;
}

/** An image with what it is and what the model took it for. */
export interface ReportSample {
  /** Pixels 0–255: row, column, channel. */
  readonly pixels: Uint8Array;
  /** Height, width and channels (1 grey, 3 colours). */
  readonly shape: readonly [height: number, width: number, channels: number];
  /** The name of its class. */
  readonly label: string;
  /** The name of the class predicted. */
  readonly predicted: string;
  /** The probability that the model gave its prediction, 0 to 1. */
  readonly confidence?: number;
}

/** What goes into a report; what is left out has no section. */
export interface ReportContent {
  /** What was done, in a few words. */
  readonly title: string;
  /** What came of it, in a sentence or two. */
  readonly summary?: string;
  /**
   * Tables of named values by their heading, such as
   * `{ Plan: { epochs: 16 }, Device: { backend: "wasm" } }`.
   */
  readonly facts?: {
    readonly [heading: string]: {
      readonly [name: string]: string | number | boolean;
    };
  };
  /** The charts, in order. */
  readonly charts?: readonly Chart[];
  /** The result on the test data; a `classificationReport` has it all. */
  readonly classification?: ReportClassification;
  /** Images of the test data with their predictions. */
  readonly samples?: readonly ReportSample[];
}

const value = that(
  "be text, a number or a truth value",
  (value) => ["string", "number", "boolean"].includes(typeof value),
);

const list = that("be a list", Array.isArray);
const number = that("be a number", (value) => typeof value === "number");

/** What the parts of a report must have; the title and the charts say it. */
const CONTENT = record({
  summary: optional(text),
  facts: optional(mapOf(mapOf(value))),
  classification: optional(record({
    classNames: listOf(text),
    classes: listOf(
      record({
        precision: number,
        recall: number,
        f1: number,
        support: number,
      }),
    ),
    confusion: listOf(list),
    accuracy: number,
  })),
  samples: optional(listOf(record({
    pixels: that("be bytes", ArrayBuffer.isView),
    shape: listOf(wholeNumber),
    label: text,
    predicted: text,
  }))),
});

const STYLE = `<style>
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:0 40px}
.facts table{width:100%}
.facts td{text-align:right;overflow-wrap:anywhere}
.facts th{font-weight:400;color:var(--muted);white-space:nowrap}
.confusion td,.confusion th{padding:0 4px;border:1px solid var(--background);text-align:center;height:30px;min-width:52px;font-size:12px}
.confusion th[scope=row]{text-align:right;padding-right:10px}
.confusion td{background:color-mix(in srgb,var(--blue) calc(var(--share)*100%),var(--grid));print-color-adjust:exact;-webkit-print-color-adjust:exact}
.confusion td.strong{color:var(--background)}
.samples{display:grid;grid-template-columns:repeat(auto-fill,minmax(104px,1fr));gap:16px 12px;font-size:12px;line-height:1.35}
.samples div{break-inside:avoid}
.samples img{display:block;width:96px;height:96px;image-rendering:pixelated;border:3px solid var(--green);border-radius:4px;margin-bottom:4px}
.samples .wrong img{border:3px dashed var(--orange)}
.samples b{font-weight:600}
.samples span{color:var(--muted)}
.samples b+span{white-space:nowrap}
</style>`;

function row(name: string, cells: readonly string[]): string {
  return `<tr><th scope="row">${escapeHtml(name)}</th>${
    cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("")
  }</tr>`;
}

/** A rate or another fraction in three digits; a large number as a whole. */
function told(value: string | number | boolean): string {
  if (typeof value !== "number" || Number.isInteger(value)) {
    return String(value);
  }
  return Math.abs(value) >= 100 ? String(Math.round(value)) : formatRate(value);
}

function facts(content: ReportContent): string {
  const tables = Object.entries(content.facts ?? {}).map((
    [heading, values],
  ) =>
    `<section><h2>${escapeHtml(heading)}</h2><table>${
      Object.entries(values).map(([name, value]) => row(name, [told(value)]))
        .join("")
    }</table></section>`
  );
  return tables.length ? `<div class="facts">${tables.join("\n")}</div>` : "";
}

function classification(report: ReportClassification): string {
  const { classNames, classes, confusion } = report;
  const head = (cells: readonly string[]) =>
    `<thead><tr><th></th>${
      cells.map((cell) => `<th scope="col">${escapeHtml(cell)}</th>`).join("")
    }</tr></thead>`;
  const numbers = [classNames, classes, confusion, ...confusion]
    .map(({ length }) => length);
  if (new Set(numbers).size > 1) {
    throw new RangeError(
      `Cannot write a report as each class of its classification must have a name, scores, and a row and a column of the confusion matrix: current value is ${classNames.length} names, ${classes.length} scores and rows of ${
        confusion.map(({ length }) => length).join(", ") || "none"
      }`,
    );
  }
  const total = classes.reduce((sum, { support }) => sum + support, 0);
  const scores = classes.map(({ precision, recall, f1, support }, i) =>
    row(classNames[i], [
      precision.toFixed(2),
      recall.toFixed(2),
      f1.toFixed(2),
      count(support),
    ])
  );
  const matrix = confusion.map((counts, i) => {
    const support = Math.max(1, counts.reduce((sum, n) => sum + n, 0));
    const cells = counts.map((n) => {
      const share = n / support;
      return `<td style="--share:${share.toFixed(3)}"${
        share > 0.5 ? ' class="strong"' : ""
      } title="${percent(share)}">${escapeHtml(String(n))}</td>`;
    });
    return `<tr><th scope="row">${escapeHtml(classNames[i])}</th>${
      cells.join("")
    }</tr>`;
  });
  return `<h2>Classification of ${count(total)} test examples</h2>
<p>${percent(report.accuracy)} are right.</p>
<div class="scroll"><table class="scores">${
    head(["precision", "recall", "F1", "examples"])
  }<tbody>${scores.join("")}</tbody></table></div>
<h2>Confusion matrix</h2>
<p>Each row holds the examples of one class, by the class predicted; the darker, the larger the share of the row.</p>
<div class="scroll"><table class="confusion">${head(classNames)}<tbody>${
    matrix.join("")
  }</tbody></table></div>`;
}

async function samples(list: readonly ReportSample[]): Promise<string> {
  const items = await Promise.all(list.map(async (sample) => {
    const right = sample.label === sample.predicted;
    const image = toBase64(await pngImage(sample.pixels, sample.shape));
    const confidence = sample.confidence === undefined
      ? ""
      : ` <span>${percent(sample.confidence)}</span>`;
    return `<div class="${right ? "right" : "wrong"}"><img alt="${
      escapeHtml(sample.label)
    }" src="data:image/png;base64,${image}"><b>${
      escapeHtml(sample.predicted)
    }</b>${confidence}${
      right ? "" : `<br><span>is: ${escapeHtml(sample.label)}</span>`
    }</div>`;
  }));
  return `<h2>Sample predictions</h2>
<p>Solid frames are right, dashed ones wrong.</p>
<div class="samples">${items.join("\n")}</div>`;
}

/**
 * The report of a training run as one page that opens offline: what came of it
 * first, in charts that answer to the pointer, the classification class by
 * class, the confusion matrix and sample images with predictions; then what was
 * planned and on which device.
 * The same content gives the same bytes. Needs `--allow-read`.
 *
 * @throws {RangeError} When a sample's pixels do not fit its shape.
 *
 * @example
 * ```ts
 * import { scheduleChart, toReport } from "@clr/clr/plots";
 *
 * const rate = (iteration: number) => 0.1 / (1 + iteration / 100);
 * const html = await toReport({
 *   title: "A short run",
 *   facts: { Plan: { epochs: 2 }, Device: { backend: "wasm" } },
 *   charts: [scheduleChart(rate, 1000)],
 * });
 * await Deno.writeTextFile(await Deno.makeTempFile({ suffix: ".html" }), html);
 * ```
 */
export async function toReport(content: ReportContent): Promise<string> {
  const given = Object(content) as Partial<ReportContent>;
  const must = "text, in { title, charts, … }";
  checkKind(
    "write a report",
    { name: "title", value: given.title, must },
    typeof given.title === "string",
  );
  const charts = content.charts ?? [];
  checkKind(
    "write a report",
    { name: "charts", value: charts, must: "a list of charts" },
    Array.isArray(charts),
  );
  checkData("write a report", content, CONTENT);
  const parts = [
    STYLE,
    `<h1>${escapeHtml(content.title)}</h1>`,
    content.summary ? `<p>${escapeHtml(content.summary)}</p>` : "",
    charts.length ? "<h2>Charts</h2>" : "",
    ...charts.map((chart, i) => figure(i, chart)),
    content.classification ? classification(content.classification) : "",
    content.samples?.length ? await samples(content.samples) : "",
    facts(content),
  ];
  return page(content.title, parts.filter(Boolean).join("\n"), charts);
}
