/// <reference lib="dom" />

/** The page: it asks, starts the worker, and shows what that finds. */

import type { LearningRateRangeData } from "@clr/clr";
import { type Chart, historyChart, rangeChart } from "@clr/clr/plots";
import { element, offer, say, show } from "./elements.ts";
import { drawChart } from "./draw_chart.ts";
import type { BuiltIn, Job, Told } from "./messages.ts";
import { readCsv } from "./read_csv.ts";

/** As many batches as a range test takes at most. */
const TEST_BATCHES = 250;
/** More are not read: they would have to fit in memory several times. */
const MOST_BYTES = 50e6;

const form = element<HTMLFormElement>("#form");
const start = element<HTMLButtonElement>("#start");
const stop = element<HTMLButtonElement>("#stop");
const file = element<HTMLInputElement>("#file");
const progress = element<HTMLProgressElement>("#progress");
const state = element("#state");
const error = element("#error");

let worker: Worker | undefined;
let facts: string[] = [];
/** What is to be drawn, by section. */
const charts = new Map<string, () => Chart>();

function fail(message: string): void {
  error.textContent = message;
  error.hidden = false;
}

/** Draws a chart in a section, and again where the page has another width. */
function drawIn(section: string, chart: () => Chart): void {
  show(section);
  charts.set(section, chart);
  const figure = element(`${section} figure`);
  void drawChart(figure, () => charts.get(section)?.());
}

function formatRate(rate: number): string {
  return String(Number(rate.toPrecision(3)));
}

function showBounds({ baseLr, maxLr, verdict }: LearningRateRangeData): void {
  const list = element("#bounds");
  const shown = [
    ["base rate", baseLr === undefined ? "–" : formatRate(baseLr)],
    ["maximum", maxLr === undefined ? "–" : formatRate(maxLr)],
    ["verdict", verdict],
  ];
  list.replaceChildren(...shown.map(([term, value]) => {
    const pair = document.createElement("div");
    const name = document.createElement("dt");
    const told = document.createElement("dd");
    name.textContent = term;
    told.textContent = value;
    pair.append(name, told);
    return pair;
  }));
  list.hidden = false;
}

/** What is made of all that the worker says. */
const hear: {
  readonly [Type in Told["type"]]: (
    told: Extract<Told, { type: Type }>,
  ) => void;
} = {
  backend({ backend, device, reason }) {
    facts.push(`${backend}: ${device}`);
    say("#facts", facts.join(" · "));
    say("#why p", `${reason}.`);
    show("#why");
  },
  data({ summary, network }) {
    facts = [summary, network, ...facts];
    say("#facts", facts.join(" · "));
    state.textContent = "Testing rates";
  },
  testing({ batches, range }) {
    progress.value = 0.4 * batches / TEST_BATCHES;
    const title = `${batches} batches, at rates up to ${
      formatRate(range.learningRates.at(-1) ?? 0)
    }`;
    drawIn("#range", () => rangeChart(range, { title }));
  },
  range({ range }) {
    progress.value = 0.4;
    state.textContent = "Training";
    showBounds(range);
    say("#range .words", range.advice);
    drawIn("#range", () => rangeChart(range));
    offer("#range", "lr_range.json", range);
  },
  training({ history, epochHistory, iterations }) {
    if (history.iterations.length === 0) return;
    progress.value = 0.4 + 0.6 * history.iterations.length / iterations;
    drawIn("#training", () => historyChart({ history, epochHistory }));
    offer("#training", "history.json", { history, epochHistory });
  },
  done({ result, code }) {
    if (code !== "") {
      show("#training");
      say("#training .words", result);
      say("#code code", code);
      show("#code");
    }
    end(code === "" ? "No training, as there are no bounds" : "Done", 1);
  },
  failed({ message }) {
    fail(message);
    end("It failed");
  },
};

/** Ends the worker, whatever it does, and with it its threads. */
function end(how: string, share = progress.value): void {
  worker?.terminate();
  worker = undefined;
  state.textContent = how;
  progress.value = share;
  start.disabled = false;
  stop.disabled = true;
}

function begin(job: Job): void {
  end("Loading", 0);
  facts = [];
  charts.clear();
  error.hidden = true;
  for (const section of ["#range", "#training"]) {
    show(section, false);
    say(`${section} .words`, "");
    element(`${section} figure`).replaceChildren();
    show(`${section} .save`, false);
  }
  for (const part of ["#bounds", "#code", "#why"]) show(part, false);
  say("#facts", "");
  show("#run");
  start.disabled = true;
  stop.disabled = false;
  worker = new Worker("worker.js", { type: "module" });
  worker.onmessage = ({ data }: MessageEvent<Told>) => {
    // One key of a union for its own function, which types cannot follow.
    (hear[data.type] as (told: Told) => void)(data);
  };
  worker.onerror = ({ message }) => {
    hear.failed({
      type: "failed",
      message: message || "The worker cannot load",
    });
  };
  worker.postMessage(job);
}

async function chosenData(): Promise<Job["data"]> {
  const value = new FormData(form).get("data");
  if (value !== "file") return value as BuiltIn;
  const [chosen] = file.files ?? [];
  if (chosen === undefined) {
    file.focus();
    throw new TypeError("Choose a CSV file first, or drop one here.");
  }
  if (chosen.size > MOST_BYTES) {
    throw new TypeError(
      `Cannot read the data as the file must have 50 MB or less: current value is ${
        (chosen.size / 1e6).toFixed(0)
      } MB`,
    );
  }
  return { name: chosen.name, text: await chosen.text() };
}

/** Says what a file holds, or what is wrong with it, as soon as it is chosen. */
async function look(): Promise<void> {
  error.hidden = true;
  const [chosen] = file.files ?? [];
  if (chosen === undefined) return;
  try {
    const data = await chosenData();
    if (typeof data === "string") return;
    const { rows, width, classes } = readCsv(data.text);
    say(
      "#file-name",
      `${data.name}: ${rows} rows of ${width} numbers, ${
        classes ? `${classes.length} classes` : "an amount to predict"
      }`,
    );
  } catch (fault) {
    say("#file-name", chosen.name);
    fail((fault as Error).message);
  }
}

function chooseFile(): void {
  element<HTMLInputElement>("#own input").checked = true;
  show("#file-row");
}

form.onsubmit = async (event) => {
  event.preventDefault();
  start.disabled = true;
  try {
    begin({
      data: await chosenData(),
      backend: element<HTMLSelectElement>("#backend").value as Job["backend"],
      optimizer: element<HTMLSelectElement>("#optimizer")
        .value as Job["optimizer"],
      epochs: element<HTMLInputElement>("#epochs").valueAsNumber,
    });
  } catch (fault) {
    start.disabled = false;
    fail((fault as Error).message);
  }
};
form.onchange = () => {
  show("#file-row", new FormData(form).get("data") === "file");
};
file.onchange = look;
// A file that was mended and is chosen again is a change too.
file.onclick = () => file.value = "";
stop.onclick = () => end("Stopped");
addEventListener(
  "resize",
  () => charts.forEach((chart, section) => drawIn(section, chart)),
);

document.body.ondragover = (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
};
document.body.ondragleave = () => document.body.classList.remove("dropping");
document.body.ondrop = (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  if (!event.dataTransfer?.files.length) return;
  file.files = event.dataTransfer.files;
  chooseFile();
  void look();
};

element("#copy").onclick = async () => {
  await navigator.clipboard.writeText(element("#code code").textContent ?? "");
  say("#copied", "Copied.");
  setTimeout(() => say("#copied", ""), 2000);
};
