/// <reference lib="dom" />

import { type Chart, toSvg } from "@clr/clr/plots";

/** Beside the plotting area there are the labels of the axis. */
const LABELS = 84;
const WIDEST = 940;
/** Narrower, a legend in one line would be wider than all else. */
const NARROW = 420;
const IN_TWO_COLUMNS = { columns: 2 };

/** A chart with what holds for all of it. */
type Configured = Chart & { readonly config?: { readonly legend?: object } };

/** The figures that are being drawn, and whether to draw them once more. */
const drawn = new WeakMap<HTMLElement, { again: boolean }>();

/**
 * Draws a chart as wide as its figure, under its words as text of the page: these
 * then break where the page is narrow. Called while it draws, it draws once more.
 *
 * @param chart Asked when it is drawn, so that charts which come faster than they
 * can be drawn cost nothing; none draws nothing.
 */
export async function drawChart(
  figure: HTMLElement,
  chart: () => Chart | undefined,
): Promise<void> {
  const busy = drawn.get(figure);
  if (busy) {
    busy.again = true;
    return;
  }
  const drawing = { again: true };
  drawn.set(figure, drawing);
  try {
    while (drawing.again) {
      // Until then the page hears what has come meanwhile, and takes clicks.
      await new Promise(requestAnimationFrame);
      drawing.again = false;
      const current = chart();
      if (current) await draw(figure, current);
    }
  } finally {
    drawn.delete(figure);
  }
}

async function draw(figure: HTMLElement, chart: Chart): Promise<void> {
  const width = Math.max(200, Math.min(WIDEST, figure.clientWidth - LABELS));
  const { title, config, ...rest } = chart as Configured;
  const sized = {
    ...rest,
    config: width < NARROW
      ? { ...config, legend: { ...config?.legend, ...IN_TWO_COLUMNS } }
      : config,
    ...(rest.vconcat
      ? { vconcat: rest.vconcat.map((panel) => ({ ...panel, width })) }
      : { width }),
  } as unknown as Chart;
  const svg = await toSvg(sized);
  const caption = document.createElement("figcaption");
  const heading = document.createElement("h3");
  heading.textContent = title.text.join(" ");
  const origin = document.createElement("p");
  // What to do next, the page says itself.
  const end = title.subtitle.findIndex((line) => line.startsWith("Next: "));
  const lines = end < 0 ? title.subtitle : title.subtitle.slice(0, end);
  origin.textContent = lines.join(" ");
  caption.append(heading, origin);
  const picture = document.createElement("div");
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", chart.description);
  picture.innerHTML = svg;
  figure.replaceChildren(caption, picture);
}
