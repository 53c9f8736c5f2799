import { type Chart, comparisonChart, toSvg } from "@clr/clr/plots";
import { writeFile } from "../../src/_write_file.ts";
import { describeRate } from "./rate.ts";
import { type PaperRow, ROWS } from "./rows.ts";
import type { RowResult } from "./run_row.ts";

/** Every result in `folder`, and nothing else that lies there. */
export async function readResults(folder: string): Promise<RowResult[]> {
  const results: RowResult[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (!isFile || !name.endsWith(".json")) continue;
      const value = parse(
        `${folder}/${name}`,
        await Deno.readTextFile(`${folder}/${name}`),
      );
      if (ROWS.some(({ id }) => id === value?.row)) results.push(value);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return results.sort((a, b) => a.seed - b.seed || a.scale - b.scale);
}

function parse(path: string, text: string) {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(
      `Cannot read ${path} as it must be JSON: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** Runs that differ in nothing but the seed. */
interface Group {
  readonly row: PaperRow;
  readonly runs: readonly RowResult[];
}

function groupsOf(row: PaperRow, results: readonly RowResult[]): Group[] {
  const groups = new Map<string, RowResult[]>();
  for (const result of results.filter(({ row: id }) => id === row.id)) {
    const { model, optimizer, scale, iterations, data, rate } = result;
    const { backend, device } = result;
    const key = JSON.stringify([
      model,
      optimizer,
      scale,
      iterations,
      data,
      backend,
      device,
      rate,
    ]);
    groups.set(key, [...groups.get(key) ?? [], result]);
  }
  return [...groups.values()].map((runs) => ({ row, runs }));
}

/** Mean and, from two runs on, standard deviation: "81.4 ± 0.3". */
export function meanAndSpread(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return mean.toFixed(1);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) /
    (values.length - 1);
  return `${mean.toFixed(1)} ± ${Math.sqrt(variance).toFixed(1)}`;
}

function line(cells: readonly (string | number)[]): string {
  return `| ${
    cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")
  } |`;
}

/** Ids in the order of the rows: the first, and up to which it goes on. */
function nameRows(ids: readonly string[]): string {
  return ids.length < 3 ? ids.join(" and ") : `${ids[0]} to ${ids.at(-1)}`;
}

/** A length of time in the unit that suits it. */
function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/**
 * Every row as a Markdown table: published, measured, or that it was not run.
 * No figure appears in it that is not in `results` or published.
 */
export function reportMarkdown(results: readonly RowResult[]): string {
  const lines = [
    line([
      "row",
      "where",
      "learning rate",
      "published %",
      "after iterations",
      "measured %",
      "seeds",
      "scale",
      "iterations",
      "network",
      "data",
      "backend",
      "time a run",
    ]),
    line(Array(13).fill("---")),
  ];
  const notes = new Map<string, string[]>();
  for (const row of ROWS) {
    if (row.note) {
      notes.set(row.note, [...notes.get(row.note) ?? [], row.id]);
    }
    const head = [
      row.id,
      row.where,
      describeRate(row.rate),
      row.published ?? "–",
      row.iterations,
    ];
    const groups = groupsOf(row, results);
    if (groups.length === 0) {
      const why = row.dataset === "imagenet" ? "needs ImageNet" : "not run";
      lines.push(line([...head, why, ...Array(7).fill("")]));
    }
    for (const { runs } of groups) {
      const [{ scale, iterations, model, data, backend, device }] = runs;
      const diverged = runs.filter((run) => run.diverged).length;
      const seconds = runs.reduce((sum, run) => sum + run.seconds, 0);
      lines.push(line([
        ...head,
        meanAndSpread(runs.map(({ accuracy }) => accuracy)) +
        (diverged > 0 ? ` (${diverged} diverged)` : ""),
        runs.map(({ seed }) => seed).join(", "),
        scale,
        iterations,
        model,
        describeData(data),
        `${backend}, ${device}`,
        duration(seconds / runs.length),
      ]));
    }
  }
  return `# The paper's results, published and measured

Test accuracies after the last iteration. "Measured" is the mean over the seeds
with their standard deviation. At a scale below 1, iterations and step sizes are
that part of the published ones: such a figure is not comparable with the
published one, only with others of the same scale.

${lines.join("\n")}

What the sources leave open:

${[...notes].map(([note, ids]) => `- ${nameRows(ids)}: ${note}.`).join("\n")}
`;
}

function describeData(data: RowResult["data"]): string {
  const { name, origin, note, trainImages, testImages } = data;
  return `${name}, ${note ?? origin}, ${trainImages}/${testImages} images`;
}

/** What a chart can tell apart. */
const MAX_CURVES = 7;

/** A chart for each table or figure with at least two rows run alike. */
export function reportCharts(
  results: readonly RowResult[],
): { name: string; chart: Chart }[] {
  const charts: { name: string; chart: Chart }[] = [];
  const families = new Map<string, RowResult[]>();
  for (const result of results) {
    if (result.epochHistory.iterations.length < 2) continue;
    const { data, scale, model } = result;
    const family = result.row.split("-")[0];
    const key = JSON.stringify([family, scale, model, data]);
    const runs = families.get(key) ?? [];
    // The results are in the order of their seeds: the first seed of each row.
    if (!runs.some(({ row }) => row === result.row)) runs.push(result);
    families.set(key, runs);
  }
  for (const runs of families.values()) {
    const ordered = ROWS.flatMap(({ id }) =>
      runs.filter(({ row }) => row === id)
    );
    for (let from = 0; from < ordered.length; from += MAX_CURVES) {
      const shown = ordered.slice(from, from + MAX_CURVES);
      if (shown.length < 2) continue;
      const [{ row, scale, model, data }] = shown;
      const part = from === 0 ? "" : `-${1 + from / MAX_CURVES}`;
      charts.push({
        name: `${
          row.split("-")[0]
        }_${model}_scale-${scale}_${data.name.toLowerCase()}${part}`,
        chart: comparisonChart(
          shown.map(({ row, epochHistory }) => ({
            name: row.slice(row.indexOf("-") + 1),
            history: { iterations: epochHistory.iterations },
            epochHistory,
          })),
          {
            metric: "val_acc",
            origin: `${model}, ${describeData(data)}, scale ${scale}, seed ${
              shown[0].seed
            }, ${shown[0].backend}`,
          },
        ),
      });
    }
  }
  return charts;
}

/** Writes `report.md` and its charts into `folder`, and gives their paths. */
export async function writeReport(folder: string): Promise<string[]> {
  const results = await readResults(folder);
  const paths: string[] = [];
  let markdown = reportMarkdown(results);
  for (const { name, chart } of reportCharts(results)) {
    const path = `${folder}/${name}.svg`;
    await writeFile(path, await toSvg(chart));
    markdown += `\n![Test accuracy over the iterations](${name}.svg)\n`;
    paths.push(path);
  }
  await writeFile(`${folder}/report.md`, markdown);
  return [`${folder}/report.md`, ...paths];
}
