import { assertEquals } from "@std/assert";
import {
  datasetsOf,
  type LiveBrowser,
  showFigures,
} from "../../../src/plots/live/_live_script.ts";

const AXIS = { field: "iterations", title: "iteration", log: false } as const;

/** At which iterations the page draws a dot, as no line leads there. */
function lone(loss: (number | null)[]): number[] {
  const iterations = loss.map((_, i) => i + 1);
  const rows = { iterations, lr: loss.map(() => 0.1), loss };
  const state = { rows, epochs: {}, connected: true };
  const drawn = datasetsOf(state, { columns: ["lr", "loss"], axis: AXIS });
  return (drawn.loss as { lone: boolean; iteration: number }[])
    .filter(({ lone }) => lone).map(({ iteration }) => iteration);
}

Deno.test("datasetsOf() marks the values that no line leads to", () => {
  assertEquals(lone([2]), [1]);
  assertEquals(lone([2, 1, 3]), []);
  assertEquals(lone([2, 1, null, null, null, 3, null, null]), [6]);
  assertEquals(lone([null, null]), []);
});

Deno.test("datasetsOf() has validation where there is some", () => {
  const rows = { iterations: [1, 2], lr: [1, 1], loss: [2, 1], acc: [0, 1] };
  const epochs = { iterations: [1, 2], val_loss: [null, 3] };
  const drawn = datasetsOf({ rows, epochs, connected: true }, {
    columns: ["lr", "loss", "acc"],
    axis: AXIS,
  });
  assertEquals(Object.keys(drawn), ["lr", "loss", "loss_epochs", "acc"]);
  assertEquals(drawn.loss_epochs, [{ x: 2, value: 3 }]);
});

/** What the page says above its chart. */
function figures(
  rows: { [name: string]: (number | null)[] },
  { iterations, ended }: { iterations?: number; ended: boolean },
) {
  const elements: { [id: string]: ReturnType<typeof element> } = {};
  const element = () => ({
    clientWidth: 0,
    dataset: {} as Record<string, string>,
    style: { width: "" },
    textContent: "",
    querySelector: () => ({ clientWidth: 0 }),
  });
  const document = {
    title: "",
    getElementById: (id: string) => elements[id] ??= element(),
  };
  const state = ended ? "ended" as const : "running" as const;
  showFigures(
    { document } as unknown as LiveBrowser,
    {
      rows,
      epochs: {},
      connected: true,
      status: { state, message: "", facts: {} },
    },
    iterations,
  );
  const text = (id: string) => elements[id].textContent;
  return {
    state: text("state"),
    iteration: text("iteration"),
    metrics: text("metrics"),
    progress: elements.progress.style.width,
  };
}

Deno.test("showFigures() writes numbers and metrics as the chart does, and no more progress than there was", () => {
  const rows = { iterations: [1000], lr: [0.1], loss: [null], acc: [0.9212] };
  const metrics = "loss NaN · accuracy 92.1 %";
  assertEquals(figures(rows, { iterations: 4000, ended: true }), {
    state: "ended",
    iteration: "1,000 of 4,000",
    metrics,
    progress: "25%",
  });
  assertEquals(figures(rows, { iterations: 1000, ended: true }), {
    state: "done",
    iteration: "1,000 of 1,000",
    metrics,
    progress: "100%",
  });
  assertEquals(figures(rows, { ended: true }), {
    state: "done",
    iteration: "1,000",
    metrics,
    progress: "100%",
  });
  assertEquals(figures({}, { iterations: 8000, ended: false }), {
    state: "running",
    iteration: "0 of 8,000",
    metrics: "–",
    progress: "0%",
  });
});
