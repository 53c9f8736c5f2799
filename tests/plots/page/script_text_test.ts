import { assertEquals } from "@std/assert";
import { FIT_PARTS } from "../../../src/plots/page/fit_chart.ts";
import { LIVE_PARTS } from "../../../src/plots/live/_live_script.ts";
import { scriptText } from "../../../src/plots/page/script_text.ts";

/** What an expression is where the script ran, and nothing of this module. */
function evaluated(script: string, expression: string): unknown {
  return new Function(`"use strict";${script}return ${expression};`)();
}

Deno.test("scriptText() lets functions and classes refer to each other by name", () => {
  class Doubled {
    #value: number;
    constructor(value: number) {
      this.#value = 2 * value;
    }
    get value(): number {
      return this.#value;
    }
  }
  const doubled = (value: number) => new Doubled(value).value;
  const script = scriptText({ doubled, Doubled });
  assertEquals(evaluated(script, "doubled(21)"), 42);
});

Deno.test("the live page's script draws what its modules here draw", () => {
  const script = scriptText(LIVE_PARTS);
  const values = Array.from(
    { length: 3000 },
    (_, i) => i === 7 ? null : Math.sin(i / 50) + (i % 7) / 10,
  );
  const state = {
    rows: {
      iterations: values.map((_, i) => i + 1),
      lr: values.map((_, i) => 1e-3 * (1 + i)),
      loss: values,
    },
    epochs: { iterations: [1000, 2000], val_loss: [0.5, null] },
    connected: true,
  };
  const options = {
    columns: ["lr", "loss"],
    axis: { field: "iterations", title: "iteration", log: false },
  } as const;
  assertEquals(
    evaluated(
      script,
      `datasetsOf(${JSON.stringify(state)}, ${JSON.stringify(options)})`,
    ),
    // As JSON has it, without what is undefined.
    JSON.parse(JSON.stringify(LIVE_PARTS.datasetsOf(state, options))),
  );
});

Deno.test("the pages' script fits charts as its modules here do", () => {
  const measure = (text: string) => 8 * text.length;
  const titled = () => ({
    title: {
      text: ["A headline that is far too long for the width of a phone"],
      subtitle: ["and what stands below it, of which each line is its own"],
    },
    encoding: {
      color: { scale: { domain: ["loss", "accuracy"] }, legend: {} },
    },
  });
  const [chart, figure] = [titled(), { figure: 390, beside: 96, measure }];
  FIT_PARTS.fitChart(chart, figure);
  assertEquals(
    evaluated(
      scriptText(FIT_PARTS),
      `((chart) => (fitChart(chart, { figure: 390, beside: 96, measure: ${measure} }), chart))(${
        JSON.stringify(titled())
      })`,
    ),
    JSON.parse(JSON.stringify(chart)),
  );
});
