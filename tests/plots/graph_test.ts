import { assert, assertEquals } from "@std/assert";
import { CyclicLR, LearningRateRange } from "@clr/clr";
import { exampleRange } from "./_data.ts";
import { readModules } from "../house/_modules.ts";

/** The modules that the entry point loads, or may load later too. */
async function modules(entry: string, later: boolean): Promise<string[]> {
  return (await readModules(entry, { later })).map(({ specifier }) =>
    specifier
  );
}

const PLOTTING = /src\/plots\/|npm:\/?(vega|@resvg|@fontsource)/;
const DRAWING = /npm:\/?(vega|@resvg|@fontsource)|src\/plots\/to_/;

Deno.test("import of @clr/clr loads no plotting code", async () => {
  const loaded = await modules("mod.ts", false);
  assert(
    loaded.some((name) =>
      name.endsWith("src/training/schedulers/cyclic_lr.ts")
    ),
  );
  assertEquals(loaded.filter((name) => PLOTTING.test(name)), []);
});

Deno.test("import of @clr/clr reaches no renderer, not even from a notebook", async () => {
  const reached = await modules("mod.ts", true);
  assert(reached.some((name) => name.includes("src/plots/specs/mod.ts")));
  assertEquals(reached.filter((name) => DRAWING.test(name)), []);
});

function show(shown: object): Promise<Record<string, unknown>> {
  return (shown as {
    [key: symbol]: () => Promise<Record<string, unknown>>;
  })[Symbol.for("Jupyter.display")]();
}

Deno.test("CyclicLR shows its schedule in a notebook, and its history once there is one", async () => {
  const clr = new CyclicLR({ stepSize: 10 });
  const ahead = await show(clr);
  assertEquals(
    ahead["text/plain"],
    "The learning rate cycles between 0.001 and 0.006 every 20 iterations. " +
      "80 iterations · starts at 0.001 · ends at 0.001",
  );
  const state = JSON.parse(JSON.stringify(clr));
  state.history = { iterations: [1, 2], lr: [0.001, 0.0015], loss: [3, 2] };
  const past = await show(CyclicLR.fromJSON(state));
  assert(`${past["text/plain"]}`.startsWith("Training loss falls to 2 at"));
  const chart = past["application/vnd.vegalite.v5+json"] as {
    vconcat: unknown[];
  };
  assertEquals(chart.vconcat.length, 2);
});

Deno.test("LearningRateRange shows its curve in a notebook, and text where there is none", async () => {
  const range = exampleRange();
  const shown = await show(range);
  assertEquals(shown["text/plain"], `${range}`);
  assert("application/vnd.vegalite.v5+json" in shown);
  const nothing = await show(LearningRateRange.fromCurve([1e-3], [NaN]));
  assertEquals(Object.keys(nothing), ["text/plain"]);
});
