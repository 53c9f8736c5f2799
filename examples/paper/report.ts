import { type Chart, comparisonChart, toSvg } from "@clr/clr/plots";
import { writeFile } from "@clr/clr/command";
import { checkResult } from "./_check_result.ts";
import {
  COMPARISON_HEAD,
  comparisonFinding,
  comparisonLines,
} from "./_comparison_table.ts";
import {
  type Group,
  meanOf,
  type Section,
  sectionsOf,
  shortName,
  withoutLosers,
} from "./_sections.ts";
import { describeFoundBounds, describeRate } from "./describe_rate.ts";
import { type PaperRow, ROWS, titleOf } from "./rows.ts";
import type { RowResult } from "./row_result.ts";

/**
 * A finished run's result, from its file.
 *
 * @throws {SyntaxError} If it is none; the message names what is wrong.
 */
export async function readResult(path: string): Promise<RowResult> {
  const value = parse(path, await Deno.readTextFile(path));
  return checkResult(path, value);
}

/**
 * Every result in `folder`, and nothing else that lies there.
 *
 * @throws {SyntaxError} If a file is no JSON, or a result that lacks something.
 */
export async function readResults(folder: string): Promise<RowResult[]> {
  const results: RowResult[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (!isFile || !name.endsWith(".json")) continue;
      const path = `${folder}/${name}`;
      const value = parse(path, await Deno.readTextFile(path));
      const row = Object(value).row;
      if (ROWS.some(({ id }) => id === row)) {
        results.push(checkResult(path, value));
      }
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return results.sort((a, b) => a.seed - b.seed || a.scale - b.scale);
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(
      `Cannot read ${path} as it must be JSON: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** Mean and, from two runs on, standard deviation: "81.4 ± 0.3". */
export function meanAndSpread(values: readonly number[]): string {
  const mean = meanOf(values);
  if (values.length === 1) return mean.toFixed(1);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) /
    (values.length - 1);
  return `${mean.toFixed(1)} ± ${Math.sqrt(variance).toFixed(1)}`;
}

function table(
  head: readonly string[],
  lines: readonly (readonly (string | number)[])[],
): string {
  return [head, head.map(() => "---"), ...lines].map((cells) =>
    `| ${
      cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")
    } |`
  ).join("\n");
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

function describeData(data: RowResult["data"]): string {
  const { name, origin, note, trainImages, testImages, curveImages } = data;
  return `${name}, ${note ?? origin}, ${trainImages}/${testImages} images` +
    (curveImages === undefined ? "" : `, ${curveImages} of them on the way`);
}

function describeSettings({ groups }: Section): string {
  const { model, scale, data, backend, device } = groups[0].runs[0];
  return `${model} on ${describeData(data)}; scale ${scale}; ` +
    `${backend}, ${device}`;
}

/** What the table gives of a row itself. */
function publishedCells(row: PaperRow): (string | number)[] {
  const { id, where, rate, published, iterations } = row;
  return [id, where, describeRate(rate), published ?? "–", iterations];
}

const PUBLISHED = [
  "row",
  "where",
  "learning rate",
  "published %",
  "iterations",
];

function measuredCells({ runs }: Group): (string | number)[] {
  const diverged = runs.filter((run) => run.diverged).length;
  return [
    meanAndSpread(runs.map(({ accuracy }) => accuracy)) +
    (diverged > 0 ? ` (${diverged} diverged)` : ""),
    runs[0].iterations,
    runs.map(({ seed }) => seed).join(", "),
    duration(meanOf(runs.map(({ seconds }) => seconds))),
  ];
}

function notesOf(rows: readonly PaperRow[]): string {
  const notes = Map.groupBy(
    rows.filter(({ note }) => note !== undefined),
    ({ note }) => note!,
  );
  return [...notes].map(([note, rows]) =>
    `- ${nameRows(rows.map(({ id }) => id))}: ${note}.`
  ).join("\n");
}

/**
 * The rows that were run, published beside measured, then those that were not,
 * as Markdown. No figure appears in it that is not in `results` or published.
 *
 * @param chartsOf The files of a section's charts, to be shown below its table.
 */
export function reportMarkdown(
  results: readonly RowResult[],
  chartsOf: (section: number) => readonly string[] = () => [],
): string {
  const sections = sectionsOf(results).map((section, i) => {
    const charts = chartsOf(i).map((path) =>
      `![Test accuracy over the iterations](${path})`
    );
    const { family, groups } = section;
    const comparisons = comparisonLines(section);
    const finding = comparisonFinding(section);
    return [
      `## ${titleOf(family)}`,
      `${describeSettings(section)}.`,
      table(
        [...PUBLISHED, "measured %", "iterations here", "seeds", "time a run"],
        groups.map((group) => [
          ...publishedCells(group.row),
          ...measuredCells(group),
        ]),
      ),
      notesOf([...new Set(groups.map(({ row }) => row))]),
      ...groups.flatMap(({ row, runs }) => {
        const bounds = describeFoundBounds(runs);
        return bounds ? [`Found for ${row.id}: ${bounds}.`] : [];
      }),
      ...(comparisons.length > 0
        ? [
          `### Beside the controls`,
          finding === undefined ? "" : `${finding}.`,
          table(COMPARISON_HEAD, comparisons),
        ]
        : []),
      ...charts,
    ].filter((part) => part !== "").join("\n\n");
  });
  const others = ROWS.filter(({ id }) =>
    !results.some(({ row }) => row === id)
  );
  const notRun = [
    "## Not run",
    table(
      [...PUBLISHED, "measured %"],
      others.map((row) => [
        ...publishedCells(row),
        row.dataset === "imagenet" ? "needs ImageNet" : "not run",
      ]),
    ),
    notesOf(others),
  ].join("\n\n");
  return `# The paper's results, published and measured

Test accuracies after the last iteration. "Measured" is the mean over the seeds
with their standard deviation. At a scale below 1, iterations and step sizes are
that part of the published ones: such a figure is not comparable with the
published one, only with others of the same scale.

"Beside the controls" compares a row with the fixed rate of its source and with
the best fixed rate of a search, over the seeds of both, which began with the
same weights and saw the same batches: differences in points of a percent with
their 95 % interval (paired t). An accuracy counts as reached at the first of two
tests in a row that have it. "On the way" is the mean difference of the curves
up to the end of the shorter one.

${[...sections, ...(others.length > 0 ? [notRun] : [])].join("\n\n")}
`;
}

/** What a chart can tell apart. */
const MAX_CURVES = 7;

/** The test accuracies of a group on the way, averaged over its seeds. */
function curveOf({ row, runs }: Group) {
  const [{ epochHistory: { iterations } }] = runs;
  return {
    name: shortName(row),
    history: { iterations },
    epochHistory: {
      iterations,
      val_acc: iterations.map((_, i) =>
        meanOf(runs.map(({ epochHistory }) => epochHistory.val_acc[i]))
      ),
    },
  };
}

/** Which seeds the curves are means of, and which curves are of fewer. */
function describeSeeds(groups: readonly Group[]): string {
  const seeds = new Set(groups.flatMap(({ runs }) => runs.map((r) => r.seed)));
  const fewer = groups.filter(({ runs }) => runs.length < seeds.size)
    .map(({ row, runs }) =>
      `${shortName(row)}: ${runs.map((r) => r.seed).join(", ")}`
    );
  return `${seeds.size === 1 ? "seed" : "mean of seeds"} ${
    [...seeds].join(", ")
  }${fewer.length > 0 ? ` (${fewer.join("; ")})` : ""}`;
}

/**
 * The charts of a section: one for every few rows that have a curve, which share
 * them out evenly, so that none is left with a single one.
 */
function chartsOf(section: Section): { name: string; chart: Chart }[] {
  const curves = withoutLosers(section).filter(({ runs }) =>
    runs[0].epochHistory.iterations.length > 1
  );
  const { model, scale, data, backend } = section.groups[0].runs[0];
  if (curves.length < 2) return [];
  const count = Math.ceil(curves.length / MAX_CURVES);
  const name =
    `${section.family}_${model}_scale-${scale}_${data.name.toLowerCase()}`;
  return Array.from({ length: count }, (_, i) => {
    const shown = curves.slice(
      Math.ceil(i * curves.length / count),
      Math.ceil((i + 1) * curves.length / count),
    );
    return {
      name: i === 0 ? name : `${name}-${i + 1}`,
      chart: comparisonChart(shown.map(curveOf), {
        metric: "val_acc",
        title: i === 0 ? comparisonFinding(section) : undefined,
        origin: `${model}, ${describeData(data)}, scale ${scale}, ${
          describeSeeds(shown)
        }, ${backend}${
          count > 1 ? `, rows of picture ${i + 1} of ${count}` : ""
        }`,
      }),
    };
  });
}

/** The charts of each table that has at least two rows run alike. */
export function reportCharts(
  results: readonly RowResult[],
): { name: string; chart: Chart }[] {
  return sectionsOf(results).flatMap(chartsOf);
}

/** Writes `report.md` and its charts into `folder`, and gives their paths. */
export async function writeReport(folder: string): Promise<string[]> {
  const results = await readResults(folder);
  const paths: string[] = [];
  const files: string[][] = [];
  for (const section of sectionsOf(results)) {
    const charts = chartsOf(section);
    for (const { name, chart } of charts) {
      const path = `${folder}/${name}.svg`;
      await writeFile(path, await toSvg(chart));
      paths.push(path);
    }
    files.push(charts.map(({ name }) => `${name}.svg`));
  }
  await writeFile(
    `${folder}/report.md`,
    reportMarkdown(results, (section) => files[section]),
  );
  return [`${folder}/report.md`, ...paths];
}
