import { assert, assertEquals } from "@std/assert";
import { CyclicLR, LearningRateRange } from "@clr/clr";
import { exampleRange } from "./_data.ts";

interface Dependency {
  readonly isDynamic?: boolean;
  readonly code?: { readonly specifier?: string };
}

interface Graph {
  readonly roots: readonly string[];
  readonly redirects: Readonly<Record<string, string>>;
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly Dependency[];
  }[];
}

/** The modules that the entry point loads, or may load later too. */
async function modules(entry: string, later: boolean): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry],
    cwd: new URL("../../", import.meta.url),
  }).output();
  const graph: Graph = JSON.parse(new TextDecoder().decode(stdout));
  const byName = new Map(graph.modules.map((one) => [one.specifier, one]));
  const found = new Set<string>();
  const queue = [...graph.roots];
  for (let name; (name = queue.pop()) !== undefined;) {
    name = graph.redirects[name] ?? name;
    if (found.has(name)) continue;
    found.add(name);
    for (const { isDynamic, code } of byName.get(name)?.dependencies ?? []) {
      if (code?.specifier && (later || !isDynamic)) queue.push(code.specifier);
    }
  }
  return [...found];
}

const PLOTTING = /src\/plots\/|npm:\/?(vega|@resvg|@fontsource)/;
const DRAWING = /npm:\/?(vega|@resvg|@fontsource)|src\/plots\/to_/;

Deno.test("import of @clr/clr loads no plotting code", async () => {
  const loaded = await modules("mod.ts", false);
  assert(loaded.some((name) => name.endsWith("src/training/cyclic_lr.ts")));
  assertEquals(loaded.filter((name) => PLOTTING.test(name)), []);
});

Deno.test("import of @clr/clr reaches no renderer, not even from a notebook", async () => {
  const reached = await modules("mod.ts", true);
  assert(reached.some((name) => name.includes("src/plots/specs.ts")));
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
